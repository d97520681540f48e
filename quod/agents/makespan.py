"""Predicted makespan of a graph of calls on p workers: list scheduling.

A free worker takes the call that has been ready longest (Graham, SIAM J. Appl. Math. 17, 1969), which is what
quod's scheduler does under a concurrency limit. Waves of p calls, where every call waits for the slowest of
the wave before it, would predict too much.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Call:
    """One node: its seconds and the nodes (by position in the sequence) that must end before it starts.

    A node with `worker` False is work that needs no worker, such as a merge by a program.
    """

    seconds: float
    after: tuple[int, ...] = ()
    worker: bool = True


def independent(seconds: Iterable[float], workers: int) -> float:
    """Makespan of calls that wait for nothing, in this order; the same as `makespan`, but faster."""
    free = [0.0] * workers
    for each in seconds:
        heapq.heapreplace(free, free[0] + each)
    return max(free)


def makespan(calls: Sequence[Call], workers: int) -> float:
    """Seconds until all `calls` have ended. Raises ValueError for a cycle or for no workers."""
    if workers < 1:
        raise ValueError(f"{workers} workers")
    waiting = [len(set(call.after)) for call in calls]
    next_calls: list[list[int]] = [[] for _ in calls]
    for i, call in enumerate(calls):
        for j in set(call.after):
            next_calls[j].append(i)
    ready: list[tuple[float, int]] = [(0.0, i) for i, count in enumerate(waiting) if count == 0]
    running: list[tuple[float, int, bool]] = []
    now, free, ended = 0.0, workers, 0
    queue: list[tuple[float, int]] = []  # ready, but without a worker

    while ready or queue or running:
        for since, i in sorted(ready):
            if not calls[i].worker:
                heapq.heappush(running, (now + calls[i].seconds, i, False))
            else:
                heapq.heappush(queue, (since, i))
        ready = []
        while queue and free:
            _, i = heapq.heappop(queue)
            free -= 1
            heapq.heappush(running, (now + calls[i].seconds, i, True))
        now, i, held = heapq.heappop(running)
        free += held
        ended += 1
        for j in next_calls[i]:
            waiting[j] -= 1
            if waiting[j] == 0:
                ready.append((now, j))
    if ended < len(calls):
        raise ValueError("the calls wait for each other")
    return now
