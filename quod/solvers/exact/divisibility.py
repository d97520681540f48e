"""Equations that no integers satisfy, whatever their bounds: 2x - 4y == 3.

Branching never ends on these when the columns are unbounded, and takes exponentially many nodes when they are
bounded. Multipliers that make the left side integral and the right side a fraction end it at the root
(Schrijver 1986, "Theory of Linear and Integer Programming", corollary 4.1a).
"""

from __future__ import annotations

from flint import fmpq, fmpq_mat, fmpz_mat

from quod.solvers.exact import rational
from quod.solvers.exact.program import Program

_MOST_ROWS = 60
_MOST_CELLS = 6_000
"""Size of a system that gets a normal form; single rows are tried in models of any size."""


def contradiction(program: Program) -> dict[int, fmpq] | None:
    """Multipliers y by row with yᵀA integral and yᵀb not, over `==` rows with only integer columns.

    None if there are none, or if only a system too large for a normal form could give them.
    """
    scales: dict[int, fmpq] = {}
    for i, entries in enumerate(program.rows):
        if program.sense[i] or not entries or not all(program.integer[j] for j, _ in entries):
            continue
        scales[i] = 1 / rational.gcd([a for _, a in entries])
        if (scales[i] * program.rhs[i]).q != 1:
            return {i: scales[i]}
    found = _of_system(program, scales)
    return None if found is None else {i: y * scales[i] for i, y in found.items() if y}


def _of_system(program: Program, scales: dict[int, fmpq]) -> dict[int, fmpq] | None:
    """The same for rows scaled to coprime whole coefficients (and so whole right-hand sides) together.

    The columns of these rows span a lattice, whose basis is the Hermite normal form H of their transpose. The
    right-hand side b lies in it when b H⁻¹ is integral; where an entry k is not, column k of H⁻¹ is integral
    on every column and a fraction on b. Rows without a pivot depend on the others and get no multiplier.
    """
    rows = list(scales)
    used = sorted({j for i in rows for j, _ in program.rows[i]})
    if len(rows) < 2 or len(rows) > _MOST_ROWS or len(rows) * len(used) > _MOST_CELLS:
        return None
    place = {j: k for k, j in enumerate(used)}
    transposed = fmpz_mat(len(used), len(rows))
    for position, i in enumerate(rows):
        for j, a in program.rows[i]:
            transposed[place[j], position] = (scales[i] * a).p
    normal = transposed.hnf()
    pivots = _pivots(normal)
    size = len(pivots)
    basis = fmpz_mat(size, size, [normal[k, p] for k in range(size) for p in pivots])
    right = fmpq_mat(1, size, [scales[rows[p]] * program.rhs[rows[p]] for p in pivots])
    inverse = basis.inv()
    combination = right * inverse
    for k in range(size):
        if combination[0, k].q != 1:
            return {rows[p]: inverse[n, k] for n, p in enumerate(pivots)}
    return None


def _pivots(normal: fmpz_mat) -> list[int]:
    """The column of the first nonzero entry of each nonzero row of an echelon form."""
    found = []
    for k in range(normal.nrows()):
        first = next((j for j in range(normal.ncols()) if normal[k, j]), None)
        if first is None:
            break
        found.append(first)
    return found
