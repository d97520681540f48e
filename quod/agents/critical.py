"""The recorded run of a job as a graph, and its critical path: the chain of tasks that determined its end.

Backwards from the task that ended last: a task could start when the last of its inputs had ended and, since
a job plans again, or checks its certificate, only when all tasks of a round have ended, when the round before
it had. Whichever ended last is the link before it. What a task waited beyond that (for a free worker, for the
planner) is no work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    return Run(ordered, needs, _critical(ordered, needs, rounds), tuple(rounds), recorded)


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


def _critical(
    tasks: tuple[jobs.TaskTrace, ...], needs: tuple[tuple[int, ...], ...], rounds: Sequence[jobs.Round]
) -> tuple[int, ...]:
    ran = [i for i, task in enumerate(tasks) if task.outcome != "skipped"]
    if not ran:
        return ()
    stages = _stages(tasks, rounds)
    barriers = _barriers(tasks, ran, stages)
    place: int | None = max(ran, key=lambda i: tasks[i].end)
    path: dict[int, None] = {}
    while place is not None and place not in path:
        path[place] = None
        latest = tasks[place].start + _CLOCK
        before = [*needs[place], *barriers[stages[place]]]
        earlier = [j for j in before if tasks[j].outcome != "skipped" and tasks[j].end <= latest]
        place = max(earlier, key=lambda j: tasks[j].end, default=None)
    return tuple(reversed(path))


def _stages(tasks: tuple[jobs.TaskTrace, ...], rounds: Sequence[jobs.Round]) -> list[tuple[int, bool]]:
    """Of each task its round, and whether it came after the plan: so does what is in no plan, the check."""
    planned = {item.number: {task.id for task in item.tasks} for item in rounds if item.tasks}
    return [(task.round, task.round in planned and task.task not in planned[task.round]) for task in tasks]


def _barriers(
    tasks: tuple[jobs.TaskTrace, ...], ran: list[int], stages: list[tuple[int, bool]]
) -> dict[tuple[int, bool], list[int]]:
    """For each stage, the task that ended last in the stages before it."""
    members: dict[tuple[int, bool], list[int]] = {}
    for i in ran:
        members.setdefault(stages[i], []).append(i)
    found: dict[tuple[int, bool], list[int]] = {}
    latest: list[int] = []
    for stage in sorted(members):
        found[stage] = latest
        latest = [max([*latest, *members[stage]], key=lambda j: tasks[j].end)]
    return found
