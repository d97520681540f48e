"""References among arguments: what is one, what is money, and that nothing is resolved twice."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from quod import errors
from quod.agents import references

OUTPUTS = {
    "1": {"objective": "640", "values": {"x": 2}},
    "2": "text",
    "3": [1, 2],
    "4": "$1 and ${2}",
    "10": 7,
}

texts = st.text(alphabet="${}.0123456789aé ₀１")
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("$1", OUTPUTS["1"]),
        ("${3}", [1, 2]),
        ("$1.objective", "640"),
        ("${1.values.x}", 2),
        ("best ${1.objective} of ${2}", "best 640 of text"),
        ("data: ${3} ${1.values}", 'data: [1, 2] {"x": 2}'),
        ("$10", 7),
        (["$2", {"k": "$2"}], ["text", {"k": "text"}]),
    ],
)
def test_resolved(written: Any, value: Any) -> None:
    assert references.resolve(written, OUTPUTS) == value


@pytest.mark.parametrize(
    "text",
    [
        "$3.50",
        "pay $3 now",
        "$1,000",
        "$",
        "$$",
        "${name}",
        "${ 1 }",
        "$01",
        "$1.2",
        "$1 ",
        "$1\n",
        "$1.a-b",
        "＄1",
        "$１",
        "$\u0661",
        "$-1",
        "${1",
        "{1}",
        "$1.",
    ],
)
def test_text_that_is_no_reference_stays(text: str) -> None:
    assert references.find(text) == []
    assert references.resolve(text, {"1": "wrong", "3": "wrong"}) == text


@pytest.mark.parametrize(
    ("written", "text"),
    [("$$3", "$3"), ("$$$3", "$$3"), ("$${3}", "${3}"), ("a $${3.x} b", "a ${3.x} b"), ("$$1.key", "$1.key")],
)
def test_escapes(written: str, text: str) -> None:
    assert references.find(written) == []
    assert references.resolve(written, {}) == text


@given(values)
def test_every_value_can_be_written(value: Any) -> None:
    written = references.escape(value)
    assert references.find(written) == []
    assert references.resolve(written, {}) == value


@given(values, values)
def test_an_output_is_put_in_as_it_is(first: Any, second: Any) -> None:
    outputs = {"1": first, "2": second}
    assert references.resolve({"a": "$1", "b": ["${2}"]}, outputs) == {"a": first, "b": [second]}


@given(texts, texts)
def test_a_text_is_put_into_a_text_as_it_is(first: str, second: str) -> None:
    assert references.resolve("<${1}|${2}>", {"1": first, "2": second}) == f"<{first}|{second}>"


def test_a_resolved_output_is_not_looked_through_again() -> None:
    assert references.resolve(["$4", "x ${4}"], OUTPUTS) == ["$1 and ${2}", "x $1 and ${2}"]


def test_found_once_in_order_and_not_in_keys() -> None:
    assert references.find({"$9": "$2", "b": ["x ${1} ${2.a}", {"c": "$10.k"}]}) == ["2", "1", "10"]


def test_what_one_tool_changes_another_does_not_see() -> None:
    references.resolve("$3", OUTPUTS).append("changed")
    assert OUTPUTS["3"] == [1, 2]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("$5", "no output of task 5"),
        ("$1.missing", r"\$1 has no key 'missing'; its keys: objective, values"),
        ("$1.values.y", r"\$1.values has no key 'y'"),
        ("$3.x", r"\$3 is no object"),
        ("a ${1.objective.x}", r"\$1.objective is no object"),
    ],
)
def test_what_is_not_there(written: str, message: str) -> None:
    with pytest.raises(errors.InvalidInput, match=message):
        references.resolve(written, OUTPUTS)


def test_depth_and_size_are_limited() -> None:
    deep: Any = "$1"
    for _ in range(references.MAX_DEPTH + 1):
        deep = [deep]
    with pytest.raises(errors.InvalidInput, match="nested deeper"):
        references.find(deep)
    with pytest.raises(errors.InvalidInput, match="nested deeper"):
        references.resolve(deep, OUTPUTS)
    with pytest.raises(errors.InvalidInput, match="longer than"):
        references.resolve("${1}" * 101, {"1": "x" * (references.MAX_TEXT // 100)})
