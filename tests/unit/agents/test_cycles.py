"""Wrong graphs end with an outcome for every task: cycles, unknown references, ids that stand twice."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from quod import jobs
from quod.agents import scheduler
from quod.agents.scheduler import PlanProblem

sys.path.append(str(Path(__file__).parent))
helpers = importlib.import_module("plan_helpers")
task, work, outcomes = helpers.task, helpers.work, helpers.outcomes

Simulate = Callable[[Coroutine[Any, Any, Any]], Any]


def test_unknown_references_and_cycles_are_errors_of_their_tasks(simulate: Simulate) -> None:
    tasks = [
        task(1, 9),
        task(2, 1),
        task(3, 4),
        task(4, 5),
        task(5, 3),
        task(6, 5),
        task(7, 7),
        task(8, 7),
        task(10),
    ]
    execution = simulate(scheduler.run(tasks, work))
    assert outcomes(execution) == {
        **dict.fromkeys("13457", "error"),
        **dict.fromkeys("268", "skipped"),
        "10": "ok",
    }
    messages = {key: each.error for key, each in execution.outcomes.items()}
    assert messages["1"] == "it needs task 9, which is not in the plan; refer to a task that is"
    assert messages["4"] == "tasks wait for each other (5 → 4 → 3 → 5); break the cycle"
    assert messages["7"] == "it refers to itself"
    assert messages["8"] == "not run: task 7 did not succeed"
    assert execution.outcomes["1"].error_type == "InvalidInput"


def test_a_cycle_does_not_wait_for_what_runs_beside_it(simulate: Simulate) -> None:
    execution = simulate(scheduler.run([task(1, seconds=9), task(2, 1, 3), task(3, 2), task(4, 1)], work))
    assert outcomes(execution) == {"1": "ok", "2": "error", "3": "error", "4": "ok"}
    assert execution.outcomes["2"].end == 0


def test_a_cycle_is_told_from_tasks_that_still_wait_for_what_runs(simulate: Simulate) -> None:
    tasks = [task(1, seconds=9), task(2, 1), task(3, 2, 4), task(4, 2, 3), task(5, 2)]
    execution = simulate(scheduler.run(tasks, work))
    assert outcomes(execution) == {"1": "ok", "2": "ok", "3": "error", "4": "error", "5": "ok"}
    assert execution.outcomes["3"].error == "tasks wait for each other (4 → 3 → 4); break the cycle"


def test_the_first_of_two_tasks_with_one_id_stands(simulate: Simulate) -> None:
    execution = simulate(scheduler.run([task(1, seconds=2), task(1, seconds=5)], work))
    assert execution.outcomes["1"].end == 2
    assert "already in the plan" in execution.problems[0].message


def test_a_key_that_is_not_there_is_an_error_before_any_call(simulate: Simulate) -> None:
    tasks = [task(1), jobs.Task(id="2", tool="work", arguments={"inputs": [], "x": "$1.missing"})]
    outcome = simulate(scheduler.run(tasks, work)).outcomes["2"]
    assert (outcome.outcome, outcome.attempts) == ("error", 0)
    assert outcome.error == "$1 has no key 'missing'; its keys: id, seen"


def test_tasks_can_wait_without_a_reference(simulate: Simulate) -> None:
    later = jobs.Task(id="2", tool="work", arguments={"inputs": []}, depends_on=["1"])
    outcome = simulate(scheduler.run([later, task(1, seconds=3)], work)).outcomes["2"]
    assert (outcome.start, outcome.inputs) == (3, ["1"])


@pytest.mark.parametrize("order", [1, -1])
def test_long_chains_need_no_stack(simulate: Simulate, order: int) -> None:
    tasks = [task(key, *([key - 1] if key else []), seconds=0) for key in range(3000)][::order]
    assert set(outcomes(simulate(scheduler.run(tasks, work))).values()) == {"ok"}
    tasks[0 if order == 1 else -1] = PlanProblem("broken", task="0")  # type: ignore[call-overload]
    found = list(outcomes(simulate(scheduler.run(tasks, work))).values())
    assert found.count("skipped") == 2999
    ring = [task(key, (key + 1) % 3000) for key in range(3000)]
    assert set(outcomes(simulate(scheduler.run(ring, work))).values()) == {"error"}


def test_thousands_of_small_cycles(simulate: Simulate) -> None:
    tasks = [task(key, key ^ 1) for key in range(6000)]
    assert set(outcomes(simulate(scheduler.run(tasks, work))).values()) == {"error"}
