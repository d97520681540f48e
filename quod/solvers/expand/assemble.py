"""The blocks of all constraints put together into one StandardForm."""

from __future__ import annotations

import bisect
import functools
import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from quod.solvers import language, scopes, tokens
from quod.solvers.expand import constraints
from quod.solvers.expand.arithmetic import Arithmetic
from quod.solvers.expand.collect import Budget, Rows
from quod.solvers.expand.constraints import Block
from quod.solvers.expand.data import Data, index_text
from quod.solvers.expand.evaluate import Nonlinear
from quod.solvers.formulation import Formulation, Variable
from quod.solvers.standard import Array, StandardForm

DEFAULT_MAX_NONZEROS = 20_000_000

Kind = Literal["lp", "milp", "qp", "miqp", "nlp", "minlp"]


def expand(
    formulation: Formulation, exact: bool = False, *, max_nonzeros: int = DEFAULT_MAX_NONZEROS
) -> StandardForm:
    """The standard form, in float64 or (`exact`) in `flint.fmpq` object arrays.

    Raises InvalidInput naming the row and column of what is wrong, Nonlinear (an InvalidInput) for a model that
    is neither linear nor quadratic in the objective, and LimitExceeded naming the row before more than
    `max_nonzeros` nonzeros, rows, columns or conditions are made.
    """
    with np.errstate(all="ignore"):  # overflow shows as infinity and is reported with the row's name
        return _expand(formulation, Arithmetic(exact), max_nonzeros)


def classify(formulation: Formulation, *, max_nonzeros: int = DEFAULT_MAX_NONZEROS) -> Kind:
    """The class of docs/formulation.md §5. Raises as `expand` does, but not Nonlinear."""
    try:
        return expand(formulation, max_nonzeros=max_nonzeros).kind
    except Nonlinear:
        sizes = {s.name: len(s.elements) for s in formulation.sets}
        discrete = any(
            v.domain != "real" and math.prod(sizes[name] for name in v.index) for v in formulation.variables
        )
        return "minlp" if discrete else "nlp"


def _expand(formulation: Formulation, arithmetic: Arithmetic, max_nonzeros: int) -> StandardForm:
    scope = scopes.Scope(formulation)
    data = Data(formulation, arithmetic, max_nonzeros)
    budget = Budget(max_nonzeros)
    lower, upper, integer = _columns(formulation, data)
    goal = formulation.objective
    tree = language.objective(formulation, scope)
    source = tokens.Source(goal.expression, "objective")
    first = constraints.objective(tree, goal.sense == "minimize", source, data, budget)
    blocks = []
    for declared in formulation.constraints:
        loops, comparison = language.row(declared, scope)
        source = tokens.Source(declared.expression, f"constraint {declared.name!r}")
        blocks.append(
            constraints.constraint(declared.name, loops, comparison, source, data, integer, budget)
        )
    return _join(formulation, data, first, blocks, (lower, upper, integer))


def _columns(formulation: Formulation, data: Data) -> tuple[Array, Array, Array]:
    """Bounds and integrality of the declared columns; bounds of integer columns rounded inwards."""
    lowers, uppers, integers = [], [], []
    for variable in formulation.variables:
        count = math.prod(data.shape(variable.name))
        low, high = column_bounds(variable)
        lowers.append(_filled(count, low, -math.inf, data))
        uppers.append(_filled(count, high, math.inf, data))
        integers.append(np.full(count, variable.domain != "real", dtype=bool))
    empty = data.arithmetic.zeros(0)
    lower, upper = np.concatenate([empty, *lowers]), np.concatenate([empty, *uppers])
    return lower, upper, np.concatenate([np.zeros(0, dtype=bool), *integers])


def column_bounds(variable: Variable) -> tuple[Fraction | None, Fraction | None]:
    """Bounds of a variable's columns: binary within [0, 1], integers rounded inwards, None for none."""
    low = None if variable.lower is None else Fraction(variable.lower)
    high = None if variable.upper is None else Fraction(variable.upper)
    if variable.domain == "binary":
        low = Fraction(0) if low is None else max(low, Fraction(0))
        high = Fraction(1) if high is None else min(high, Fraction(1))
    if variable.domain != "real":
        low = None if low is None else Fraction(math.ceil(low))
        high = None if high is None else Fraction(math.floor(high))
    return low, high


def _filled(count: int, bound: Fraction | None, missing: float, data: Data) -> Array:
    if bound is None:
        return np.full(count, None if data.arithmetic.exact else missing, dtype=data.arithmetic.dtype)
    return data.arithmetic.full(count, bound)


def _join(
    formulation: Formulation,
    data: Data,
    goal: Block,
    blocks: Sequence[Block],
    columns: tuple[Array, Array, Array],
) -> StandardForm:
    arithmetic, declared = data.arithmetic, data.columns
    every = [goal, *blocks]
    starts = np.cumsum([declared, *(len(b.new.origin) for b in every)]).tolist()
    total = starts.pop()
    added = total - declared
    lower, upper, integer = columns
    lower = np.concatenate([lower, _filled(added, None, -math.inf, data)])
    upper = np.concatenate([upper, _filled(added, None, math.inf, data)])
    integer = np.concatenate([integer, np.zeros(added, dtype=bool)])
    cost = arithmetic.zeros(total)
    cost[_final(goal, goal.rows, starts[0])] = goal.rows.data
    parts = [(b.rows, _final(b, b.rows, s)) for b, s in zip(blocks, starts[1:], strict=True)]
    parts += [(b.new.rows, _final(b, b.new.rows, s)) for b, s in zip(every, starts, strict=True)]
    indptr, indices, values, rhs = _stack(parts, arithmetic)
    senses = [np.full(b.count, b.sense, dtype=np.int8) for b in blocks]
    senses += [np.full(len(b.new.owner), -1, dtype=np.int8) for b in every]
    quadratic = _quadratic(goal, arithmetic, declared, starts[0])
    kind: Any = ("mi" if integer.any() else "") + ("qp" if quadratic else "lp")
    return StandardForm(
        kind=kind,
        sense=formulation.objective.sense,
        cost=cost,
        constant=goal.rows.constants[0],
        lower=lower,
        upper=upper,
        integer=integer,
        row_sense=np.concatenate([np.zeros(0, dtype=np.int8), *senses]),
        rhs=rhs,
        indptr=indptr,
        indices=indices,
        data=values,
        quadratic=quadratic,
        declared_columns=declared,
        declared_rows=sum(b.count for b in blocks),
        column_name=functools.partial(_column_name, _Names(data, every, blocks)),
        row_name=functools.partial(_row_name, _Names(data, every, blocks)),
    )


def _final(block: Block, rows: Rows, start: int) -> Array:
    """Column numbers with the block's new columns in their final places from `start` on."""
    new = block.new
    if not len(new.origin):
        return rows.indices
    places = np.concatenate([np.arange(new.declared), start + new.renumber])
    return places[rows.indices].astype(np.int32)


def _stack(
    parts: list[tuple[Rows, Array]], arithmetic: Arithmetic
) -> tuple[Array, Array, Array, Array]:
    empty = np.zeros(0, dtype=np.int32)
    sizes = [np.diff(rows.indptr) for rows, _ in parts]
    indptr = np.zeros(sum(map(len, sizes)) + 1, dtype=np.int64)
    np.cumsum(np.concatenate([empty.astype(np.int64), *sizes]), out=indptr[1:])
    indices = np.concatenate([empty, *(columns for _, columns in parts)])
    values = np.concatenate([arithmetic.zeros(0), *(rows.data for rows, _ in parts)])
    rhs = -np.concatenate([arithmetic.zeros(0), *(rows.constants for rows, _ in parts)])
    return indptr, indices, values, rhs + 0 if not arithmetic.exact else rhs


def _quadratic(
    goal: Block, arithmetic: Arithmetic, declared: int, start: int
) -> list[tuple[int, int, Any]]:
    """Each pair i <= j once, in order, zeros dropped."""
    if goal.products is None:
        return []
    i, j, value = goal.products
    width = declared + 1
    keys, at = np.unique(i.astype(np.int64) * width + j, return_inverse=True)
    sums = arithmetic.sums(at.reshape(-1), value, len(keys))
    return [(int(k // width), int(k % width), v) for k, v in zip(keys.tolist(), sums.tolist(), strict=True) if v]


class _Names:
    """Where the columns and rows of each declaration start."""

    def __init__(self, data: Data, every: Sequence[Block], blocks: Sequence[Block]) -> None:
        self.data, self.every, self.blocks = data, every, blocks
        self.variables = list(data.variables)
        self.column_starts = [data.first_column[name] for name in self.variables]
        self.new_columns = np.cumsum([data.columns, *(len(b.new.origin) for b in every)]).tolist()
        self.row_starts = np.cumsum([0, *(b.count for b in blocks)]).tolist()
        self.new_rows = np.cumsum([self.row_starts[-1], *(len(b.new.owner) for b in every)]).tolist()

    def row(self, block: Block, number: int) -> str:
        """`c[a,b]`, or `objective`."""
        return block.name + index_text(block.frame.members(number, self.data))

    def new_column(self, block: Block, number: int) -> str:
        """`r#k`."""
        return f"{self.row(block, int(block.new.origin[number]))}#{block.new.number[number]}"


def _column_name(names: _Names, column: int) -> str:
    data = names.data
    if not 0 <= column < names.new_columns[-1]:
        raise IndexError(f"there is no column {column}")
    if column >= data.columns:
        block = bisect.bisect_right(names.new_columns, column) - 1
        return names.new_column(names.every[block], column - names.new_columns[block])
    place = bisect.bisect_right(names.column_starts, column) - 1
    name = names.variables[place]
    at = np.unravel_index(column - names.column_starts[place], data.shape(name)) if data.shape(name) else ()
    members = [data.member(s, int(k)) for s, k in zip(data.index[name], at, strict=True)]
    return name + index_text(members)


def _row_name(names: _Names, row: int) -> str:
    if not 0 <= row < names.new_rows[-1]:
        raise IndexError(f"there is no row {row}")
    if row < names.row_starts[-1]:
        place = bisect.bisect_right(names.row_starts, row) - 1
        return names.row(names.blocks[place], row - names.row_starts[place])
    place = bisect.bisect_right(names.new_rows, row) - 1
    block, number = names.every[place], row - names.new_rows[place]
    return f"{names.new_column(block, int(block.new.owner[number]))}.{block.new.part[number]}"
