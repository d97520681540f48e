"""One round of a job as the scheduler sees it: what is written down, and what an earlier session has left."""

from __future__ import annotations

from collections.abc import Callable

from quod import jobs
from quod.agents import references, scheduler
from quod.agents.journal import RoundJournal


class Record:
    """The journal of one round as the scheduler sees it."""

    def __init__(self, rows: RoundJournal, clock: Callable[[], float], fatal: Callable[[str], bool]) -> None:
        """`fatal` tells whether a task ended with an error that somebody else has to mend."""
        self._rows, self._clock, self._fatal = rows, clock, fatal
        self.again = False
        """Whether the plan is that of an earlier session, to the last task."""
        self.plan = self._rows.plan
        self._ended = self._rows.ended()
        self._recalled: set[str] = set()
        self._tasks: dict[str, jobs.Task] = {}
        self._starts: dict[str, float] = {}
        self._outcomes: dict[str, jobs.TaskOutcome] = {}

    def recall(self, task: jobs.Task) -> jobs.TaskOutcome | None:
        """How the same task ended in an earlier session; not, when it would have other inputs this time."""
        before, outcome = self._ended.get(task.id, (None, None))
        if outcome is None or before != task:
            return None
        own = [name for name in outcome.inputs if name in self._tasks or name in self._ended]
        if not self.again and not self._recalled.issuperset(own):
            self._rows.reopen(task)
            return None
        self._recalled.add(task.id)
        return outcome

    def complete(self, problems: list[str]) -> None:
        """The plan has ended."""
        self._rows.complete(list(self._tasks), problems)

    def planned(self, task: jobs.Task) -> None:
        """See `quod.agents.dataflow.Journal`."""
        self._tasks[task.id] = task
        self._rows.planned(task)

    def started(self, task: jobs.Task) -> None:
        """See `quod.agents.dataflow.Journal`."""
        self._starts[task.id] = self._clock()
        self._rows.started(task)

    def finished(self, outcome: jobs.TaskOutcome) -> None:
        """An outcome that may be another one next time is not kept: skipped, or an operator's error."""
        self._outcomes[outcome.task] = outcome
        if outcome.outcome != "skipped" and not self._fatal(outcome.task):
            self._rows.finished(outcome)

    def cut_off(self) -> scheduler.Execution:
        """What there is when the time of the job ran out."""
        outcomes = {
            task.id: self._outcomes.get(task.id) or self.recall(task) or self._cut(task)
            for task in self._tasks.values()
        }
        return scheduler.Execution(list(self._tasks.values()), outcomes)

    def _cut(self, task: jobs.Task) -> jobs.TaskOutcome:
        now = self._clock()
        return jobs.TaskOutcome(
            task=task.id,
            tool=task.tool,
            outcome="error" if task.id in self._starts else "skipped",
            error="the time of the job ran out",
            error_type="LimitExceeded",
            limit="seconds",
            inputs=[*dict.fromkeys([*references.find(task.arguments), *task.depends_on])],
            start=self._starts.get(task.id, now),
            end=now,
        )
