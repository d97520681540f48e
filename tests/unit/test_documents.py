"""Objects with a repeated key are refused, at a cost that grows with their size only."""

from __future__ import annotations

import json

import pytest

from quod import documents


class Counted(str):
    """A key that counts how often it is compared."""

    __slots__ = ()
    compared = 0
    __hash__ = str.__hash__

    def __eq__(self, other):
        Counted.compared += 1
        return str.__eq__(self, other)


def test_a_repeated_key_is_found_in_one_pass():
    keys = [str(k) for k in range(2000)]
    pairs = [(Counted(key), 0) for key in [*keys, keys[-1]]]
    Counted.compared = 0
    with pytest.raises(ValueError, match="the key '1999' stands twice"):
        documents.unique_keys(pairs)
    assert Counted.compared < 10 * len(pairs)


def test_objects_keep_their_order_and_only_their_own_keys_count():
    text = '{"b": {"a": 1}, "a": {"a": 2}}'
    read = json.loads(text, object_pairs_hook=documents.unique_keys)
    assert list(read.items()) == [("b", {"a": 1}), ("a", {"a": 2})]
