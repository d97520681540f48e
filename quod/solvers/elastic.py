"""The smallest change of one row or bound that makes an infeasible model feasible.

The row a·x <= b gets an elastic column t >= 0: minimize t subject to a·x - t <= b and everything else as it
is. Where all columns of the row are integer, a·x lies on a grid, and t only needs to reach its points: that
spares branching that would never end. The optimum is exact where the exact solver can prove it, HiGHS' word
otherwise.
"""

from __future__ import annotations

import dataclasses
import math
import time
from fractions import Fraction
from typing import Any

import numpy as np
from flint import fmpq

from quod import jobs
from quod.solvers import exact, highs
from quod.solvers.conflict import Member
from quod.solvers.exact.program import float_form
from quod.solvers.options import Options
from quod.solvers.standard import StandardForm

_NODES = 500  # of the tree that proves a smallest change; beyond it HiGHS' word is given


@dataclasses.dataclass(frozen=True)
class Change:
    """`amount` is added to the right-hand side or bound `before`; exact numbers are Fractions.

    `amount` is None when no change of this member alone is enough, and `unknown` is set when the solver could
    not tell in time.
    """

    member: Member
    before: Fraction
    amount: Fraction | float | None
    unknown: bool = False


def smallest(form: StandardForm, member: Member, options: Options, deadline: float) -> Change:
    """The smallest change of `member` in an exact form that restores feasibility.

    An equation may move either way; the smaller change is given.
    """
    before = _number(form, member)
    signs = _directions(form, member)
    found: list[Fraction | float] = []
    unknown = False
    for sign in signs:
        amount, told = _minimum(with_elastic(form, member, sign), options, deadline)
        unknown = unknown or not told
        if amount is not None:
            found.append(sign * amount)
    best = min(found, key=lambda amount: abs(float(amount)), default=None)
    return Change(member, before, best, unknown=unknown and best is None)


def with_elastic(form: StandardForm, member: Member, sign: int) -> StandardForm:
    """`form` with a last column that moves the number of `member` in the direction `sign`; minimizes how far.

    Feasibility must need a change: a number off the grid starts at its next point.
    """
    if member.kind != "row":
        form, member = _bound_as_row(form, member), Member("row", form.shape[0])
    columns = form.shape[1]
    number = form.rhs[member.index]
    step = _grid(form, member.index)
    rhs = form.rhs.copy()
    if step is not None:
        rhs[member.index] = step * ((number / step).ceil() if sign > 0 else (number / step).floor())
    unit = fmpq(1) if step is None else step
    end = int(form.indptr[member.index + 1])
    indptr = form.indptr.copy()
    indptr[member.index + 1 :] += 1
    names = form.column_name
    return dataclasses.replace(
        form,
        kind="milp" if form.integer.any() else "lp",
        sense="minimize",
        cost=_array([fmpq(0)] * columns + [unit]),
        constant=sign * (rhs[member.index] - number),
        rhs=rhs,
        lower=_array([*form.lower, fmpq(0)]),
        upper=_array([*form.upper, None]),
        integer=np.append(form.integer, step is not None),
        indptr=indptr,
        indices=np.insert(form.indices, end, columns),
        data=_array([*form.data[:end], -sign * unit, *form.data[end:]]),
        quadratic=[],
        column_name=lambda j: "t" if j == columns else names(j),
    )


def _grid(form: StandardForm, row: int) -> Any:
    """The step g > 0 of the values gℤ that a row of integer columns takes; None for other rows."""
    span = slice(int(form.indptr[row]), int(form.indptr[row + 1]))
    coefficients = form.data[span]
    if not len(coefficients) or not form.integer[form.indices[span]].all():
        return None
    common = math.lcm(*(int(value.q) for value in coefficients))
    return fmpq(math.gcd(*(int(value.p) * (common // int(value.q)) for value in coefficients)), common)


def _bound_as_row(form: StandardForm, member: Member) -> StandardForm:
    rows, _ = form.shape
    names = form.row_name
    lower, upper = form.lower.copy(), form.upper.copy()
    (lower if member.kind == "lower" else upper)[member.index] = None
    return dataclasses.replace(
        form,
        lower=lower,
        upper=upper,
        row_sense=np.append(form.row_sense, np.int8(1 if member.kind == "lower" else -1)),
        rhs=_array([*form.rhs, _bound(form, member)]),
        indptr=np.append(form.indptr, form.indptr[-1] + 1),
        indices=np.append(form.indices, np.int32(member.index)),
        data=_array([*form.data, fmpq(1)]),
        row_name=lambda i: "bound" if i == rows else names(i),
    )


def _bound(form: StandardForm, member: Member) -> Any:
    return (form.lower if member.kind == "lower" else form.upper)[member.index]


def _number(form: StandardForm, member: Member) -> Fraction:
    value = form.rhs[member.index] if member.kind == "row" else _bound(form, member)
    return Fraction(int(value.p), int(value.q))


def _directions(form: StandardForm, member: Member) -> tuple[int, ...]:
    """Which way relaxing moves the number: up for <= and upper bounds, down for >= and lower bounds."""
    sense = int(form.row_sense[member.index]) if member.kind == "row" else 1 if member.kind == "lower" else -1
    return (1, -1) if sense == 0 else (-sense,)


def _minimum(form: StandardForm, options: Options, deadline: float) -> tuple[Fraction | float | None, bool]:
    """The least objective, None when there is none; and whether the question was answered."""
    left = deadline - time.perf_counter()
    if left <= 0:
        return None, False
    limits = dataclasses.replace(
        options, gap=0.0, time_limit=left, node_limit=min(_NODES, options.node_limit)
    )
    outcome = highs.solve(float_form(form), limits)
    if outcome.termination is jobs.Termination.OPTIMAL and outcome.objective is not None:
        limits = dataclasses.replace(limits, time_limit=max(0.1, deadline - time.perf_counter()))
        proof = exact.prove(form, limits, outcome)
        if proof is not None and proof.kind == "optimality" and proof.strength == "exact":
            return Fraction(proof.claim["objective"]), True
        return float(outcome.objective), True
    return None, outcome.termination is jobs.Termination.INFEASIBLE


def _array(values: list[Any]) -> Any:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
