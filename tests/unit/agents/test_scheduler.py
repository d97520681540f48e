"""The dataflow scheduler in simulated time: order, makespan, plans that arrive, and wrong graphs."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from quod import errors, jobs
from quod.agents import scheduler
from quod.agents.scheduler import PlanProblem, Policy

T = TypeVar("T")


sys.path.append(str(Path(__file__).parent))
helpers = importlib.import_module("plan_helpers")
task, work, outcomes, Log = helpers.task, helpers.work, helpers.outcomes, helpers.Log

Simulate = Callable[[Coroutine[Any, Any, Any]], Any]


# Random graphs


@st.composite
def graphs(draw: st.DrawFn) -> list[jobs.Task]:
    """Acyclic graphs in any order of their tasks, so that references also point forwards."""
    size = draw(st.integers(1, 12))
    tasks = []
    for place in range(size):
        needs = draw(st.lists(st.integers(0, place - 1), unique=True, max_size=3)) if place else []
        tasks.append(task(place, *needs, seconds=draw(st.integers(0, 5))))
    return draw(st.permutations(tasks))


def needs(each: jobs.Task) -> list[str]:
    return [text[1:] for text in each.arguments["inputs"]]


def critical_path(tasks: list[jobs.Task]) -> float:
    by_id = {each.id: each for each in tasks}
    ends: dict[str, float] = {}

    def end(key: str) -> float:
        if key not in ends:
            ends[key] = (
                max((end(each) for each in needs(by_id[key])), default=0) + by_id[key].arguments["seconds"]
            )
        return ends[key]

    return max(end(key) for key in by_id)


@given(graphs())
@settings(deadline=None)
def test_every_task_runs_once_after_its_inputs_and_the_makespan_is_the_critical_path(
    simulate: Simulate,
    tasks: list[jobs.Task],
) -> None:
    calls: list[str] = []

    async def counted(task: jobs.Task, arguments: dict[str, Any]) -> Any:
        calls.append(task.id)
        return await work(task, arguments)

    log = Log()
    execution = simulate(scheduler.run(tasks, counted, journal=log))
    assert sorted(calls) == sorted(each.id for each in tasks)
    assert execution.tasks == tasks
    for each in tasks:
        outcome = execution.outcomes[each.id]
        assert outcome.value == {"id": each.id, "seen": needs(each)}
        assert outcome.inputs == needs(each)
        assert all(execution.outcomes[key].end <= outcome.start for key in needs(each))
        for key in needs(each):
            assert log.lines.index(f"ok {key}") < log.lines.index(f"started {each.id}")
    assert max(each.end for each in execution.outcomes.values()) == critical_path(tasks)


@given(graphs(), st.data())
@settings(deadline=None)
def test_an_error_skips_what_needs_it_and_nothing_else(
    simulate: Simulate, tasks: list[jobs.Task], data: st.DataObject
) -> None:
    broken = data.draw(st.sampled_from([each.id for each in tasks]))

    async def call(task: jobs.Task, arguments: dict[str, Any]) -> Any:
        if task.id == broken:
            raise ValueError("no")
        return await work(task, arguments)

    behind = {broken}
    while more := {each.id for each in tasks if set(needs(each)) & behind} - behind:
        behind |= more
    found = outcomes(simulate(scheduler.run(tasks, call)))
    assert found == {
        each.id: "error" if each.id == broken else "skipped" if each.id in behind else "ok" for each in tasks
    }


@given(graphs(), st.integers(1, 3))
@settings(deadline=None)
def test_a_cap_is_kept_and_used(simulate: Simulate, tasks: list[jobs.Task], cap: int) -> None:
    running = most = 0

    async def call(task: jobs.Task, arguments: dict[str, Any]) -> Any:
        nonlocal running, most
        running += 1
        most = max(most, running)
        value = await work(task, arguments)
        running -= 1
        return value

    execution = simulate(scheduler.run(tasks, call, policies=lambda tool: Policy(concurrency=cap)))
    assert set(outcomes(execution).values()) == {"ok"}
    assert most <= cap
    total = sum(each.arguments["seconds"] for each in tasks)
    makespan = max(each.end for each in execution.outcomes.values())
    assert makespan <= total / cap + critical_path(tasks)  # Graham's bound


@given(
    st.lists(
        st.tuples(st.integers(0, 8), st.lists(st.integers(0, 9), max_size=3), st.integers(0, 2)), max_size=10
    )
)
@settings(deadline=None, max_examples=300)
def test_any_graph_ends_with_an_outcome_for_every_task(
    simulate: Simulate, rows: list[tuple[int, list[int], int]]
) -> None:
    tasks = [task(key, *inputs, seconds=seconds) for key, inputs, seconds in rows]
    execution = simulate(scheduler.run(tasks, work))
    assert set(execution.outcomes) == {each.id for each in tasks}
    assert len(execution.problems) == len(tasks) - len(execution.outcomes)
    good = {key for key, each in execution.outcomes.items() if each.outcome == "ok"}
    for each in execution.tasks:
        assert (each.id in good) == (set(needs(each)) <= good - {each.id})


# Plans that arrive


async def arriving(*items: Any) -> AsyncIterator[scheduler.Item]:
    """Tasks and problems as they are; a number is a pause, an exception is raised."""
    for item in items:
        if isinstance(item, int):
            await asyncio.sleep(item)
        elif isinstance(item, BaseException):
            raise item
        else:
            yield item


def test_tasks_start_while_the_plan_arrives(simulate: Simulate) -> None:
    plan = arriving(task(1), 10, task(2, 1), 10)
    execution = simulate(scheduler.run(plan, work))
    assert [(each.start, each.end) for each in execution.outcomes.values()] == [(0, 1), (10, 11)]


def test_a_ready_task_does_not_wait_for_the_next_one_to_arrive(simulate: Simulate) -> None:
    plan = arriving(task(1), task(2, 1), 100, task(3))
    assert simulate(scheduler.run(plan, work)).outcomes["2"].end == 2


def test_a_reference_may_point_to_a_task_that_comes_later(simulate: Simulate) -> None:
    plan = arriving(task(1, 2), 5, task(2))
    assert [each.start for each in simulate(scheduler.run(plan, work)).outcomes.values()] == [6, 5]


def test_a_planner_that_fails_cancels_what_runs_and_is_heard(simulate: Simulate) -> None:
    log, ended = Log(), []

    async def call(task: jobs.Task, arguments: dict[str, Any]) -> Any:
        try:
            return await work(task, arguments)
        finally:
            ended.append(task.id)

    plan = arriving(task(1), task(2, seconds=50), task(3, 2), 2, errors.Unavailable("the endpoint is gone"))
    with pytest.raises(errors.Unavailable, match="the endpoint is gone"):
        simulate(scheduler.run(plan, call, journal=log))
    assert ended == ["1", "2"]
    assert [line for line in log.lines if not line.startswith("planned")] == [
        "started 1",
        "started 2",
        "ok 1",
    ]


def test_the_planner_is_closed_when_the_run_is_cancelled(simulate: Simulate) -> None:
    closed = []

    async def plan() -> AsyncIterator[scheduler.Item]:
        try:
            yield task(1, seconds=100)
            await asyncio.sleep(1000)
        finally:
            closed.append(True)

    async def main() -> None:
        running = asyncio.create_task(scheduler.run(plan(), work))
        await asyncio.sleep(3)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert asyncio.get_running_loop().time() == 3
        assert len(asyncio.all_tasks()) == 1

    simulate(main())
    assert closed == [True]


def test_problems_are_kept_and_fail_the_task_that_they_name(simulate: Simulate) -> None:
    lost = PlanProblem("no parenthesis", line=1)
    named = PlanProblem("no such tool", line=2, task="2", tool="fly")
    execution = simulate(scheduler.run([lost, named, task(3, 2), task(4)], work))
    assert execution.problems == [lost, named]
    assert outcomes(execution) == {"2": "error", "3": "skipped", "4": "ok"}
    assert (execution.outcomes["2"].error, execution.outcomes["2"].tool) == ("no such tool", "fly")
