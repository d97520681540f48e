"""Tasks that wait for each other."""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterable, Mapping, Sequence


def blocked(
    waiting: Mapping[str, int], dependants: Mapping[str, Sequence[str]], live: Iterable[str]
) -> list[str]:
    """Those of `waiting` that can never start: they are in a cycle or need a task that is.

    `waiting` counts the inputs of each task that have not ended, `dependants` are the tasks that need one,
    `live` are the tasks that run or can. Kahn's algorithm, linear.
    """
    count = dict(waiting)
    free = deque(live)
    while free:
        for each in dependants.get(free.popleft(), ()):
            if each in count:  # else it was skipped, for another input
                count[each] -= 1
                if not count[each]:
                    free.append(each)
    return [key for key, left in count.items() if left]


def one(start: str, inputs: Mapping[str, Sequence[str]], waiting: Container[str]) -> list[str]:
    """A cycle that `start` waits for, each task followed by one that needs it.

    `start` must be blocked. Follows inputs that have not ended until a task comes again; every task of the
    way there needs the cycle.
    """
    path = {start: None}
    key = start
    while True:
        key = next(each for each in inputs[key] if each in waiting)
        if key in path:
            way = list(path)
            return way[way.index(key) :][::-1]
        path[key] = None
