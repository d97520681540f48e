from __future__ import annotations

import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from quod import jobs
from quod.agents import outline


def task(name: str, *after: str, tool: str = "solve", **arguments: Any) -> jobs.Task:
    return jobs.Task(id=name, tool=tool, arguments=arguments, depends_on=list(after))


PLAN = [
    task("1", tool="formulate", text="A bakery sells bread for $3."),
    task("2", tool="formulate", text="ten"),
    task("3", formulation="$1", time_limit=10),
    task("4", "2", tool="explain", models=["$3", {"note": "of ${1.name}"}]),
]


def test_a_plan_is_shown_by_levels_with_calls_and_inputs() -> None:
    assert outline.outline(PLAN) == (
        "4 tasks, at most 2 at once\n"
        "level 1\n"
        '  1  formulate(text="A bakery sells bread for $3.")\n'
        '  2  formulate(text="ten")\n'
        "level 2\n"
        "  3  solve(formulation=$1, time_limit=10)  ← 1\n"
        "level 3\n"
        '  4  explain(models=["$3", {"note": "of ${1.name}"}])  ← 1, 2, 3'
    )


def test_forward_references_are_in_order() -> None:
    assert outline.graph([task("2", x="$1"), task("1")]).levels == ((1,), (0,))


def test_cycles_and_unknown_tasks_and_what_needs_them_cannot_start() -> None:
    plan = [
        task("1"),
        task("2", x="$3"),
        task("3", "2"),
        task("4", x="$9"),
        task("5", "4", "1"),
        task("6", "6"),
    ]
    shown = outline.outline(plan).splitlines()
    assert shown[:3] == ["6 tasks, at most 1 at once", "level 1", "  1  solve()"]
    assert shown[3] == "cannot start: tasks that are missing or wait for each other"
    assert shown[4:] == [
        "  2  solve(x=$3)  ← 3",
        "  3  solve()  ← 2",
        "  4  solve(x=$9)  ✕ not in the plan: 9",
        "  5  solve()  ← 1, 4",
        "  6  solve()  ← 6",
    ]


def test_an_id_that_stands_twice_means_the_first() -> None:
    shown = outline.outline([task("1"), task("1", tool="other"), task("2", x="$1")])
    assert "  1  other()  ✕ the id stands twice" in shown
    assert outline.graph([task("1"), task("1"), task("2", x="$1")]).needs[2] == (0,)


def test_small_plans() -> None:
    assert outline.outline([]) == "an empty plan"
    assert outline.outline([task("1")]) == "1 task, at most 1 at once\nlevel 1\n  1  solve()"
    assert outline.mermaid([]) == "flowchart TD\n"


def test_arguments_are_shortened_and_cannot_control_the_terminal() -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    hostile = "\x1b[2J\x9b31m\n\u202e"
    plan = [
        task(hostile, tool=hostile, text="a" * 10_000, **{hostile: hostile}),
        jobs.Task.model_construct(id="2", tool="t", arguments={"x": deep, "y": {"a": 1}}, depends_on=[]),
    ]
    shown = outline.outline(plan)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", shown)
    lines = shown.splitlines()
    assert len(lines) == 4
    assert all(len(line) < 200 for line in lines)


def test_mermaid_has_a_node_a_task_and_an_arrow_an_input() -> None:
    drawn = outline.mermaid([*PLAN, task("5", x="$9", y="$8")]).splitlines()
    assert drawn[0] == "flowchart TD"
    assert "  t0 --> t2" in drawn
    assert [line for line in drawn if line.endswith("> t3")] == ["  t0 --> t3", "  t1 --> t3", "  t2 --> t3"]
    assert "  u0 -.-> t4" in drawn
    assert '  u1["8: not in the plan"]:::missing' in [line.replace("#58;", ":") for line in drawn]
    assert drawn[-1] == "  classDef missing stroke-dasharray: 4 3"


LINE = re.compile(
    r'  (t\d+\["[\w .,=$…#;-]*"\]|[tu]\d+ -(-|\.-)> t\d+|u\d+\["[\w .,=$…#;:-]*"\]:::missing|'
    r"classDef missing stroke-dasharray: 4 3)"
)
VALUES = st.recursive(
    st.text() | st.integers(),
    lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(), v, max_size=3),
    max_leaves=6,
)
TASKS = st.builds(
    jobs.Task,
    id=st.sampled_from(["0", "1", "2", "3", "x"]) | st.text(),
    tool=st.text(),
    arguments=st.dictionaries(
        st.text(), VALUES | st.sampled_from(["$0", "$1", "a ${2.b}", "$$3", "$3.50"]), max_size=3
    ),
    depends_on=st.lists(st.sampled_from(["0", "1", "2", "x"]), max_size=2),
)


@settings(max_examples=60)
@given(st.lists(TASKS, max_size=5))
def test_any_plan_is_drawn(plan: list[jobs.Task]) -> None:
    graph = outline.graph(plan)
    placed = [i for level in graph.levels for i in level]
    assert sorted([*placed, *graph.blocked]) == list(range(len(plan)))
    assert all(graph.levels)
    for number, level in enumerate(graph.levels):
        for i in level:
            assert not graph.unknown[i]
            earlier = {j for before in graph.levels[:number] for j in before}
            assert set(graph.needs[i]) <= earlier
    for i in graph.blocked:
        assert graph.unknown[i] or set(graph.needs[i]) & set(graph.blocked)
    assert len(outline.outline(plan).splitlines()) <= 2 * len(plan) + 2
    first, *lines = outline.mermaid(plan).splitlines()
    assert first == "flowchart TD"
    for line in lines:
        assert LINE.fullmatch(line), line
