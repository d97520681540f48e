"""JSON plans: the same tasks as in text, read in any pieces."""

from __future__ import annotations

import json
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from quod import jobs
from quod.agents import plan_json
from quod.agents.plan_problems import PlanProblem

TOOLS = ("search", "solve")

PLAN = """```json
{"thought": "tasks", "tasks": [
  {"id": 1, "tool": "search", "arguments": {"query": "}] \\" {", "more": [{"a": [1.5, null]}]}},
 {"id": "2", "tool": "solve", "arguments": {"formulation": "$1.rows"}, "depends_on": [1, "$1"], "thought": ""}
], "more": {"tasks": [{"id": 3}]}}
```"""

TASKS = [
    jobs.Task(id="1", tool="search", arguments={"query": '}] " {', "more": [{"a": [1.5, None]}]}),
    jobs.Task(id="2", tool="solve", arguments={"formulation": "$1.rows"}, depends_on=["1"]),
]

pieces = st.sampled_from(
    [
        '{"tasks": [',
        '{"id": 1, "tool": "solve"',
        ', "arguments": {',
        '{"id": 2',
        *'{}[],:"\\ x1',
        '"tasks"',
        "null",
    ]
)
documents = st.lists(pieces, max_size=30).map("".join)


def test_a_plan() -> None:
    assert plan_json.parse(PLAN, TOOLS) == TASKS


def test_every_task_comes_with_its_closing_brace() -> None:
    parser = plan_json.JsonPlanParser(TOOLS)
    end = PLAN.index("}},") + 2
    assert parser.feed(PLAN[: end - 1]) == []
    assert parser.feed(PLAN[end - 1 : end]) == TASKS[:1]


@given(st.data(), st.just(PLAN) | documents)
def test_chunk_boundaries_do_not_matter(data: st.DataObject, text: str) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    parser = plan_json.JsonPlanParser(TOOLS)
    found = []
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        found += parser.feed(text[start:end])
    assert found + parser.close() == plan_json.parse(text, TOOLS)


@given(documents | st.text())
def test_text_that_is_no_plan_has_a_problem(text: str) -> None:
    items = plan_json.parse(text, TOOLS)
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, (dict, list)):
        return
    tasks = document.get("tasks") if isinstance(document, dict) else document
    if not isinstance(tasks, list) or len(items) != len(tasks):
        assert any(isinstance(item, PlanProblem) for item in items)


@pytest.mark.parametrize("text", ["[]", '{"tasks": []}'])
def test_an_empty_plan(text: str) -> None:
    assert plan_json.parse(text, TOOLS) == []


def test_a_list_of_tasks_without_an_object_around_it() -> None:
    assert plan_json.parse('[{"id": 1, "tool": "solve"}]', TOOLS) == [jobs.Task(id="1", tool="solve")]


@pytest.mark.parametrize(
    ("element", "message", "task"),
    [
        ({"id": 1, "tool": "fly"}, "no tool 'fly'; the tools are search, solve", "1"),
        ({"tool": "solve"}, "a task needs an id", None),
        ({"id": -1, "tool": "solve"}, "a task needs an id", None),
        ({"id": True, "tool": "solve"}, "a task needs an id", None),
        ({"id": "one", "tool": "solve"}, "a task needs an id", None),
        ({"id": 1}, "needs the name of a tool", "1"),
        ({"id": 1, "tool": "solve", "time_limit": 3}, "no field 'time_limit'", "1"),
        ({"id": 1, "tool": "solve", "arguments": [1]}, "arguments must be an object", "1"),
        ({"id": 1, "tool": "solve", "depends_on": 1}, "depends_on must be a list", "1"),
        ({"id": 1, "tool": "solve", "depends_on": ["a"]}, "depends_on must be a list", "1"),
        ([1], "this is no task", None),
        (3, "this is no task", None),
        ("join()", "this is no task", None),
    ],
)
def test_elements_that_are_no_task(element: Any, message: str, task: str | None) -> None:
    good = {"id": 7, "tool": "search"}
    items = plan_json.parse(json.dumps({"tasks": [element, good]}), TOOLS)
    assert isinstance(items[0], PlanProblem)
    assert message in items[0].message
    assert (items[0].task, items[0].line) == (task, 1)
    assert items[1:] == [jobs.Task(id="7", tool="search")]


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("NaN", "NaN is no number"),
        ("1e999", "too large"),
        ('{"a": 1, "a": 2}', "the key 'a' stands twice"),
        ('"\\ud800"', "surrogate"),
        ("[" * 100 + "]" * 100, "nested deeper than"),
        ("[" * 100_000 + "]" * 100_000, "this is no JSON"),
        ("9" * 5000, "this is no JSON"),
    ],
)
def test_arguments_that_are_refused(argument: str, message: str) -> None:
    items = plan_json.parse(f'[{{"id": 1, "tool": "solve", "arguments": {{"x": {argument}}}}}]', TOOLS)
    assert len(items) == 1
    assert isinstance(items[0], PlanProblem)
    assert message in items[0].message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("I cannot plan this.", "there is no JSON object"),
        ('{"tasks": [{"id": 1, "tool": "solve"}', "ends in the middle"),
        ('{"tasks": {"id": 1}}', "no list of tasks"),
        ("{}", "no list of tasks"),
        ('{"tasks": [}', "closes"),
        ('{"tasks": [{"id": 1, "tool": "solve"},]}', "the plan is no JSON"),
        ('{"tasks": [], "tasks": []}', "stands twice"),
        ('{"t\\u0061sks": [{"id": 1, "tool": "solve"}]}', "no list of tasks"),
        (
            '{"tasks": [{"id": 1, "tool": "solve"}, {"id": 1, "tool": "solve"}]}',
            "task 1 is already in the plan",
        ),
        ("[" * 200_000, "ends in the middle"),
    ],
)
def test_documents_that_are_no_plan(text: str, message: str) -> None:
    problems = [item for item in plan_json.parse(text, TOOLS) if isinstance(item, PlanProblem)]
    assert len(problems) == 1
    assert message in problems[0].message


def test_the_schema_names_the_tools() -> None:
    task = plan_json.schema(TOOLS)["properties"]["tasks"]["items"]
    assert task["properties"]["tool"]["enum"] == ["search", "solve"]
    assert set(task["properties"]) == {"id", "tool", "arguments", "depends_on"}
