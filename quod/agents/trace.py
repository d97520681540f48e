"""The record of one job while it runs: which tool ran, for how long, how it ended."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from quod import errors, jobs

Progress = Callable[[str], None]
"""Called with a short line for people whenever a step starts."""


class Tracer:
    """Collects the trace, usage and warnings of one job."""

    def __init__(self, progress: Progress | None = None) -> None:
        self.tasks: list[jobs.TaskTrace] = []
        self.usage = jobs.Usage()
        self.warnings: list[str] = []
        self._progress = progress or (lambda line: None)

    @contextlib.contextmanager
    def task(self, tool: str, line: str) -> Iterator[None]:
        """Times one tool call; an exception is recorded as `error` and goes on to the caller."""
        self._progress(line)
        started = time.perf_counter()
        outcome, detail = "ok", None
        try:
            yield
        except BaseException as error:
            outcome, detail = "error", str(error) or type(error).__name__
            raise
        finally:
            seconds = round(time.perf_counter() - started, 4)
            self.tasks.append(
                jobs.TaskTrace(
                    task=str(len(self.tasks) + 1),
                    tool=tool,
                    outcome="ok" if outcome == "ok" else "error",
                    seconds=seconds,
                    detail=detail,
                )
            )

    def seconds(self, tool: str) -> float:
        """Seconds spent in `tool` so far."""
        return sum(task.seconds for task in self.tasks if task.tool == tool)


def failure(error: errors.QuodError) -> jobs.Termination:
    """The termination that says why a solve failed."""
    if isinstance(error, errors.LimitExceeded):
        memory = error.kind.startswith("memory") or error.kind == "nonzeros"
        return jobs.Termination.MEMORY_LIMIT if memory else jobs.Termination.TIME_LIMIT
    return jobs.Termination.INTERNAL_SOLVER_ERROR
