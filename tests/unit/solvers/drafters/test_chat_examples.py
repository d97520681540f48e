from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from quod import jobs
from quod.solvers import formulation
from quod.solvers.drafters import base, chat, first_try

TEXT = "A stall sells jam at $4 and tea at $3. At most 20 jars fit. At least 30% are tea. Maximize revenue."
GOOD: dict[str, Any] = {
    "variables": [{"name": "jam", "domain": "integer"}, {"name": "tea", "domain": "integer"}],
    "objective": {"sense": "maximize", "expression": "4*jam + 3*tea", "evidence": ["$4", "$3", "Maximize"]},
    "constraints": [
        {"name": "room", "expression": "jam + tea <= 20", "evidence": ["At most 20"]},
        {"name": "share", "expression": "tea >= 0.3*(jam + tea)", "evidence": ["At least 30%"]},
    ],
}
WRONG = {
    **GOOD,
    "constraints": [GOOD["constraints"][0], {**GOOD["constraints"][1], "expression": "tea >= 30"}],
}


@dataclass
class Reply:
    text: str
    finish_reason: str = "stop"
    usage: jobs.Usage = field(default_factory=lambda: jobs.Usage(model_calls=1, input_tokens=10, cost=0.5))


class Model:
    """Gives its replies in order and keeps what it was sent."""

    def __init__(self, *replies: Any) -> None:
        self._replies = [reply if isinstance(reply, str) else json.dumps(reply) for reply in replies]
        self.sent: list[list[Mapping[str, str]]] = []

    def __call__(self, messages: Sequence[Mapping[str, str]], schema: Mapping[str, Any]) -> Reply:
        self.sent.append(list(messages))
        return Reply(self._replies[len(self.sent) - 1])

    @property
    def last(self) -> str:
        return self.sent[-1][-1]["content"]


def shares(query: str) -> Sequence[str]:
    return ["Key Step (ratio): blue >= 0.4*(blue + red)"] if "%" in query else []


def whole_shares(drafted: formulation.Formulation) -> list[str]:
    wrong = [row.name for row in drafted.constraints if row.expression == "tea >= 30"]
    return [f"{name}: the number 30% is not used" for name in wrong]


def test_examples_go_with_a_correction_and_cost_no_call() -> None:
    model = Model(WRONG, GOOD)
    drafted = chat.ChatDrafter(model, whole_shares, examples=shares).draft(TEXT)
    assert drafted.formulation is not None
    assert drafted.formulation.constraints[1].expression == "tea >= 0.3*(jam + tea)"
    assert "share: the number 30% is not used" in model.last
    assert "Key Step (ratio): blue >= 0.4*(blue + red)" in model.last
    assert drafted.usage == jobs.Usage(model_calls=2, input_tokens=20, cost=1.0)
    assert [attempt.get("examples") for attempt in drafted.attempts] == [shares("%"), None]
    assert drafted.notes == []


def test_each_step_is_asked_for_with_its_sentence_and_the_complained_of_first() -> None:
    asked: list[str] = []

    def examples(query: str) -> Sequence[str]:
        asked.append(query)
        return ()

    chat.ChatDrafter(Model(WRONG, GOOD), whole_shares, examples=examples).draft(TEXT)
    assert asked == [
        "At least 30% are tea. -> tea >= 30",
        "A stall sells jam at $4 and tea at $3. Maximize revenue. -> maximize 4*jam + 3*tea",
        "At most 20 jars fit. -> jam + tea <= 20",
    ]


def test_a_sound_first_draft_is_left_alone_by_default() -> None:
    model = Model(GOOD)
    drafted = chat.ChatDrafter(model, examples=shares).draft(TEXT)
    assert drafted.usage.model_calls == 1
    assert drafted.notes == []


def test_always_means_one_call_more_and_the_rewritten_draft() -> None:
    model = Model(WRONG, GOOD)
    drafted = chat.ChatDrafter(model, examples=shares, always_examples=True).draft(TEXT)
    assert drafted.formulation is not None
    assert drafted.formulation.constraints[1].expression == "tea >= 0.3*(jam + tea)"
    assert drafted.usage.model_calls == 2
    assert "not accepted" not in model.last
    assert [attempt.get("examples") for attempt in drafted.attempts] == [shares("%"), None]


def test_always_asks_nothing_where_no_step_is_alike() -> None:
    drafted = chat.ChatDrafter(Model(GOOD), examples=lambda query: (), always_examples=True).draft(TEXT)
    assert drafted.usage.model_calls == 1


@pytest.mark.parametrize("spoilt", ["sorry", {**GOOD, "objective": {"sense": "maximize", "expression": 3}}])
def test_a_sound_first_draft_survives_a_spoilt_second(spoilt: Any) -> None:
    drafted = chat.ChatDrafter(Model(GOOD, spoilt), examples=shares, always_examples=True).draft(TEXT)
    assert drafted.formulation is not None
    assert drafted.problems == []
    assert drafted.usage.model_calls == 2


def test_examples_are_shown_once_and_only_so_many() -> None:
    numbers = iter(range(100))

    def examples(query: str) -> Sequence[str]:
        return [f"EXAMPLE {next(numbers)}" for _ in range(2)]

    model = Model(WRONG, WRONG, GOOD)
    drafted = chat.ChatDrafter(model, whole_shares, examples=examples).draft(TEXT)
    assert drafted.problems == []
    shown = [message["content"].count("EXAMPLE") for message in model.sent[-1] if message["role"] == "user"]
    assert shown == [0, chat.EXAMPLES_SHOWN, 0]


def test_the_first_reply_that_has_steps_is_the_first_try() -> None:
    model = Model("I cannot", WRONG, GOOD)
    drafted = chat.ChatDrafter(model, whole_shares, examples=shares).draft(TEXT)
    assert drafted.problems == []
    shown = [m["content"].count("Key Step (ratio)") for m in model.sent[-1] if m["role"] == "user"]
    assert shown == [0, 0, 1]


def test_without_rounds_there_is_one_call() -> None:
    options: dict[str, Any] = {"examples": shares, "always_examples": True}
    drafter = chat.ChatDrafter(Model(WRONG), whole_shares, repair_rounds=0, **options)
    assert drafter.draft(TEXT).usage.model_calls == 1


def test_the_tools_bring_the_examples() -> None:
    model = Model(WRONG, GOOD)
    tools = base.Tools(complete=model, examples=shares, always_examples=True)
    assert base.create("openai", tools).draft(TEXT).usage.model_calls == 2


HOSTILE: list[dict[str, Any]] = [
    {},
    {"objective": 3, "constraints": 4},
    {"objective": {"sense": None, "expression": "x"}, "constraints": [None, {"expression": 5}]},
    {"constraints": [{"name": ["a"], "expression": "x <= 1", "evidence": {"start": "no"}}]},
    {"constraints": [{"expression": "x <= 1", "evidence": [{"start": 5, "end": 1}]}]},
    {"constraints": [{"expression": "x <= 1", "evidence": 7}]},
]


@pytest.mark.parametrize("document", HOSTILE)
def test_documents_of_any_shape_are_split(document: dict[str, Any]) -> None:
    found = first_try.split(document, TEXT)
    assert [step.query for step in found] in ([], [" -> x <= 1"])
