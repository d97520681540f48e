"""What is wrong with a part of a plan; the rest of the plan runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PlanProblem:
    """One line or element of a plan that is no task.

    `message` says what is wrong and what to write instead; `line` counts from 1 (in a JSON plan: the elements
    of the list of tasks), `text` is the beginning of what was read. With `task` (and `tool`) the id was
    readable: tasks that refer to it are skipped.
    """

    message: str
    line: int | None = None
    text: str = ""
    task: str | None = None
    tool: str | None = None

    def __str__(self) -> str:
        place = "" if self.line is None else f"line {self.line}: "
        return f"{place}{self.message}" + (f" (read: {self.text})" if self.text else "")
