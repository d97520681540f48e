"""What multipliers prove of a leaf: a bound by weak duality (docs/certificates.md, "One bound for
everything"), or that integers cannot add up to a fraction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import flint

from quod.certificates import reading
from quod.certificates.program import Program

Bounds = Sequence[flint.fmpq | None]


def multipliers(program: Program, value: Any, where: str) -> dict[int, flint.fmpq]:
    """Multipliers by row number. Raises CertificateRejected for unknown rows and wrong signs: a multiplier
    is at
    least 0 on `>=` rows, at most 0 on `<=` rows, free on `==` rows."""
    result = {}
    for name, entry in reading.mapping(value, where, (), None).items():
        row = program.row.get(name)
        if row is None:
            reading.reject(where, f"{name[:80]!r} is not a row of the standard form")
        multiplier = reading.number(entry, f"{where}, row {name}", decimals=False)
        comparison = program.rows[row].comparison
        if (comparison == "<=" and multiplier > 0) or (comparison == ">=" and multiplier < 0):
            reading.reject(
                where, f"the multiplier {multiplier} of row {name} has the wrong sign for {comparison}"
            )
        result[row] = multiplier
    return result


def weak_duality(
    program: Program,
    cost: Mapping[int, flint.fmpq],
    y: Mapping[int, flint.fmpq],
    lower: Bounds,
    upper: Bounds,
) -> tuple[flint.fmpq | None, int]:
    """Σ y_i b_i + Σ_j min(d_j l_j, d_j u_j) with d = cost - yᵀA: no feasible point has a smaller cost·x.

    The value is None (minus infinity) when a term needs an infinite bound; the second part is then that
    column.
    """
    total, reduced = _combined(program, y, cost)
    for column, slope in reduced.items():
        if slope != 0:
            bound = lower[column] if slope > 0 else upper[column]
            if bound is None:
                return None, column
            total = reading.guard(total + slope * bound)
    return total, -1


def indivisible(program: Program, y: Mapping[int, flint.fmpq], where: str) -> None:
    """Raises CertificateRejected unless yᵀA is integral on integer columns and zero on the others, and yᵀb is
    no whole number, for y on `==` rows: no integral x has yᵀAx = yᵀb then.

    (Kronecker's theorem of the alternative; Schrijver 1986, "Theory of Linear and Integer Programming",
    corollary 4.1a.)
    """
    for number in y:
        if program.rows[number].comparison != "==":
            reading.reject(where, "'indivisible' takes multipliers of == rows only")
    total, slopes = _combined(program, y, {})
    for column, slope in slopes.items():
        if slope != 0 and not program.integer[column]:
            name = program.names[column]
            reading.reject(where, f"is not proved empty: column {name} is not an integer column")
        if slope.q != 1:
            name = program.names[column]
            reading.reject(where, f"is not proved empty: the coefficient {-slope} of {name} is not whole")
    if total.q == 1:
        reading.reject(where, f"is not proved empty: the right-hand side {total} is a whole number")


def _combined(
    program: Program, y: Mapping[int, flint.fmpq], cost: Mapping[int, flint.fmpq]
) -> tuple[flint.fmpq, dict[int, flint.fmpq]]:
    """yᵀb and cost - yᵀA."""
    total, reduced = flint.fmpq(0), dict(cost)
    guard = reading.guard
    for number, multiplier in y.items():
        row = program.rows[number]
        total = guard(total + multiplier * row.rhs)
        for column, coefficient in row.terms.items():
            held = reduced.get(column)
            step = multiplier * coefficient
            reduced[column] = -step if held is None else guard(held - step)
    return total, reduced
