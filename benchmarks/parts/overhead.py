"""What the scheduler itself costs: plans of many tasks that do nothing."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

from quod import jobs
from quod.agents import journal, plan_text, scheduler

Document = dict[str, Any]


def graph(kind: str, size: int) -> list[jobs.Task]:
    """Tasks that do nothing: side by side, in one chain, or with up to three random inputs."""
    draw = random.Random(size)
    tasks = []
    for place in range(size):
        needs: list[int] = []
        if kind == "chain" and place:
            needs = [place - 1]
        elif kind == "random" and place:
            needs = sorted({draw.randrange(place) for _ in range(draw.randint(0, 3))})
        arguments = {"seconds": 0, "inputs": [f"${each}" for each in needs]}
        tasks.append(jobs.Task(id=str(place), tool="work", arguments=arguments))
    return tasks


def journalled(tasks: list[jobs.Task]) -> None:
    """Run a plan that writes down every task as it is planned, starts and ends, as those of jobs do."""

    async def nothing(task: jobs.Task, arguments: dict[str, Any]) -> int:
        return 1

    with tempfile.TemporaryDirectory() as folder:
        kept = journal.Journal(Path(folder) / "jobs.sqlite")
        kept.begin(jobs.Job(id="job", input="nothing"), {})
        asyncio.run(scheduler.run(tasks, nothing, journal=kept.round("job", 1)))
        kept.close()


def overhead(repeats: int, size: int = 10_000) -> Document:
    """Milliseconds for each task that the scheduler adds, and how its memory grows."""

    async def nothing(task: jobs.Task, arguments: dict[str, Any]) -> int:
        return 1

    def fastest(work: Callable[[], object]) -> float:
        times = []
        for _ in range(repeats):
            begin = time.perf_counter()
            work()
            times.append(time.perf_counter() - begin)
        return min(times) / size * 1000

    found: Document = {}
    for kind in ("wide", "chain", "random"):
        tasks = graph(kind, size)
        found[f"{kind}_ms_per_task"] = fastest(lambda: asyncio.run(scheduler.run(tasks, nothing)))  # noqa: B023
    found["journal_ms_per_task"] = fastest(lambda: journalled(tasks))
    text = plan_text.render(tasks)
    found["parse_ms_per_task"] = fastest(lambda: plan_text.parse(text, {"work": ()}))
    for part in (size // 8, size // 4):
        tracemalloc.start()
        asyncio.run(scheduler.run(tasks[:part], nothing))
        found[f"peak_bytes_per_task_{part}"] = tracemalloc.get_traced_memory()[1] / part
        tracemalloc.stop()
    return found
