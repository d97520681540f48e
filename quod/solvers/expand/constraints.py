"""One constraint, or the objective, as rows: loops, both sides, sense, strictness."""

from __future__ import annotations

import dataclasses
import math

import flint
import numpy as np

from quod import errors
from quod.solvers import syntax, tokens
from quod.solvers.expand.collect import Budget, Collector, Rows
from quod.solvers.expand.convex import ConvexTerms, Linearised
from quod.solvers.expand.data import Data
from quod.solvers.expand.emit import Emitter
from quod.solvers.expand.frame import Frame
from quod.solvers.standard import Array

_SENSE = {"<=": -1, "<": -1, "==": 0, ">=": 1, ">": 1}


@dataclasses.dataclass(frozen=True)
class Block:
    """The rows of one constraint (or the one row of the objective), constants on the left side.

    `frame` holds the loop values of the rows; `products` the quadratic part of an objective.
    """

    name: str
    frame: Frame
    sense: int
    rows: Rows
    new: Linearised
    products: tuple[Array, Array, Array] | None = None

    @property
    def count(self) -> int:
        """Number of rows."""
        return len(self.rows.constants)


def constraint(
    name: str,
    loops: tuple[syntax.Loop, ...],
    tree: syntax.Compare,
    source: tokens.Source,
    data: Data,
    integer: Array,
    budget: Budget,
) -> Block:
    """Expand a constraint; `integer` (n,) flags the declared integer columns.

    Raises InvalidInput, Nonlinear and LimitExceeded naming the row.
    """
    strict = tree.operator in ("<", ">")
    used = data.exactly() if strict else data
    emitter = Emitter(used, source)
    frame = _row_frame(emitter, loops)
    sense = _SENSE[tree.operator]
    convex = ConvexTerms(used.arithmetic, budget, source.field, data.columns)
    out = Collector(used.arithmetic, budget, source.field, orientation=-sense, convex=convex)
    emitter.emit(tree.left, frame, out)
    emitter.emit(tree.right, frame.with_arrays(scale=-frame.arrays["scale"]), out)
    count = frame.cells
    rows = out.finish(count, data.columns + convex.columns)
    if strict:
        rows = _closed(rows, sense, integer, used)
    new = convex.finish()
    if used is not data:
        rows, new = _to_float(rows, used), dataclasses.replace(new, rows=_to_float(new.rows, used))
    _check_finite(rows, new.rows, data, source)
    return Block(name, _names_only(frame), sense, rows, new)


def objective(tree: syntax.Expression, minimize: bool, source: tokens.Source, data: Data, budget: Budget) -> Block:
    """Expand the objective, linear or quadratic. Raises as `constraint` does."""
    emitter = Emitter(data, source)
    frame = _row_frame(emitter, ())
    convex = ConvexTerms(data.arithmetic, budget, source.field, data.columns)
    orientation = 1 if minimize else -1
    out = Collector(
        data.arithmetic, budget, source.field, orientation=orientation, convex=convex, quadratic=True
    )
    emitter.emit(tree, frame, out)
    rows = out.finish(1, data.columns + convex.columns)
    new = convex.finish()
    _check_finite(rows, new.rows, data, source)
    products = None
    if out.products:
        i, j, value = (np.concatenate(parts) for parts in zip(*out.products, strict=True))
        products = (i, j, value)
    return Block("objective", frame, 0, rows, new, products)


def _row_frame(emitter: Emitter, loops: tuple[syntax.Loop, ...]) -> Frame:
    """The bindings of for_each in order, with the arrays that emitting needs."""
    frame = emitter.loops(loops, Frame())
    emitter.limit(frame, "rows")
    in_order = len(frame.shape) == len(loops) + 1 and all(
        frame.arrays[key].shape[axis] == frame.shape[axis] for axis, key in enumerate(frame.loops, 1)
    )
    if not in_order:
        frame = frame.sorted()
    row = np.arange(frame.cells).reshape(frame.shape)
    one = emitter.arithmetic.full((1,) * len(frame.shape), 1)
    return frame.with_arrays(row=row, origin=row, scale=one)


def _names_only(frame: Frame) -> Frame:
    return dataclasses.replace(frame, arrays={key: frame.arrays[key] for key in frame.loops})


def _closed(rows: Rows, sense: int, integer: Array, data: Data) -> Rows:
    """Strict rows of integer columns as closed rows (docs/formulation.md §3); exact arithmetic.

    A row without terms becomes the closed row with the same truth: 0 < b is 0 <= ⌈b⌉ − 1.
    """
    values, constants = rows.data.copy(), rows.constants.copy()
    known = np.concatenate((integer, np.zeros(1, dtype=bool)))
    for row in range(len(constants)):
        part = slice(int(rows.indptr[row]), int(rows.indptr[row + 1]))
        if not known[np.minimum(rows.indices[part], len(integer))].all():
            continue
        scale = flint.fmpq(1)
        if part.start < part.stop:
            numerators = math.gcd(*(int(v.p) for v in values[part]))
            scale = flint.fmpq(math.lcm(*(int(v.q) for v in values[part])), 1)
            numerators = math.gcd(*(int((v * scale).p) for v in values[part]))
            scale = scale / numerators
        bound = -constants[row] * scale
        values[part] = values[part] * scale
        constants[row] = flint.fmpq(1 - bound.ceil() if sense < 0 else -1 - bound.floor())
    return Rows(rows.indptr, rows.indices, values, constants)


def _to_float(rows: Rows, data: Data) -> Rows:
    arithmetic = data.arithmetic
    return dataclasses.replace(
        rows, data=arithmetic.to_float(rows.data), constants=arithmetic.to_float(rows.constants)
    )


def _check_finite(rows: Rows, new: Rows, data: Data, source: tokens.Source) -> None:
    for part in (rows, new):
        if not (data.arithmetic.finite(part.data) and data.arithmetic.finite(part.constants)):
            raise errors.InvalidInput("a coefficient is beyond 1e308", field=source.field)
