from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from quod.bench.algorithms import counting, rag, replies, retrieval, sorting

TASKS = [counting.Counting(), sorting.Sorting(), retrieval.Retrieval(), rag.Rag()]


def test_the_last_number_counts() -> None:
    assert replies.last_integer("In 12 places, so the answer is 7.") == 7
    assert replies.last_integer("-3") == -3
    assert replies.last_integer("about 2.5") is None
    assert replies.last_integer("9" * 5000) is None
    assert replies.last_integer("none") is None


def test_the_last_list_counts_and_must_be_whole_numbers() -> None:
    assert replies.last_list("from [3, 1] to [1, 3]") == [1, 3]
    assert replies.last_list("[]") == []
    assert replies.last_list("1, 2, 3") is None
    assert replies.last_list("[1, two]") is None
    assert replies.last_list('[__import__("os").system("true")]') is None
    assert replies.last_list("[1, 2") is None


def test_codes_and_digits_are_whole() -> None:
    assert replies.last_code("It is 004211.") == "004211"
    assert replies.last_code("1234567 or 12345") is None
    assert replies.last_digits("1 then 0042") == "0042"
    assert replies.last_digits("x") is None


def test_sentences_are_lines_without_bullets() -> None:
    assert replies.sentences('- One.\n* "Two."\n\nnone\nNone.') == ["One.", "Two."]
    assert len(replies.sentences("a\n" * 1000)) == 200


def test_majority_prefers_the_first_of_equals() -> None:
    assert replies.majority([2, 1, 1, 2]) == 2
    assert replies.majority([2, 1, 1]) == 1
    assert replies.majority([]) is None


@given(st.text() | st.text(alphabet="[]0123456789,. -none\n", max_size=300))
def test_no_reply_breaks_a_parser(text: str) -> None:
    for task in TASKS:
        for value in (task.read(text), task.read_final(text)):
            assert json.loads(json.dumps(value)) == value


@given(st.lists(st.integers(-999_999_999, 999_999_999)), st.text(alphabet="abc: \n"))
def test_a_list_is_read_as_it_was_written(numbers: list[int], before: str) -> None:
    assert replies.last_list(f"{before}{numbers}") == numbers


def test_long_hostile_replies_are_read_quickly() -> None:
    for text in ("[" * 500_000, "1," * 500_000, "[1" * 200_000, "\n" * 500_000, " -" * 300_000):
        for task in TASKS:
            task.read(text)
            task.read_final(text)
