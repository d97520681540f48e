"""The recorded run of a job as a graph, and its critical path: the chain of tasks that determined its end.

Backwards from the task that ended last: a task could start when the last of its inputs had ended and, since
a job plans again only when all tasks of a round have ended, when the round before it had. Whichever ended
last is the link before it. What a task waited beyond that (for a free worker, for the planner) is no work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pydantic

from quod import errors, jobs

_TRACE = pydantic.TypeAdapter(list[jobs.TaskTrace])
_ROUNDS = pydantic.TypeAdapter(list[jobs.Round])
_LONGEST = 1e10  # seconds; more is no time of a job, nor are infinity and NaN
_CLOCK = 1e-3  # seconds by which an input may end after its dependant has started: times are rounded


@dataclass(frozen=True)
class Run:
    """Tasks ordered by round and start; `needs` and `critical` are positions in `tasks`.

    `critical` is in order of time. `recorded` is False where the result holds no times but only durations;
    the tasks then stand one after another.
    """

    tasks: tuple[jobs.TaskTrace, ...]
    needs: tuple[tuple[int, ...], ...]
    critical: tuple[int, ...]
    rounds: tuple[jobs.Round, ...]
    recorded: bool

    @property
    def end(self) -> float:
        """Seconds from the beginning of the job to the end of its last task."""
        return max((task.end for task in self.tasks), default=0.0)

    @property
    def work(self) -> float:
        """Seconds of the tasks on the critical path; the rest of `end` was spent waiting."""
        return sum(self.tasks[i].end - self.tasks[i].start for i in self.critical)


def read(result: Mapping[str, Any] | jobs.Result) -> Run:
    """The run that a result records. Raises InvalidInput naming the field that is wrong."""
    if isinstance(result, jobs.Result):
        trace, rounds = result.trace, result.rounds
    elif isinstance(result, Mapping):
        if "trace" not in result:
            raise errors.InvalidInput("a result has a list of tasks here", field="trace")
        trace = _validated(_TRACE, result["trace"], "trace")
        rounds = _validated(_ROUNDS, result.get("rounds", []), "rounds")
    else:
        raise errors.InvalidInput("this is not a result; it is no JSON object")
    for i, task in enumerate(trace):
        _check(task, f"trace.{i}")
    recorded = any(task.end for task in trace) or not any(task.seconds for task in trace)
    ordered = tuple(sorted(trace if recorded else _in_turn(trace), key=lambda task: (task.round, task.start)))
    needs = _needs(ordered)
    return Run(ordered, needs, _critical(ordered, needs), tuple(rounds), recorded)


def _validated(adapter: pydantic.TypeAdapter[Any], value: Any, name: str) -> Any:
    try:
        return adapter.validate_python(value)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        field = ".".join([name, *(str(part) for part in first["loc"])])
        raise errors.InvalidInput(first["msg"], field=field) from None


def _check(task: jobs.TaskTrace, field: str) -> None:
    for name in ("start", "end", "seconds"):
        value = getattr(task, name)
        if not 0 <= value <= _LONGEST:
            raise errors.InvalidInput(
                f"{value} is no time; write seconds, 0 or more", field=f"{field}.{name}"
            )
    if task.end < task.start:
        raise errors.InvalidInput(f"{task.end:g} lies before start, {task.start:g}", field=f"{field}.end")


def _in_turn(trace: list[jobs.TaskTrace]) -> list[jobs.TaskTrace]:
    placed, now = [], 0.0
    for task in trace:
        placed.append(task.model_copy(update={"start": now, "end": now + task.seconds}))
        now += task.seconds
    return placed


def _needs(tasks: tuple[jobs.TaskTrace, ...]) -> tuple[tuple[int, ...], ...]:
    """Inputs by position: the task of that id in the same round, else in the latest round before it."""
    places: dict[str, list[int]] = {}
    for i, task in enumerate(tasks):
        places.setdefault(task.task, []).append(i)
    found = []
    for i, task in enumerate(tasks):
        inputs = []
        for key in dict.fromkeys(task.inputs):
            known = [j for j in places.get(key, ()) if j != i and tasks[j].round <= task.round]
            inputs += known[-1:]
        found.append(tuple(inputs))
    return tuple(found)


def _critical(tasks: tuple[jobs.TaskTrace, ...], needs: tuple[tuple[int, ...], ...]) -> tuple[int, ...]:
    ran = [i for i, task in enumerate(tasks) if task.outcome != "skipped"]
    if not ran:
        return ()
    barrier = _barriers(tasks, ran)
    place: int | None = max(ran, key=lambda i: tasks[i].end)
    path: dict[int, None] = {}
    while place is not None and place not in path:
        path[place] = None
        task = tasks[place]
        before = [*needs[place], *barrier.get(task.round, ())]
        earlier = [j for j in before if tasks[j].outcome != "skipped" and tasks[j].end <= task.start + _CLOCK]
        place = max(earlier, key=lambda j: tasks[j].end, default=None)
    return tuple(reversed(path))


def _barriers(tasks: tuple[jobs.TaskTrace, ...], ran: list[int]) -> dict[int, list[int]]:
    """For each round, the task that ended last in the rounds before it."""
    last: dict[int, int] = {}
    for i in ran:
        number = tasks[i].round
        if number not in last or tasks[i].end > tasks[last[number]].end:
            last[number] = i
    found: dict[int, list[int]] = {}
    latest: int | None = None
    for number in sorted({task.round for task in tasks}):
        found[number] = [] if latest is None else [latest]
        if number in last and (latest is None or tasks[last[number]].end > tasks[latest].end):
            latest = last[number]
    return found
