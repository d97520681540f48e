"""abs, min and max whose arguments turn out to hold no variables fold to numbers (docs/formulation.md §4)."""

from __future__ import annotations

import numpy as np

from quod.solvers.expand.collect import Rows
from quod.solvers.standard import Array


def fold(main: Rows, extra: Rows, owner: Array, direction: Array, declared: int) -> tuple[Rows, Rows, Array]:
    """Replace terms that are constant by their values.

    `extra` are the rows `±argument − direction·t <= 0` of the terms; `owner` (m,) is the term of each,
    `direction` (k,) +1 for max and −1 for min; column `declared + term` is its t. Returns the rows of the
    formulation, the rows of the terms, and which terms stay (k,). The rows of folded terms keep their places.
    """
    stay = np.ones(len(direction), dtype=bool)
    while True:
        open_rows = np.bincount(owner[np.diff(extra.indptr) > 1], minlength=len(stay)) > 0
        constant = stay & ~open_rows
        if not constant.any():
            return main, extra, stay
        stay &= ~constant
        rows = np.flatnonzero(constant[owner])
        rows = rows[np.argsort(owner[rows], kind="stable")]
        terms, starts = np.unique(owner[rows], return_index=True)
        value = np.zeros(len(stay), dtype=extra.constants.dtype)
        value[terms] = np.maximum.reduceat(extra.constants[rows], starts) * direction[terms]
        main = _replaced(main, constant, value, declared, np.zeros(0, dtype=np.int64))
        extra = _replaced(extra, constant, value, declared, rows)


def _replaced(rows: Rows, constant: Array, value: Array, declared: int, own: Array) -> Rows:
    """The rows with the columns of constant terms moved into the constants; in `own` rows merely dropped."""
    term = rows.indices - declared
    folded = (term >= 0) & constant[np.maximum(term, 0)]
    if not folded.any():
        return rows
    row = np.repeat(np.arange(len(rows.constants)), np.diff(rows.indptr))
    moved = folded & ~np.isin(row, own)
    constants = rows.constants.copy()
    np.add.at(constants, row[moved], rows.data[moved] * value[term[moved]])
    indptr = np.zeros_like(rows.indptr)
    np.cumsum(np.bincount(row[~folded], minlength=len(constants)), out=indptr[1:])
    return Rows(indptr, rows.indices[~folded], rows.data[~folded], constants)
