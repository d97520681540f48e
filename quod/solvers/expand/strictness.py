"""Strict rows of integer columns as closed rows (docs/formulation.md §3)."""

from __future__ import annotations

import math

import flint
import numpy as np

from quod.solvers.expand.collect import Rows
from quod.solvers.standard import Array


def closed(rows: Rows, sense: int, integer: Array) -> Rows:
    """Scale and move inwards each row `a·x + c < 0` (sense −1) or `> 0` (+1) of integer columns.

    Exact arithmetic only. `integer` (n,) flags the declared columns; rows with others stay as they are. A row
    without terms becomes the closed row with the same truth: 0 < b is 0 <= ⌈b⌉ − 1.
    """
    values, constants = rows.data.copy(), rows.constants.copy()
    known = np.concatenate((integer, np.zeros(1, dtype=bool)))
    whole = known[np.minimum(rows.indices, len(integer))]
    for row in range(len(constants)):
        part = slice(int(rows.indptr[row]), int(rows.indptr[row + 1]))
        if whole[part].all():
            scale = _coprime(values[part])
            values[part] = values[part] * scale
            bound = -constants[row] * scale
            constants[row] = flint.fmpq(1 - bound.ceil() if sense < 0 else -1 - bound.floor())
    return Rows(rows.indptr, rows.indices, values, constants)


def _coprime(coefficients: Array) -> flint.fmpq:
    """The positive factor that makes the coefficients coprime integers; 1 for none."""
    if not len(coefficients):
        return flint.fmpq(1)
    denominator = math.lcm(*(int(v.q) for v in coefficients))
    return flint.fmpq(denominator, math.gcd(*(int((v * denominator).p) for v in coefficients)))
