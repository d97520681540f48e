"""A sweep: every n, m and p, several trials each; what was measured is kept when a budget ends it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from quod import errors
from quod.bench.algorithms import counting, execution, rag, retrieval, sorting
from quod.bench.algorithms.base import Algorithm
from quod.bench.algorithms.execution import Trial
from quod.models import base, parametric

ALGORITHMS: Mapping[str, Callable[[], Algorithm]] = {
    "counting": counting.Counting,
    "sorting": sorting.Sorting,
    "retrieval": retrieval.Retrieval,
    "rag": rag.Rag,
}
OTHERS: Mapping[str, Callable[[], Algorithm]] = {"sorting_merged_by_model": sorting.SortingMergedByModel}
"""Variants that are measured when they are named."""
SIZES: Mapping[str, tuple[int, tuple[int, ...]]] = {
    "counting": (200, (10, 20, 40, 67, 100, 200)),
    "sorting": (200, (10, 20, 40, 67, 100, 200)),
    "sorting_merged_by_model": (200, (10, 20, 40, 67, 100, 200)),
    "retrieval": (10_000, (500, 1000, 2000, 4000, 5000, 10_000)),
    "rag": (10_000, (500, 1000, 2000, 4000, 5000, 10_000)),
}
"""Of each task: n, and sizes of pieces that span it."""


@dataclass(frozen=True)
class Grid:
    """What to measure of one task. Sizes of pieces above n are left out."""

    task: str
    n: tuple[int, ...]
    m: tuple[int, ...]
    p: tuple[int, ...]
    trials: int
    samples: int = 1

    def cells(self) -> list[tuple[int, int, int]]:
        """Every (n, m, p)."""
        return [(n, m, p) for n in self.n for m in self.m if m <= n for p in self.p]


@dataclass
class Measured:
    """The trials of a sweep; `ended` is what stopped it before its end."""

    grids: Sequence[Grid]
    trials: list[Trial] = field(default_factory=list)
    ended: errors.LimitExceeded | None = None

    def of(self, task: str) -> list[Trial]:
        """The trials of one task."""
        return [trial for trial in self.trials if trial.task == task]


def algorithm(task: str) -> Algorithm:
    """The algorithm of that name. Raises InvalidInput for an unknown one."""
    make = ALGORITHMS.get(task) or OTHERS.get(task)
    if make is None:
        raise errors.InvalidInput(f"{task!r} is none of {', '.join([*ALGORITHMS, *OTHERS])}", field="task")
    return make()


def scripted(seed: int = 0, timing: parametric.Timing | None = None) -> parametric.ParametricModel:
    """The scripted model with the skills of all tasks."""
    skills = [skill for name in (*ALGORITHMS, *OTHERS) for skill in algorithm(name).skills()]
    return parametric.ParametricModel(skills, timing=timing, seed=seed)


def grid(
    task: str,
    *,
    n: Sequence[int] = (),
    m: Sequence[int] = (),
    p: Sequence[int] = (),
    trials: int = 10,
    samples: int = 1,
) -> Grid:
    """A grid with defaults for what is not given. Raises InvalidInput for sizes that cannot be measured."""
    chosen = algorithm(task)
    usual, sizes = SIZES[task]
    wanted = tuple(dict.fromkeys(n)) or (usual,)
    pieces = tuple(dict.fromkeys(m)) or tuple(sorted({max(1, s * k // usual) for k in wanted for s in sizes}))
    found = Grid(task, wanted, pieces, tuple(dict.fromkeys(p)) or (1, 4), trials, samples)
    for name, values in (("n", found.n), ("m", found.m), ("p", found.p), ("trials", (trials, samples))):
        if min(values) < 1:
            raise errors.InvalidInput(f"{min(values)} is below 1", field=name)
    if not found.cells():
        raise errors.InvalidInput(f"every size of pieces is above n = {max(found.n)}", field="m")
    for size in found.n:
        try:
            chosen.generate(size, random.Random(0))
        except ValueError as error:
            raise errors.InvalidInput(f"{task}: {error}", field="n") from None
    return found


async def run(
    grids: Sequence[Grid],
    model: base.ChatModel,
    *,
    seed: int = 0,
    at_once: int = 1,
    progress: Callable[[str], None] = lambda line: None,
) -> Measured:
    """Measure, `at_once` trials of a cell at the same time; each has p calls of its own.

    More than one suits models that only wait: an endpoint would be measured under the load of them all. The
    inputs depend on seed, task, n and number of the trial only, so all m and p see the same ones. Trials
    are the outermost loop: a sweep that a budget ends has seen all cells about equally often. Raises
    Misconfigured.
    """
    measured = Measured(grids)
    for first in range(0, max(each.trials for each in grids), at_once):
        for each in grids:
            chosen = algorithm(each.task)
            numbers = range(first, min(first + at_once, each.trials))
            instances = {
                (n, number): chosen.generate(n, random.Random(f"{seed}/{each.task}/{n}/{number}"))
                for n in each.n
                for number in numbers
            }
            for n, m, p in each.cells() if numbers else ():
                knobs = {"n": n, "m": m, "p": p, "samples": each.samples}
                runs = [
                    execution.run(chosen, instances[n, number], model, number=number, **knobs)
                    for number in numbers
                ]
                for found in await asyncio.gather(*runs, return_exceptions=True):
                    _take(found, measured)
                    if isinstance(found, Trial):
                        progress(_line(found, each))
                if measured.ended is not None:
                    return measured
    return measured


def _take(found: Trial | BaseException, measured: Measured) -> None:
    if isinstance(found, errors.LimitExceeded):
        measured.ended = found
    elif isinstance(found, BaseException):
        raise found
    else:
        measured.trials.append(found)


def _line(trial: Trial, grid: Grid) -> str:
    return (
        f"{trial.task} n={trial.n} m={trial.m} p={trial.p} trial {trial.number + 1}/{grid.trials}: "
        f"error {trial.scores['error']:.3f}, {trial.makespan:.2f} s"
    )
