from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quod.agents import tfidf

TEXTS = st.lists(st.text(alphabet="ab 1%.->x_$", max_size=30), max_size=6)


def test_numbers_and_the_names_of_a_step_are_masked() -> None:
    text = "At most 30% of the 1,200 small boxes cost $4 -> small_box <= 0.3*(small_box + crate)"
    assert tfidf.masked(text) == [
        *["at", "most", "#%", "of", "the", "#", "_", "cost", "#"],
        *["->", "_", "<=", "#", "*", "_", "+", "_"],
    ]


def test_words_of_the_language_are_not_names() -> None:
    found = tfidf.masked("the least sum -> minimize max(x, y)")
    assert found == [
        "the",
        "least",
        "sum",
        "->",
        "minimize",
        "max",
        "_",
    ]


def test_steps_on_other_things_are_equal_when_masked() -> None:
    hens = tfidf.masked("There must be at least 3 hens. -> hens >= 3")
    assert hens == tfidf.masked("There must be at least 400 berries. -> berry >= 400")
    assert hens != tfidf.masked("There must be at most 3 hens. -> hens <= 3")


def test_weights_and_cosine_are_those_of_the_definition() -> None:
    retriever = tfidf.TfIdf()
    retriever.fit(["go", "go stop"])
    rare = math.log(3 / 2) + 1  # a term of one text of two; `go`, of both, weighs log(3/3) + 1 = 1
    length = math.sqrt(1 + 2 * rare**2)  # go, stop, "go stop"
    assert retriever.nearest("go") == (0, 1.0)
    found = retriever.nearest("stop unknown")
    assert found is not None
    assert found[0] == 1
    assert found[1] == pytest.approx(rare / length)


def test_texts_without_a_term_in_common_are_not_near() -> None:
    retriever = tfidf.TfIdf()
    assert retriever.nearest("a") is None
    retriever.fit(["", "b"])
    assert retriever.nearest("a") is None
    retriever.fit([])
    assert retriever.nearest("b") is None


@given(TEXTS, st.text(max_size=40))
def test_any_text_is_taken_and_similarity_is_between_zero_and_one(texts: list[str], query: str) -> None:
    retriever = tfidf.TfIdf()
    retriever.fit(texts)
    for text in [query, *texts]:
        found = retriever.nearest(text)
        if found is not None:
            assert 0 <= found[0] < len(texts)
            assert 0 < found[1] <= 1
        if text in texts and tfidf.masked(text):
            assert found is not None
            assert found[1] == pytest.approx(1)
            assert tfidf.masked(texts[found[0]]) == tfidf.masked(text)
