"""Linearisation of convex abs, min and max terms (docs/formulation.md §4)."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from quod.solvers import syntax
from quod.solvers.expand import folding
from quod.solvers.expand.arithmetic import Arithmetic
from quod.solvers.expand.collect import Budget, Collector, Rows
from quod.solvers.expand.frame import Frame
from quod.solvers.standard import Array

if TYPE_CHECKING:
    from quod.solvers.expand.emit import Emitter

Term = syntax.Call | syntax.Aggregate


@dataclasses.dataclass(frozen=True)
class Linearised:
    """The new columns and rows of one constraint, in their final order.

    `origin` (k,) is the row within the constraint of each new column, `number` (k,) its k in `r#k`;
    `owner` (m,) is the new column of each new row, `part` (m,) its number in `r#k.part`; all rows are <=.
    `renumber` maps provisional numbers of new columns to final ones.
    """

    origin: Array
    number: Array
    owner: Array
    part: Array
    rows: Rows
    renumber: Array


class ConvexTerms:
    """The abs, min and max terms met while one constraint (or the objective) is emitted.

    Columns get provisional numbers from `declared` on, in the order of emission; `finish` sorts them.
    """

    def __init__(self, arithmetic: Arithmetic, budget: Budget, field: str, declared: int) -> None:
        self.arithmetic, self.declared = arithmetic, declared
        self.rows = Collector(arithmetic, budget, field, orientation=1, convex=self)
        self._orders: list[tuple[Array, list[Array]]] = []  # origin row and reading order of each column
        self._directions: list[Array] = []
        self._owners: list[Array] = []
        self._parts: list[Array] = []
        self.columns = 0
        self._row_count = 0

    def occurs(self, node: syntax.Any) -> bool:
        """Whether an abs, min or max stands below the node."""
        return any(
            isinstance(part, syntax.Call | syntax.Aggregate) and part.function in ("abs", "min", "max")
            for part in syntax.walk(node)
        )

    def emit(self, emitter: Emitter, node: Term, frame: Frame, out: Collector) -> None:
        """Add scale · t to `out`, with a new column t in every cell, and the rows that bound t.

        Raises Nonlinear where the term is not convex.
        """
        scale = frame.arrays["scale"]
        if not np.asarray(scale != 0, dtype=bool).all():
            frame = frame.filter(np.asarray(scale != 0, dtype=bool))
            scale = frame.arrays["scale"]
        if not frame.cells:
            return
        direction = -1 if node.function == "min" else 1
        if out.orientation == 0 or np.asarray(scale * (direction * out.orientation) < 0, dtype=bool).any():
            side = "an equality" if out.orientation == 0 else "a place where it is not convex"
            emitter.nonlinear(f"{node.function} stands in {side}", node)
        emitter.limit(frame, "columns")
        column = self.columns + np.arange(frame.cells).reshape(frame.shape)
        self._register(node, frame, direction)
        out.term(frame, self.declared + column)
        if isinstance(node, syntax.Aggregate):
            self._bound_loop(emitter, node, frame, column, direction)
            return
        arguments = [(direction, argument) for argument in node.arguments]
        if node.function == "abs":
            arguments.append((-1, node.arguments[0]))
        for part, (sign, argument) in enumerate(arguments, 1):
            parts = np.full(frame.cells, part, dtype=np.int64)
            self._bound(emitter, argument, frame, column, sign, direction, parts)

    def _bound_loop(
        self, emitter: Emitter, node: syntax.Aggregate, frame: Frame, column: Array, direction: int
    ) -> None:
        """Rows for `max(e for i in I)`: one for each binding."""
        count = len(frame.loops)
        inner = emitter.inner(node, frame.with_arrays(column=column), self.rows)
        emitter.limit(inner, "rows")
        owner = inner.flat("column")
        order = np.lexsort([*(inner.flat(key) for key in inner.loops[count:][::-1]), owner])
        start = np.flatnonzero(np.concatenate(([True], np.diff(owner[order]) > 0)))
        if len(start) < frame.cells or not len(owner):
            missing = ~np.isin(column, owner)
            emitter.places.fail(
                f"{node.function} over nothing{frame.describe(missing, emitter.data)}", node.at
            )
        part = np.empty(len(owner), dtype=np.int64)
        sizes = np.diff(np.append(start, len(owner)))
        part[order] = np.arange(len(owner)) - np.repeat(start, sizes) + 1
        self._bound(emitter, node.body, inner, inner.arrays["column"], direction, direction, part)

    def _bound(
        self,
        emitter: Emitter,
        argument: syntax.Expression,
        frame: Frame,
        column: Array,
        sign: int,
        direction: int,
        part: Array,
    ) -> None:
        """One row for each cell: sign · argument − direction · t <= 0."""
        row = self._row_count + np.arange(frame.cells).reshape(frame.shape)
        self._row_count += frame.cells
        self._owners.append(np.broadcast_to(column, frame.shape).reshape(-1))
        self._parts.append(part)
        ones = (1,) * len(frame.shape)
        minus = frame.with_arrays(row=row, scale=self.arithmetic.full(ones, -direction))
        self.rows.term(minus, self.declared + column)
        emitter.emit(argument, frame.with_arrays(row=row, scale=self.arithmetic.full(ones, sign)), self.rows)

    def _register(self, node: Term, frame: Frame, direction: int) -> None:
        self._directions.append(np.full(frame.cells, direction))
        known = sum(name.startswith("order ") for name in frame.arrays)
        orders = [frame.flat(f"order {k}") for k in range(known)]
        self._orders.append((frame.flat("origin"), [*orders, np.full(frame.cells, node.at)]))
        self.columns += frame.cells

    def finish(self, main: Rows) -> tuple[Rows, Linearised]:
        """The constraint's rows and the new ones, constant terms folded to numbers.

        Columns and rows are ordered by row of the formulation and reading order, outer before inner.
        """
        none = np.zeros(0, dtype=np.int64)
        if not self.columns:
            zeros = self.arithmetic.zeros(0)
            nothing = Rows(np.zeros(1, dtype=np.int64), none, zeros, zeros)
            return main, Linearised(none, none, none, none, nothing, none)
        owner, part = np.concatenate([none, *self._owners]), np.concatenate([none, *self._parts])
        extra = self.rows.finish(self._row_count, self.declared + self.columns)
        directions = np.concatenate([none, *self._directions])
        main, extra, stay = folding.fold(main, extra, owner, directions, self.declared)
        keys = self._keys()[:, stay]
        by_reading = np.lexsort(keys[::-1])
        origin = keys[0][by_reading]
        rank = np.full(self.columns, -1, dtype=np.int64)
        rank[np.flatnonzero(stay)[by_reading]] = np.arange(len(by_reading))
        kept = np.flatnonzero(stay[owner])
        order = kept[np.lexsort((part[kept], rank[owner[kept]]))]
        number = np.arange(len(origin)) - np.searchsorted(origin, origin) + 1
        new = Linearised(origin, number, rank[owner[order]], part[order], _reorder(extra, order), rank)
        return main, new

    def _keys(self) -> Array:
        """For each column its row of the formulation and its reading order, (levels, columns)."""
        depth = max((len(orders) for _, orders in self._orders), default=0)
        keys = np.full((depth + 1, self.columns), -1, dtype=np.int64)
        start = 0
        for origin, orders in self._orders:
            stop = start + len(origin)
            keys[0, start:stop] = origin
            for level, order in enumerate(orders, 1):
                keys[level, start:stop] = order
            start = stop
        return keys


def _reorder(rows: Rows, order: Array) -> Rows:
    sizes = np.diff(rows.indptr)[order]
    indptr = np.concatenate(([0], np.cumsum(sizes)))
    at = np.repeat(rows.indptr[:-1][order] - indptr[:-1], sizes) + np.arange(indptr[-1])
    return Rows(indptr, rows.indices[at], rows.data[at], rows.constants[order])
