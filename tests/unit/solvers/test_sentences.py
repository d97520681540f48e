"""Sentence ranges of a text."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from quod.solvers import sentences
from quod.solvers.formulation import Evidence

TEXT = "A cart costs $10.50 per trip, e.g. on Monday. At most 3 carts run. How many?"


def test_splits_at_ends_only() -> None:
    found = [TEXT[start:end] for start, end in sentences.split(TEXT)]
    assert found == ["A cart costs $10.50 per trip, e.g. on Monday.", "At most 3 carts run.", "How many?"]


def test_sentence_around_a_range() -> None:
    start = TEXT.index("3 carts")
    assert sentences.around(TEXT, [Evidence(start=start, end=start + 1)]) == ["At most 3 carts run."]


@given(st.text())
def test_ranges_are_ordered_and_cover_all_words(text: str) -> None:
    ranges = sentences.split(text)
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(ranges))
    assert "".join("".join(text[s:e].split()) for s, e in ranges) == "".join(text.split())
