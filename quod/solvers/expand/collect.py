"""Collecting (row, column, coefficient) triplets into compressed sparse rows."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from quod import errors
from quod.solvers.expand.arithmetic import Arithmetic
from quod.solvers.expand.frame import Frame
from quod.solvers.standard import Array

if TYPE_CHECKING:
    from quod.solvers.expand.convex import ConvexTerms


@dataclasses.dataclass(frozen=True)
class Rows:
    """m rows in CSR form (column numbers ascending in each row, no zeros) and their constants (m,)."""

    indptr: Array
    indices: Array
    data: Array
    constants: Array


class Budget:
    """Nonzeros that may still be made, over all rows of a model."""

    def __init__(self, limit: int) -> None:
        self.limit, self.used = limit, 0

    def spend(self, amount: int, field: str) -> None:
        """Count before allocating. Raises LimitExceeded naming the row."""
        self.used += amount
        if self.used > self.limit:
            raise errors.LimitExceeded(
                "nonzeros",
                self.used,
                self.limit,
                f"{field}: the model would have over {self.used:,} nonzeros, the limit is {self.limit:,}",
            )


class Collector:
    """Terms and constants of rows whose numbers the frames carry in their array `row`, times `scale`."""

    def __init__(
        self,
        arithmetic: Arithmetic,
        budget: Budget,
        field: str,
        *,
        orientation: int = 0,
        convex: ConvexTerms | None = None,
        quadratic: bool = False,
    ) -> None:
        self.arithmetic, self.budget, self.field = arithmetic, budget, field
        self.orientation, self.convex, self.quadratic = orientation, convex, quadratic
        self._rows: list[Array] = []
        self._columns: list[Array] = []
        self._values: list[Array] = []
        self._constants: list[tuple[Array, Array]] = []
        self.products: list[tuple[Array, Array, Array]] = []  # (column, column, coefficient) of an objective

    def term(self, frame: Frame, column: Array) -> None:
        """Add scale · x[column] to the row of every cell; cells that agree in both are added up first."""
        if not frame.cells:
            return
        row = frame.arrays["row"]
        value = _condense(frame, frame.arrays["scale"], (row, column))
        shape = np.broadcast_shapes(row.shape, column.shape, value.shape)
        self.budget.spend(int(np.prod(shape)), self.field)
        self._rows.append(np.broadcast_to(row, shape).astype(np.int32).reshape(-1))
        self._columns.append(np.broadcast_to(column, shape).astype(np.int32).reshape(-1))
        self._values.append(np.broadcast_to(value, shape).reshape(-1))

    def terms(self, row: Array, column: Array, value: Array) -> None:
        """Add ready triplets."""
        self.budget.spend(len(row), self.field)
        self._rows.append(row.astype(np.int32))
        self._columns.append(column.astype(np.int32))
        self._values.append(value)

    def constant(self, frame: Frame, value: Array) -> None:
        """Add scale · value to the row of every cell."""
        if not frame.cells:
            return
        row = frame.arrays["row"]
        value = _condense(frame, np.asarray(frame.arrays["scale"] * value), (row,))
        shape = np.broadcast_shapes(row.shape, value.shape)
        self._constants.append(
            (np.broadcast_to(row, shape).reshape(-1), np.broadcast_to(value, shape).reshape(-1))
        )

    def finish(self, rows: int, columns: int) -> Rows:
        """All triplets as CSR with `rows` rows; equal places are added, zeros dropped."""
        empty = np.zeros(0, dtype=np.int32)
        row = _join(self._rows, empty)
        column = _join(self._columns, empty)
        value = _join(self._values, self.arithmetic.zeros(0))
        self._rows, self._columns, self._values = [], [], []
        key = row.astype(np.int64) * columns + column
        if len(key) > 1 and not (key[1:] > key[:-1]).all():
            order = np.argsort(key, kind="stable")
            key = key[order]
            first = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))
            value = value[order]
            if len(first) < len(key):
                value, order = np.add.reduceat(value, first), order[first]
            row, column = row[order], column[order]
        del key
        nonzero = np.asarray(value != 0, dtype=bool)
        if not nonzero.all():
            row, column, value = row[nonzero], column[nonzero], value[nonzero]
        indptr = np.zeros(rows + 1, dtype=np.int64)
        np.cumsum(np.bincount(row, minlength=rows), out=indptr[1:])
        return Rows(indptr, column, value, self._sums(rows))

    def _sums(self, rows: int) -> Array:
        total = self.arithmetic.zeros(rows)
        for row, value in self._constants:
            total = total + self.arithmetic.sums(row, value, rows)
        return total


def _condense(frame: Frame, value: Array, places: tuple[Array, ...]) -> Array:
    """Sum the coefficient over the axes on which no place varies."""
    for axis, size in enumerate(frame.shape):
        if all(place.shape[axis] == 1 for place in places):
            if value.shape[axis] != 1:
                value = np.add.reduce(value, axis=axis, keepdims=True)
            elif size != 1:
                value = np.asarray(value * size)
    return value


def _join(parts: list[Array], empty: Array) -> Array:
    return parts[0] if len(parts) == 1 else np.concatenate([empty, *parts])
