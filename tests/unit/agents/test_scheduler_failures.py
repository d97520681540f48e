"""The dataflow scheduler in simulated time: calls that fail, cancellation, and going on after a crash."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from quod import errors, jobs
from quod.agents import scheduler
from quod.agents.scheduler import Policy

sys.path.append(str(Path(__file__).parent))
helpers = importlib.import_module("plan_helpers")
task, work, outcomes, Log = helpers.task, helpers.work, helpers.outcomes, helpers.Log

Simulate = Callable[[Coroutine[Any, Any, Any]], Any]


# Calls that fail


def fails(*results: Any) -> Callable[[jobs.Task, dict[str, Any]], Awaitable[Any]]:
    """A call that ends with one result after another; exceptions are raised."""
    left = list(results)

    async def call(task: jobs.Task, arguments: dict[str, Any]) -> Any:
        await asyncio.sleep(1)
        result = left.pop(0)
        if isinstance(result, BaseException):
            raise result
        return result

    return call


def one(simulate: Simulate, call: Any, policy: Policy | None = None) -> jobs.TaskOutcome:
    return simulate(scheduler.run([task(1)], call, policies=lambda tool: policy)).outcomes["1"]


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("no"), "ValueError: no"),
        (KeyError(), "KeyError"),
        (errors.ToolFailed("the solver crashed"), "the solver crashed"),
        (TimeoutError("of a socket"), "TimeoutError: of a socket"),
        (Unprintable(), "Unprintable: (its message cannot be read)"),
        (RecursionError("deep"), "RecursionError: deep"),
        (ExceptionGroup("several", [ValueError("a")]), "ExceptionGroup: several (1 sub-exception)"),
        (ValueError("x" * 5000), "ValueError: " + "x" * 1988 + " …"),
    ],
)
def test_any_exception_is_data(simulate: Simulate, error: Exception, message: str) -> None:
    outcome = one(simulate, fails(error))
    assert (outcome.outcome, outcome.error, outcome.attempts) == ("error", message, 1)
    assert outcome.error_type == type(error).__name__


@pytest.mark.parametrize("error", [errors.ToolFailed("no"), errors.Unavailable("no")])
def test_what_may_pass_is_tried_again_after_a_pause(simulate: Simulate, error: Exception) -> None:
    outcome = one(simulate, fails(error, error, 5), Policy(retries=2))
    assert (outcome.value, outcome.attempts) == (5, 3)
    assert outcome.end == pytest.approx(3 + 0.1 + 0.2)
    outcome = one(simulate, fails(error, error, 5), Policy(retries=1))
    assert (outcome.outcome, outcome.attempts, outcome.error) == ("error", 2, "no")


@pytest.mark.parametrize(
    "error", [ValueError("no"), errors.InvalidInput("no"), errors.LimitExceeded("tokens", 2, 1)]
)
def test_what_stays_is_not_tried_again(simulate: Simulate, error: Exception) -> None:
    assert one(simulate, fails(error, 5), Policy(retries=3)).attempts == 1


def test_a_timeout_is_an_error_with_its_limit(simulate: Simulate) -> None:
    outcome = one(simulate, work, Policy(timeout=0.5, retries=3))
    assert (outcome.error, outcome.limit, outcome.end) == (
        "the limit of 0.5 seconds was exceeded",
        "seconds",
        0.5,
    )
    assert (outcome.error_type, outcome.attempts) == ("LimitExceeded", 1)


@pytest.mark.parametrize("kind", ["tokens", "cost", "calls"])
def test_a_budget_of_the_job_that_ran_out_is_told(simulate: Simulate, kind: str) -> None:
    execution = simulate(scheduler.run([task(1), task(2, 1)], fails(errors.LimitExceeded(kind, 12, 10))))
    assert outcomes(execution) == {"1": "error", "2": "skipped"}
    assert execution.exhausted is not None
    assert execution.exhausted.kind == kind


def test_a_limit_of_one_call_is_not_the_jobs(simulate: Simulate) -> None:
    execution = simulate(scheduler.run([task(1)], fails(errors.LimitExceeded("memory_mb", None, 10))))
    assert execution.outcomes["1"].limit == "memory_mb"
    assert execution.exhausted is None


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, object(), b"x", "\ud800", {"a": [float("inf")]}])
def test_a_value_that_is_not_json_is_an_error(simulate: Simulate, value: Any) -> None:
    outcome = one(simulate, fails(value))
    assert outcome.outcome == "error"
    assert "not JSON" in str(outcome.error)


def test_a_value_is_what_its_json_says(simulate: Simulate) -> None:
    assert one(simulate, fails({1: (2, 3)})).value == {"1": [2, 3]}


class Cancelled(BaseException):
    """Like that of the runner."""


@pytest.mark.parametrize("error", [Cancelled, asyncio.CancelledError])
def test_what_is_no_exception_ends_the_run(simulate: Simulate, error: type[BaseException]) -> None:
    ended = []

    async def call(task: jobs.Task, arguments: dict[str, Any]) -> Any:
        try:
            await asyncio.sleep(arguments["seconds"])
        finally:
            ended.append(task.id)
        raise error

    with pytest.raises(error):
        simulate(scheduler.run([task(1, seconds=100), task(2, seconds=1), task(3, 1)], call))
    assert sorted(ended) == ["1", "2"]


def test_an_interrupt_goes_through(simulate: Simulate) -> None:
    with pytest.raises(KeyboardInterrupt):
        simulate(scheduler.run([task(1)], fails(KeyboardInterrupt())))


def test_a_journal_that_cannot_be_written_ends_the_run(simulate: Simulate) -> None:
    class Full(Log):
        def finished(self, outcome: jobs.TaskOutcome) -> None:
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        simulate(scheduler.run([task(1), task(2, seconds=50)], work, journal=Full()))


# Cancellation


@pytest.mark.parametrize("answer", [None, errors.Unavailable("stopped"), 7])
def test_cancellation_reaches_every_call_and_waits_for_its_end(simulate: Simulate, answer: Any) -> None:
    """Also for a call that answers its cancellation with an error or a value: none is an outcome then."""
    ended: list[str] = []
    log = Log()

    async def call(task: jobs.Task, arguments: dict[str, Any]) -> Any:
        try:
            await asyncio.sleep(100)
        except asyncio.CancelledError:
            await asyncio.sleep(5)
            ended.append(task.id)
            if isinstance(answer, Exception):
                raise answer from None
            if answer is None:
                raise
        return answer

    async def main() -> None:
        tasks = [task(1), task(2), task(3), task(4, 1)]
        policies = {"work": Policy(concurrency=2, retries=5, timeout=500)}
        running = asyncio.create_task(scheduler.run(tasks, call, policies=policies.get, journal=log))
        await asyncio.sleep(3)
        running.cancel()
        await asyncio.sleep(1)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert asyncio.get_running_loop().time() == 8
        assert len(asyncio.all_tasks()) == 1

    simulate(main())
    assert sorted(ended) == ["1", "2"]
    assert [line for line in log.lines if "planned" not in line] == ["started 1", "started 2"]


# Going on after a crash


def test_what_is_finished_is_not_run_again(simulate: Simulate) -> None:
    tasks = [task(1), task(2, 1), task(3, 2), task(4, 5)]
    ended = simulate(scheduler.run(tasks[:2], work)).outcomes
    failed = jobs.TaskOutcome(task="5", tool="work", outcome="error", error="no")
    log = Log()
    execution = simulate(scheduler.run(tasks, work, finished={**ended, "5": failed}, journal=log))
    assert outcomes(execution) == {"1": "ok", "2": "ok", "3": "ok", "4": "skipped"}
    assert execution.outcomes["3"].value == {"id": "3", "seen": ["2"]}
    assert [line for line in log.lines if "planned" not in line] == ["started 3", "skipped 4", "ok 3"]


def test_outcomes_of_earlier_plans_can_be_referred_to(simulate: Simulate) -> None:
    earlier = simulate(scheduler.run([task(1)], work)).outcomes
    execution = simulate(scheduler.run([task(2, 1)], work, finished=earlier))
    assert execution.outcomes["2"].value == {"id": "2", "seen": ["1"]}
    assert list(execution.outcomes) == ["2"]


def test_with_recall_an_id_of_an_earlier_plan_is_another_task(simulate: Simulate) -> None:
    """Only what recall knows is not run again; a problem does not borrow the output of its namesake."""
    earlier = simulate(scheduler.run([task(1), task(2), task(3)], work)).outcomes
    before = {"2": jobs.TaskOutcome(task="2", tool="work", outcome="ok", value={"id": "recalled"})}
    problem = scheduler.PlanProblem("unreadable", task="3")
    plan = [task(1, seconds=5), task(2), problem, task(4, 1, 2), task(5, 3)]
    execution = simulate(scheduler.run(plan, work, finished=earlier, recall=lambda task: before.get(task.id)))
    assert outcomes(execution) == {"1": "ok", "2": "ok", "3": "error", "4": "ok", "5": "skipped"}
    assert execution.outcomes["1"].end == 5
    assert execution.outcomes["4"].value == {"id": "4", "seen": ["1", "recalled"]}


def test_times_are_those_of_the_clock_that_is_given(simulate: Simulate) -> None:
    execution = simulate(scheduler.run([task(1)], work, clock=lambda: 42.0))
    assert (execution.outcomes["1"].start, execution.outcomes["1"].end) == (42, 42)
