"""Runs one instance: pieces as tasks of quod's scheduler, the merge as a task that needs them all."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from quod import errors, jobs
from quod.agents import attempts, granularity, makespan, scheduler
from quod.bench.algorithms import base as algorithms
from quod.models import base

MODEL, MERGE = "model", "merge"


@dataclass(frozen=True)
class Call:
    """One call of the model: `size` of what it was asked, seconds of the reply, whether it was usable.

    `right` is None for a last call. `failure` says why there is no reply.
    """

    role: str
    size: int
    seconds: float
    usage: jobs.Usage
    usable: bool
    right: bool | None = None
    failure: str | None = None


@dataclass(frozen=True)
class Trial:
    """One instance, solved: `makespan` in seconds as measured, `replayed` by list scheduling of its calls.

    `load` is the mean number of calls at once, `pieces` how many sub-tasks there were.
    """

    task: str
    n: int
    m: int
    p: int
    number: int
    scores: algorithms.Scores
    makespan: float
    replayed: float
    pieces: int
    calls: list[Call] = field(default_factory=list)


async def run(
    algorithm: algorithms.Algorithm,
    instance: Any,
    model: base.ChatModel,
    *,
    n: int,
    m: int,
    p: int,
    number: int = 0,
    samples: int = 1,
) -> Trial:
    """Solve `instance` with pieces of size `m`, `p` calls at once and `samples` replies for each piece.

    A call that fails or whose reply cannot be read gives no value, and the algorithm goes on without it.
    Raises LimitExceeded (a budget is used up) and Misconfigured, after all running calls have ended.
    """
    pieces = granularity.pieces(n, m, overlap=algorithm.overlap)
    running = _Running(algorithm, instance, model, pieces, samples)
    started = time.perf_counter()
    execution = await scheduler.run(
        running.plan(),
        running.call,
        policies=lambda tool: attempts.Policy(concurrency=p) if tool == MODEL else None,
    )
    seconds = time.perf_counter() - started
    if running.ended is not None:
        raise running.ended
    outcome = execution.outcomes[running.last]
    if outcome.outcome != "ok":
        raise RuntimeError(f"{algorithm.name}: {outcome.error}")
    ordered = [running.calls[key] for key in sorted(running.calls, key=int)]
    return Trial(
        algorithm.name, n, m, p, number,
        scores=algorithm.score(instance, outcome.value),
        makespan=seconds,
        replayed=_replay(ordered, p),
        pieces=len(pieces),
        calls=ordered,
    )  # fmt: skip


class _Running:
    """The tasks of one instance, and what their calls did."""

    def __init__(
        self,
        algorithm: algorithms.Algorithm,
        instance: Any,
        model: base.ChatModel,
        pieces: Sequence[tuple[int, int]],
        samples: int,
    ) -> None:
        self.algorithm, self.instance, self.model = algorithm, instance, model
        self.pieces, self.samples = pieces, samples
        self.calls: dict[str, Call] = {}
        self.ended: errors.QuodError | None = None
        count = len(pieces) * samples
        self.merging, self.last = str(count + 1), str(count + 2)

    def plan(self) -> list[jobs.Task]:
        """Pieces 1 … k·samples, the merge of their values, and the last call, which may be none."""
        numbers = range(1, len(self.pieces) * self.samples + 1)
        subs = [jobs.Task(id=str(i), tool=MODEL) for i in numbers]
        merge = jobs.Task(id=self.merging, tool=MERGE, arguments={"values": [f"${i}" for i in numbers]})
        last = jobs.Task(id=self.last, tool=MODEL, arguments={"merged": f"${self.merging}"})
        return [*subs, merge, last]

    async def call(self, task: jobs.Task, arguments: dict[str, Any]) -> Any:
        """One task; a value is JSON, None when there is none."""
        if task.tool == MERGE:
            return self._merge(arguments["values"])
        if task.id == self.last:
            request = self.algorithm.final(self.instance, arguments["merged"])
            if request is None:
                return arguments["merged"]
            text = await self._ask(task.id, "final", _size_of(arguments["merged"]), request)
            return None if text is None else self._kept(task.id, self.algorithm.read_final(text))
        piece, sample = divmod(int(task.id) - 1, self.samples)
        start, end = self.pieces[piece]
        request = self.algorithm.ask(self.instance, start, end)
        if sample:
            request = base.Request(request.messages, temperature=None, sample=sample)
        text = await self._ask(task.id, "sub", end - start, request)
        value = None if text is None else self.algorithm.read(text)
        return self._kept(task.id, value, self.algorithm.right(self.instance, start, end, value))

    def _merge(self, values: list[Any]) -> Any:
        if self.samples > 1:
            groups = [values[i : i + self.samples] for i in range(0, len(values), self.samples)]
            values = [self.algorithm.vote([each for each in group if each is not None]) for group in groups]
        return self.algorithm.merge(self.instance, values)

    async def _ask(self, key: str, role: str, size: int, request: base.Request) -> str | None:
        """The text of the reply, None when there is none; what it took is kept."""
        usage, failure, text = jobs.Usage(), None, None
        started = time.perf_counter()
        if self.ended is not None:
            return None
        try:
            reply = await self.model.complete(request)
            usage = reply.usage
            text = None if reply.finish_reason == "length" else reply.text
            failure = "the reply was cut off" if text is None else None
        except (errors.LimitExceeded, errors.Misconfigured) as error:
            self.ended = error
            failure = str(error)
        except (errors.ToolFailed, errors.Unavailable) as error:
            usage = getattr(error, "usage", None) or usage
            failure = str(error)
        seconds = time.perf_counter() - started
        self.calls[key] = Call(role, size, seconds, usage, usable=text is not None, failure=failure)
        return text

    def _kept(self, key: str, value: Any, right: bool | None = None) -> Any:
        if key in self.calls:
            call = self.calls[key]
            usable = call.usable and value is not None
            self.calls[key] = Call(
                call.role, call.size, call.seconds, call.usage, usable, right, call.failure
            )
        return value


def _size_of(merged: Any) -> int:
    return len(merged) if isinstance(merged, list | str) else 1


def _replay(calls: Sequence[Call], p: int) -> float:
    """Makespan by list scheduling of the seconds that the calls took."""
    subs = [makespan.Call(call.seconds) for call in calls if call.role == "sub"]
    after = tuple(range(len(subs)))
    finals = [makespan.Call(call.seconds, after) for call in calls if call.role == "final"]
    return makespan.makespan([*subs, *finals], p)
