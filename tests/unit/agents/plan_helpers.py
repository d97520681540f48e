"""What the tests of plans that run have in common: tasks, a tool, a journal."""

from __future__ import annotations

import asyncio
from typing import Any

from quod import jobs
from quod.agents.scheduler import Execution


def task(key: int | str, *needs: int | str, tool: str = "work", **arguments: Any) -> jobs.Task:
    return jobs.Task(
        id=str(key), tool=tool, arguments={"inputs": [f"${each}" for each in needs], **arguments}
    )


async def work(task: jobs.Task, arguments: dict[str, Any]) -> Any:
    await asyncio.sleep(arguments.get("seconds", 1))
    return {"id": task.id, "seen": [each["id"] for each in arguments["inputs"]]}


def outcomes(execution: Execution) -> dict[str, str]:
    return {key: each.outcome for key, each in execution.outcomes.items()}


class Log:
    """A journal that keeps everything."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def planned(self, task: jobs.Task) -> None:
        self.lines.append(f"planned {task.id}")

    def started(self, task: jobs.Task) -> None:
        self.lines.append(f"started {task.id}")

    def finished(self, outcome: jobs.TaskOutcome) -> None:
        self.lines.append(f"{outcome.outcome} {outcome.task}")
