"""What a solver answered."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from quod import jobs

LOWER, BASIC, UPPER, FREE, NONBASIC = range(5)
"""Status in a basis: at the lower bound, basic, at the upper bound, free at zero, nonbasic somewhere."""


@dataclasses.dataclass(frozen=True)
class Basis:
    """Final simplex basis: one status for each column (n,) and row (m,)."""

    columns: npt.NDArray[np.int8]
    rows: npt.NDArray[np.int8]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """A solver's word; nothing in it is proved.

    `objective` and `bound` are in the sense of the model and include its constant; `values` (n,) are in the
    order of the columns, None without a feasible point; `gap` is relative; `seconds` is wall clock.
    """

    termination: jobs.Termination
    raw_status: str
    solver: str
    version: str
    seconds: float
    objective: float | None = None
    values: npt.NDArray[np.float64] | None = None
    bound: float | None = None
    gap: float | None = None
    nodes: int | None = None
    basis: Basis | None = None
