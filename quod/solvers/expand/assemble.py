"""The blocks of all constraints put together into one StandardForm."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from quod.solvers import columns, language, scopes, tokens
from quod.solvers.expand import constraints
from quod.solvers.expand.arithmetic import Arithmetic
from quod.solvers.expand.collect import Budget, Rows
from quod.solvers.expand.constraints import Block
from quod.solvers.expand.data import DEFAULT_MAX_NONZEROS, Data
from quod.solvers.expand.evaluate import Nonlinear
from quod.solvers.expand.names import Names
from quod.solvers.formulation import Formulation
from quod.solvers.standard import Array, StandardForm

Kind = Literal["lp", "milp", "qp", "miqp", "nlp", "minlp"]


def expand(
    formulation: Formulation, exact: bool = False, *, max_nonzeros: int = DEFAULT_MAX_NONZEROS
) -> StandardForm:
    """The standard form, in float64 or (`exact`) in `flint.fmpq` object arrays.

    Raises InvalidInput naming the row and column of what is wrong, Nonlinear (an InvalidInput) for a model
    that is neither linear nor quadratic in the objective, and LimitExceeded naming the row before more than
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
    blocks = [constraints.objective(tree, goal.sense == "minimize", source, data, budget)]
    for declared in formulation.constraints:
        loops, comparison = language.row(declared, scope)
        source = tokens.Source(declared.expression, f"constraint {declared.name!r}")
        blocks.append(constraints.constraint(declared.name, loops, comparison, source, data, integer, budget))
    return _join(goal.sense, data, blocks, (lower, upper, integer))


def _columns(formulation: Formulation, data: Data) -> tuple[Array, Array, Array]:
    """Bounds and integrality of the declared columns; bounds of integer columns rounded inwards."""
    lowers, uppers, integers = [], [], []
    for variable in formulation.variables:
        count = math.prod(data.shape(variable.name))
        low, high = columns.bounds(variable)
        lowers.append(_filled(count, low, -math.inf, data))
        uppers.append(_filled(count, high, math.inf, data))
        integers.append(np.full(count, variable.domain != "real", dtype=bool))
    empty = data.arithmetic.zeros(0)
    lower, upper = np.concatenate([empty, *lowers]), np.concatenate([empty, *uppers])
    return lower, upper, np.concatenate([np.zeros(0, dtype=bool), *integers])


def _filled(count: int, bound: Fraction | None, missing: float, data: Data) -> Array:
    if bound is None:
        return np.full(count, None if data.arithmetic.exact else missing, dtype=data.arithmetic.dtype)
    return data.arithmetic.full(count, bound)


def _join(
    sense: Literal["minimize", "maximize"],
    data: Data,
    blocks: list[Block],
    bounds: tuple[Array, Array, Array],
) -> StandardForm:
    """Columns and rows of all blocks, the objective's first in `blocks`, which is emptied on the way."""
    arithmetic, declared = data.arithmetic, data.columns
    labels = [block.label for block in blocks]
    starts = np.cumsum([declared, *(len(label.origin) for label in labels)]).tolist()
    total = starts.pop()
    lower, upper, integer = _with_new_columns(bounds, total - declared, data)
    goal = blocks[0]
    cost, constant = arithmetic.zeros(total), goal.rows.constants[0]
    cost[_final(goal, goal.rows, starts[0])] = goal.rows.data
    quadratic = _quadratic(goal, arithmetic)
    has_products = goal.products is not None and bool(np.any(goal.products[2] != 0))  # also if they cancel
    senses = [np.full(b.label.rows, b.sense, dtype=np.int8) for b in blocks[1:]]
    senses += [np.full(len(label.owner), -1, dtype=np.int8) for label in labels]
    parts = [(b.rows, _final(b, b.rows, s)) for b, s in zip(blocks[1:], starts[1:], strict=True)]
    parts += [(b.new_rows, _final(b, b.new_rows, s)) for b, s in zip(blocks, starts, strict=True)]
    blocks.clear()
    del goal
    indptr, indices, values, rhs = _stack(parts, arithmetic)
    names = Names(data, labels)
    kind: Any = ("mi" if integer.any() else "") + ("qp" if has_products else "lp")
    return StandardForm(
        kind=kind,
        sense=sense,
        cost=cost,
        constant=constant,
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
        declared_rows=sum(label.rows for label in labels[1:]),
        column_name=names.column,
        row_name=names.row,
    )


def _with_new_columns(
    bounds: tuple[Array, Array, Array], count: int, data: Data
) -> tuple[Array, Array, Array]:
    """Free real columns after the declared ones."""
    if not count:
        return bounds
    lower, upper, integer = bounds
    lower = np.concatenate([lower, _filled(count, None, -math.inf, data)])
    upper = np.concatenate([upper, _filled(count, None, math.inf, data)])
    return lower, upper, np.concatenate([integer, np.zeros(count, dtype=bool)])


def _final(block: Block, rows: Rows, start: int) -> Array:
    """Column numbers with the block's new columns in their final places from `start` on."""
    if not len(block.renumber):
        return rows.indices
    declared = block.declared
    places = np.concatenate([np.arange(declared), start + block.renumber])
    return places[rows.indices].astype(np.int32)


def _stack(parts: list[tuple[Rows, Array]], arithmetic: Arithmetic) -> tuple[Array, Array, Array, Array]:
    """All rows below each other; `parts` is emptied on the way, so that no array is held twice for long."""
    sizes = np.concatenate([np.zeros(1, dtype=np.int64), *(np.diff(rows.indptr) for rows, _ in parts)])
    indptr = np.cumsum(sizes)
    rhs = -np.concatenate([arithmetic.zeros(0), *(rows.constants for rows, _ in parts)])
    indices = np.empty(indptr[-1], dtype=np.int32)
    values = np.empty(indptr[-1], dtype=arithmetic.dtype)
    end = int(indptr[-1])
    while parts:
        rows, columns = parts.pop()
        start = end - len(columns)
        indices[start:end], values[start:end] = columns, rows.data
        end = start
    return indptr, indices, values, rhs if arithmetic.exact else rhs + 0.0  # -0.0 is written 0.0


def _quadratic(goal: Block, arithmetic: Arithmetic) -> list[tuple[int, int, Any]]:
    """Each pair i <= j once, in order, zeros dropped."""
    if goal.products is None:
        return []
    i, j, value = goal.products
    width = goal.declared + 1
    keys, at = np.unique(i.astype(np.int64) * width + j, return_inverse=True)
    sums = arithmetic.sums(at.reshape(-1), value, len(keys))
    return [
        (int(k // width), int(k % width), v) for k, v in zip(keys.tolist(), sums.tolist(), strict=True) if v
    ]
