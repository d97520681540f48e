"""What a job has planned and seen so far, and what its strategy decides from it."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Iterator
from typing import Any, Literal, Protocol

from quod import jobs
from quod.agents import plan_problems
from quod.agents.context import Context


@dataclasses.dataclass(frozen=True)
class Round:
    """One plan and what came of it. `problems` are parts of the plan that could not be read."""

    number: int
    tasks: list[jobs.Task]
    outcomes: list[jobs.TaskOutcome]
    problems: list[str]
    decision: Decision | None = None


@dataclasses.dataclass(frozen=True)
class Decision:
    """What follows a round: finish with the outputs of `candidates`, plan again, or stop without an answer.

    "finish" is a claim: the certificates of the candidates decide whether the job is solved.
    """

    action: Literal["finish", "replan", "stop"]
    reason: str = ""
    candidates: tuple[str, ...] = ()


class History(list[Round]):
    """The rounds of a job, in order. Task ids are unique within a job."""

    def outcomes(self) -> Iterator[jobs.TaskOutcome]:
        """All outcomes, in the order of the plans."""
        for past in self:
            yield from past.outcomes

    def outcome(self, task: str) -> jobs.TaskOutcome | None:
        """The outcome of one task."""
        return next((found for found in reversed(list(self.outcomes())) if found.task == task), None)

    def of(self, tool: str) -> list[jobs.TaskOutcome]:
        """The outcomes of one tool, in order."""
        return [found for found in self.outcomes() if found.tool == tool]

    def value(self, task: str) -> Any:
        """The output of a task, None when it has none."""
        found = self.outcome(task)
        return found.value if found is not None and found.outcome == "ok" else None

    def next_id(self) -> int:
        """The first number that no task has."""
        numbers = [int(task.id) for past in self for task in past.tasks if task.id.isdecimal()]
        return max(numbers, default=0) + 1


class Strategy(Protocol):
    """How a job is planned and when it ends."""

    fixed: bool
    """Whether the plan is quod's own: bad input is then the caller's, not the planner's."""

    def most_rounds(self, context: Context) -> int:
        """After this many plans there is no other."""

    def plan(
        self, context: Context, history: History
    ) -> AsyncIterator[jobs.Task | plan_problems.PlanProblem]:
        """The next plan, task by task as it is known."""

    async def join(self, context: Context, history: History) -> Decision:
        """What follows the last round of `history`."""
