from __future__ import annotations

import asyncio
from typing import Any

import pytest

from quod import errors
from quod.agents.tools import choosing


def computed(value: Any) -> dict[str, Any]:
    return {"certificate": {"kind": "computation"}, "answer": {"value": value}, "problems": []}


def test_numbers_are_compared_exactly_however_they_are_written() -> None:
    answers = [computed("0.5"), computed(7), computed("1/2"), computed("7.0"), computed(0.5)]
    won = asyncio.run(choosing.vote_answers.function(answers))
    assert won["answer"] == {"value": "0.5"}
    assert won["votes"] == [3, 2]
    assert won["notes"] == ["3 of 5 computations agree on this answer"]


def test_a_truth_value_is_no_number() -> None:
    won = asyncio.run(choosing.vote_answers.function([computed(1), computed(True), computed(True)]))
    assert won["answer"] == {"value": True}


def test_attempts_without_certificate_have_no_vote() -> None:
    failed = {"certificate": None, "answer": None, "problems": ["no answer"]}
    won = asyncio.run(choosing.vote_answers.function([failed, computed([1, "x"]), failed]))
    assert won["votes"] == [1]
    with pytest.raises(errors.ToolFailed, match="none of the computations"):
        asyncio.run(choosing.vote_answers.function([failed]))


def test_ties_go_to_the_first() -> None:
    won = asyncio.run(choosing.vote_answers.function([computed("a"), computed("b")]))
    assert won["answer"] == {"value": "a"}
