"""Task ids that are unique within a job: a plan that begins to count at 1 again is renumbered.

Most models do so, whatever they are told. Inside a plan a reference means the task of that plan, if there was
one before it; otherwise the task of an earlier plan. Nothing is guessed: a number that a plan used for an
output of an earlier plan cannot become a task of its own afterwards.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from quod import jobs
from quod.agents import references
from quod.agents.plan_problems import PlanProblem

Item = jobs.Task | PlanProblem


class Numbering:
    """Gives the tasks of one plan numbers that no task in `taken` has."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)
        self._next = 1 + max((int(name) for name in self._taken if name.isdecimal()), default=0)
        self._names: dict[str, str] = {}
        self._earlier: set[str] = set()

    def take(self, item: Item) -> Item:
        """The item under its number within the job, or why it cannot have one."""
        if isinstance(item, PlanProblem):
            if item.task is None or item.task in self._names:
                return item
            return dataclasses.replace(item, task=self._fresh(item.task))
        if item.id in self._earlier:
            return PlanProblem(
                f"task {item.id} was referred to before as the output of an earlier plan; "
                f"give it another number, from {self._next} on",
                tool=item.tool,
            )
        arguments = references.rename(item.arguments, self._known)
        after = [self._known(name) for name in item.depends_on]
        return item.model_copy(
            update={"id": self._fresh(item.id), "arguments": arguments, "depends_on": after}
        )

    def _known(self, name: str) -> str:
        if name in self._names:
            return self._names[name]
        if name in self._taken:
            self._earlier.add(name)
        return name

    def _fresh(self, name: str) -> str:
        """A task that stands twice in a plan keeps the number of the first, and the scheduler refuses it."""
        if name not in self._names:
            fresh = name if name not in self._taken else str(self._next)
            self._names[name] = fresh
            self._taken.add(fresh)
            if fresh.isdecimal():
                self._next = max(self._next, int(fresh) + 1)
        return self._names[name]
