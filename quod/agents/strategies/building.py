"""Writing a plan in code: each call is a task, its value a reference to the output."""

from __future__ import annotations

from typing import Any

from quod import jobs
from quod.agents import references


class Output(str):
    """The output of a task that stands earlier in the plan, as its reference; other texts are data."""

    __slots__ = ()


class Builder:
    """Collects tasks that are numbered from `first`.

    >>> plan = Builder()
    >>> solved = plan.add("solve", draft=plan.add("formulate", text="Tea is $3"))
    >>> plan.tasks[1].arguments
    {'draft': '$1'}
    """

    def __init__(self, first: int = 1) -> None:
        self.tasks: list[jobs.Task] = []
        self._next = first

    def add(self, tool: str, **arguments: Any) -> Output:
        """Add a call and give the reference to its output."""
        written = {name: _written(value) for name, value in arguments.items()}
        task = jobs.Task(id=str(self._next), tool=tool, arguments=written)
        self.tasks.append(task)
        self._next += 1
        return Output(f"${task.id}")


def _written(value: Any) -> Any:
    if isinstance(value, Output):
        return str(value)
    if isinstance(value, list):
        return [_written(item) for item in value]
    return references.escape(value)
