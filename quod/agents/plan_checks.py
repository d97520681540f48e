"""What both formats of plans ask of a task."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

from quod import errors, jobs
from quod.agents import references
from quod.agents.plan_problems import PlanProblem

MAX_TASKS = 10_000
"""Tasks of one plan."""
_ID = re.compile(r"[0-9]{1,9}")


class Checks:
    """Makes the tasks of one plan; `tools` are the names that it may use."""

    def __init__(self, tools: Collection[str]) -> None:
        self.tools = tools
        self._seen: set[str] = set()

    def task(
        self,
        number: str,
        tool: str,
        arguments: dict[str, Any],
        depends_on: Sequence[str],
        *,
        line: int,
        text: str,
    ) -> jobs.Task | PlanProblem:
        """The task, or what is wrong with it."""
        found = self.problem(number, tool, line=line, text=text)
        if found is not None:
            return found
        key = str(int(number))
        try:
            references.find(arguments)
            _encodable(arguments)
        except errors.InvalidInput as error:
            return PlanProblem(str(error), line, text, key, tool)
        wanted = list(dict.fromkeys(str(int(each)) for each in depends_on))
        return jobs.Task(id=key, tool=tool, arguments=arguments, depends_on=wanted)

    def problem(
        self, number: str, tool: str, message: str | None = None, *, line: int, text: str
    ) -> PlanProblem | None:
        """What is wrong with the id or the name of a tool, else `message`; the id counts as used."""
        if not _ID.fullmatch(number):
            return PlanProblem("ids are whole numbers of at most 9 digits", line, text)
        key = str(int(number))
        if key in self._seen:
            message = f"task {key} is already in the plan; give each task an id of its own"
            return PlanProblem(message, line, text, key, tool)
        if len(self._seen) >= MAX_TASKS:
            return PlanProblem(f"a plan has at most {MAX_TASKS} tasks; plan again after these", line, text)
        self._seen.add(key)
        if message is None and tool not in self.tools:
            message = f"there is no tool {tool!r}; the tools are {', '.join(self.tools)}"
        return None if message is None else PlanProblem(message, line, text, key, tool)


def shortened(text: str) -> str:
    """The beginning of `text`, for a message."""
    text = " ".join(text[:400].split())
    return text if len(text) <= 100 else text[:100] + "…"


def _encodable(value: Any) -> None:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            message = "half of a surrogate pair is no character; write the character itself"
            raise errors.InvalidInput(message) from None
    elif isinstance(value, dict):
        for key, item in value.items():
            _encodable(key)
            _encodable(item)
    elif isinstance(value, list):
        for item in value:
            _encodable(item)
