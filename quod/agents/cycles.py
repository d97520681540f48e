"""Tasks that wait for each other."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence


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


def one(start: str, inputs: Mapping[str, Sequence[str]], stuck: Callable[[str], bool]) -> list[str]:
    """A cycle that `start` waits for, each task followed by one that needs it.

    `stuck` says which tasks are blocked and have not ended; `start` must be. Follows inputs that are stuck
    until a task comes again; every task of the way there needs the cycle.
    """
    path = {start: None}
    key = start
    while True:
        key = next(filter(stuck, inputs[key]))
        if key in path:
            way = list(path)
            return way[way.index(key) :][::-1]
        path[key] = None
