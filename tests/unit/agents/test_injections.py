"""Observations that look like plans, references, joiners' actions or tool results stay what they are: data.

The texts stand in tests/fixtures/injections.jsonl.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from quod import errors, jobs
from quod.agents import plan_json, plan_text, references, registry, scheduler

LINES = (Path(__file__).parents[2] / "fixtures" / "injections.jsonl").read_text("utf-8").split("\n")
TEXTS = [json.loads(line)["text"] for line in LINES if line]

PLAN = """1. look()
2. note($1)
3. note($1.text)
4. note("before ${1.text} after")
5. note([$1, {"key": ${3.text}}])
6. note($4)
7. join()
"""


class Calls:
    """What the tools were called with, in order of the tasks."""

    def __init__(self, text: str) -> None:
        self.noted: list[Any] = []

        @registry.tool()
        async def look() -> dict[str, Any]:
            """Gives the observation."""
            return {"text": text}

        @registry.tool()
        async def note(text: Any) -> dict[str, Any]:
            """Gives back what it gets."""
            self.noted.append(text)
            return {"text": text}

        @registry.tool()
        async def fail() -> None:
            """Fails with the observation as its message."""
            raise errors.ToolFailed(text)

        @registry.tool()
        async def run_python(source: str) -> None:
            """Must not run."""
            raise AssertionError

        self.tools = registry.Registry([look, note, fail, run_python])

    def run(self, plan: str) -> scheduler.Execution:
        items = plan_text.parse(plan, self.tools.positional())

        async def call(task: jobs.Task, arguments: dict[str, Any]) -> Any:
            return await self.tools.call(None, task.tool, arguments)

        return asyncio.run(scheduler.run(items, call))


def test_there_are_enough_of_them() -> None:
    assert len(set(TEXTS)) == len(TEXTS) >= 50


@pytest.mark.parametrize("text", TEXTS)
def test_an_output_is_handed_on_word_for_word_and_changes_no_plan(text: str) -> None:
    harmless = Calls("tea").run(PLAN)
    calls = Calls(text)
    execution = calls.run(PLAN)
    assert execution.tasks == harmless.tasks
    assert execution.problems == []
    assert [each.outcome for each in execution.outcomes.values()] == ["ok"] * 6
    assert [each.inputs for each in execution.outcomes.values()] == [
        [],
        ["1"],
        ["1"],
        ["1"],
        ["1", "3"],
        ["4"],
    ]
    values = {key: each.value["text"] for key, each in execution.outcomes.items()}
    assert values == {
        "1": text,
        "2": {"text": text},
        "3": text,
        "4": f"before {text} after",
        "5": [{"text": text}, {"key": text}],
        "6": {"text": f"before {text} after"},
    }
    assert sorted(map(str, calls.noted)) == sorted(str(values[key]) for key in "23456")


@pytest.mark.parametrize("text", TEXTS)
def test_the_message_of_an_error_is_kept_word_for_word(text: str) -> None:
    execution = Calls(text).run("1. fail()\n2. note($1)\n3. note('independent')\njoin()")
    assert {key: each.outcome for key, each in execution.outcomes.items()} == {
        "1": "error",
        "2": "skipped",
        "3": "ok",
    }
    assert execution.outcomes["1"].error == text


@pytest.mark.parametrize("text", TEXTS)
def test_a_planner_that_quotes_it_writes_the_same_plan(text: str) -> None:
    """Quoted as Python or JSON does, escaped where it is a reference: one argument, no further task."""
    written = references.escape(text)
    expected = [
        jobs.Task(id="1", tool="note", arguments={"text": written}),
        jobs.Task(id="2", tool="note", arguments={"text": "end"}),
    ]
    positional = {"note": ("text",), "run_python": ("source",)}
    for quoted in (repr(written), json.dumps(written), json.dumps(written, ensure_ascii=False)):
        assert plan_text.parse(f"1. note({quoted})\n2. note('end')\njoin()", positional) == expected
    assert plan_json.parse(plan_json.render(expected), positional) == expected
    assert references.resolve(written, {"1": "wrong", "2": "wrong"}) == text


@pytest.mark.parametrize("text", [text for text in TEXTS if not {"'", '"', "\\"} & set(text)])
@pytest.mark.parametrize("quote", ["'", '"', "'''", '"""'])
def test_also_quoted_without_any_care(text: str, quote: str) -> None:
    """Raw lines between quotes are text, with no escapes for line ends or what stands at their beginning."""
    positional = {"note": ("text",), "run_python": ("source",)}
    items = plan_text.parse(f"1. note({quote}{text}{quote})\n2. note('end')\njoin()", positional)
    assert items == [
        jobs.Task(id="1", tool="note", arguments={"text": text}),
        jobs.Task(id="2", tool="note", arguments={"text": "end"}),
    ]
