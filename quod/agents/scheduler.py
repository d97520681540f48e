"""Runs a plan as dataflow: a task starts the moment its inputs exist, also while the plan still arrives.

Nothing polls: a task's end starts what waited for it, and a task that arrives with all its inputs there
starts at once. How a call of a tool ends is data (`quod.jobs.TaskOutcome`): an error skips the tasks that
need its output, transitively, and everything else goes on.

What ends a run early, after every running call was cancelled and awaited, is raised by `run`: its own
cancellation; an exception of the stream of tasks or of the journal; and from a call what is no `Exception`
(KeyboardInterrupt, CancelledError, runner.Cancelled). Outcomes up to there are in the journal.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

from quod import errors, jobs
from quod.agents.attempts import Policy
from quod.agents.dataflow import Call, Dataflow, Item, Journal, Policies, Recall
from quod.agents.plan_problems import PlanProblem

__all__ = ["Execution", "Item", "Journal", "PlanProblem", "Policy", "run"]


@dataclass
class Execution:
    """What became of a plan: its tasks in order, their outcomes by id, and the parts that are no tasks.

    `exhausted` is the first LimitExceeded of a budget of the job (tokens, cost, calls) that a call raised.
    """

    tasks: list[jobs.Task] = field(default_factory=list)
    outcomes: dict[str, jobs.TaskOutcome] = field(default_factory=dict)
    problems: list[PlanProblem] = field(default_factory=list)
    exhausted: errors.LimitExceeded | None = None


async def run(
    plan: AsyncIterable[Item] | Iterable[Item],
    call: Call,
    *,
    policies: Policies = lambda tool: None,
    finished: Mapping[str, jobs.TaskOutcome] | None = None,
    journal: Journal | None = None,
    clock: Callable[[], float] | None = None,
    recall: Recall | None = None,
) -> Execution:
    """Run every task of `plan` with `call(task, resolved arguments)`.

    `policies` gives the limits for calls of a tool, None for none. Tasks that stand in `finished` are not
    run; its other outcomes can be referred to as well. `clock` gives the seconds of the outcomes (default:
    since this call). `recall` knows how a task of this plan ended when it was run before, if it was; given
    it, the outcomes in `finished` are those of other plans, and a task that has an id of theirs takes its
    place.
    """
    loop = asyncio.get_running_loop()
    begin = loop.time()
    state = Dataflow(
        call, policies, dict(finished or {}), journal, clock or (lambda: loop.time() - begin), recall
    )
    state.spawn(state.read(plan))
    try:
        await state.over
    finally:
        await state.abandon()
    tasks = state.tasks
    return Execution(
        list(tasks.values()), {key: state.outcomes[key] for key in tasks}, state.problems, state.exhausted
    )
