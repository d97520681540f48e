"""Whether a candidate model has points at all, and a finite optimum."""

from __future__ import annotations

from flint import fmpq

from quod.solvers.drafters.template.model import Model, ModelRow
from quod.solvers.exact import simplex
from quod.solvers.exact.program import Entries, Program

_PIVOTS = 200
_SENSES = {"<=": -1, "<": -1, "=": 0, ">=": 1, ">": 1}


def status(model: Model) -> str:
    """ "optimal", "infeasible" or "unbounded" over the reals (strict rows as if not strict), or "limit".

    Exact and in this process: candidates are tiny, and a solver's crash must not end the reader.
    """
    program = _program(model)
    return simplex.solve(program, program.lower, program.upper, pivot_limit=_PIVOTS).kind


def _program(model: Model) -> Program:
    sign = -1 if model.sense == "max" else 1
    count = len(model.objective)
    rows = [_entries(row) for row in model.rows]
    columns: list[Entries] = [[] for _ in range(count)]
    for i, entries in enumerate(rows):
        for v, value in entries:
            columns[v].append((i, value))
    return Program(
        cost=[sign * fmpq(c.numerator, c.denominator) for c in model.objective],
        lower=[fmpq(0)] * count,
        upper=[None] * count,
        integer=[False] * count,
        rows=rows,
        columns=columns,
        sense=[_SENSES[row.op] for row in model.rows],
        rhs=[fmpq(row.rhs.numerator, row.rhs.denominator) for row in model.rows],
        sign=sign,
        constant=fmpq(0),
    )


def _entries(row: ModelRow) -> Entries:
    return [(v, fmpq(c.numerator, c.denominator)) for v, c in enumerate(row.coefficients) if c]
