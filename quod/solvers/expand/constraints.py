"""One constraint, or the objective, as rows: loops, both sides, sense, strictness."""

from __future__ import annotations

import dataclasses

import numpy as np

from quod import errors
from quod.solvers import syntax, tokens
from quod.solvers.expand import strictness
from quod.solvers.expand.collect import Budget, Collector, Rows
from quod.solvers.expand.convex import ConvexTerms
from quod.solvers.expand.data import Data
from quod.solvers.expand.emit import Emitter
from quod.solvers.expand.frame import Frame
from quod.solvers.expand.names import Label
from quod.solvers.standard import Array

_SENSE = {"<=": -1, "<": -1, "==": 0, ">=": 1, ">": 1}


@dataclasses.dataclass(frozen=True)
class Block:
    """The rows of one constraint (or the one row of the objective), constants on the left side.

    Columns from `declared` on are provisional numbers of new columns, `renumber` puts them in order;
    `new_rows` are the rows that bound them; `products` is the quadratic part of an objective.
    """

    label: Label
    sense: int
    rows: Rows
    new_rows: Rows
    declared: int
    renumber: Array
    products: tuple[Array, Array, Array] | None = None


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
    block = _block(name, frame, sense, out, convex, data.columns)
    if strict:
        block = dataclasses.replace(block, rows=strictness.closed(block.rows, sense, integer))
    if used is not data:
        rows, new_rows = (_to_float(part, used) for part in (block.rows, block.new_rows))
        block = dataclasses.replace(block, rows=rows, new_rows=new_rows)
    _check_finite(block, data, source)
    return block


def objective(
    tree: syntax.Expression, minimize: bool, source: tokens.Source, data: Data, budget: Budget
) -> Block:
    """Expand the objective, linear or quadratic. Raises as `constraint` does."""
    emitter = Emitter(data, source)
    frame = _row_frame(emitter, ())
    convex = ConvexTerms(data.arithmetic, budget, source.field, data.columns)
    orientation = 1 if minimize else -1
    out = Collector(
        data.arithmetic, budget, source.field, orientation=orientation, convex=convex, quadratic=True
    )
    emitter.emit(tree, frame, out)
    block = _block("objective", frame, 0, out, convex, data.columns)
    if out.products:
        i, j, value = (np.concatenate(parts) for parts in zip(*out.products, strict=True))
        block = dataclasses.replace(block, products=(i, j, value))
    _check_finite(block, data, source)
    return block


def _block(name: str, frame: Frame, sense: int, out: Collector, convex: ConvexTerms, declared: int) -> Block:
    rows, new = convex.finish(out.finish(frame.cells, declared + convex.columns))
    loops = dataclasses.replace(frame, arrays={key: frame.arrays[key] for key in frame.loops})
    label = Label(name, loops, frame.cells, new.origin, new.number, new.owner, new.part)
    return Block(label, sense, rows, new.rows, declared, new.renumber)


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


def _to_float(rows: Rows, data: Data) -> Rows:
    arithmetic = data.arithmetic
    return dataclasses.replace(
        rows, data=arithmetic.to_float(rows.data), constants=arithmetic.to_float(rows.constants)
    )


def _check_finite(block: Block, data: Data, source: tokens.Source) -> None:
    for part in (block.rows, block.new_rows):
        if not (data.arithmetic.finite(part.data) and data.arithmetic.finite(part.constants)):
            raise errors.InvalidInput("a coefficient is beyond 1e308", field=source.field)
