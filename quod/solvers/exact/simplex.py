"""The bounded primal simplex method in exact arithmetic, started from a solver's final basis.

Its purpose is repair: a basis that HiGHS calls optimal usually is, and then no pivot is made. Phase 1
minimizes the sum of infeasibilities from whatever basis is given; ties and degenerate steps follow Bland's
rule, so it ends (Bland 1977; Chvátal, Linear Programming, chapter 8, for general bounds).

Variables 0…n-1 are the columns, n…n+m-1 the logicals s_i = rows[i]·x, bounded by the row's right-hand side.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from typing import Literal

from flint import fmpq

from quod.solvers.exact.factor import Factor, Singular
from quod.solvers.exact.program import ZERO, Bounds, Program
from quod.solvers.outcome import BASIC, FREE, LOWER, UPPER, Basis

Kind = Literal["optimal", "infeasible", "unbounded", "limit"]


@dataclasses.dataclass(frozen=True)
class Vertex:
    """Where the simplex method ended.

    `optimal`: `point` (n,) and `multipliers` by row prove each other. `infeasible`: `multipliers` are
    Farkas'. `unbounded`: `point` is feasible and `ray` by column improves for ever. `limit`: time or pivots
    ran out.
    """

    kind: Kind
    pivots: int
    point: list[fmpq] = dataclasses.field(default_factory=list)
    multipliers: dict[int, fmpq] = dataclasses.field(default_factory=dict)
    ray: dict[int, fmpq] = dataclasses.field(default_factory=dict)


def solve(
    program: Program,
    lower: Bounds,
    upper: Bounds,
    basis: Basis | None = None,
    *,
    pivot_limit: int = 5000,
    deadline: float | None = None,
) -> Vertex:
    """Solve the linear relaxation of `program` under the given column bounds, which must not cross.

    `basis` is where to start (default: all logicals basic); a singular one is replaced by the default.
    `deadline` is a value of `time.monotonic()`.
    """
    state = _State(program, lower, upper, basis)
    try:
        return state.run(pivot_limit, deadline)
    except Singular:
        state = _State(program, lower, upper, None)
        return state.run(pivot_limit, deadline)


def basis_multipliers(program: Program, basis: Basis) -> dict[int, fmpq]:
    """The row multipliers that make the reduced cost of every basic variable zero; none if it is singular."""
    state = _State(program, program.lower, program.upper, basis)
    try:
        return state.multipliers()
    except Singular:
        return {}


class _State:
    def __init__(self, program: Program, lower: Bounds, upper: Bounds, basis: Basis | None) -> None:
        self.program = program
        self.m, self.n = program.shape
        rhs, sense = program.rhs, program.sense
        self.lower = [*lower, *(rhs[i] if sense[i] >= 0 else None for i in range(self.m))]
        self.upper = [*upper, *(rhs[i] if sense[i] <= 0 else None for i in range(self.m))]
        given = [LOWER] * self.n + [BASIC] * self.m
        if basis is not None and (len(basis.columns), len(basis.rows)) == (self.n, self.m):
            given = [*basis.columns.tolist(), *basis.rows.tolist()]
        self.status = [self._usable(k, status) for k, status in enumerate(given)]

    def _usable(self, k: int, status: int) -> int:
        """A nonbasic variable rests at a bound that exists."""
        if status == BASIC:
            return BASIC
        if status == UPPER and self.upper[k] is not None:
            return UPPER
        if self.lower[k] is not None:
            return LOWER
        return UPPER if self.upper[k] is not None else FREE

    def run(self, pivot_limit: int, deadline: float | None) -> Vertex:
        pivots, careful = 0, False
        while True:
            self._refactor()
            costs, infeasible = self._phase_one_costs()
            multipliers = self._multipliers(costs, infeasible)
            entering = self._entering(multipliers, infeasible, careful)
            if entering is None:
                kind: Kind = "infeasible" if infeasible else "optimal"
                return Vertex(kind, pivots, self.x[: self.n], self._for_rows(multipliers))
            if pivots >= pivot_limit or (deadline is not None and time.monotonic() > deadline):
                return Vertex("limit", pivots)
            variable, direction = entering
            change = self._change(variable, direction)
            stop = self._ratio_test(change, costs)
            if stop is None:
                ray = {k: delta for k, delta in change.items() if k < self.n and delta}
                return Vertex("unbounded", pivots, self.x[: self.n], ray=ray)
            step, blocking, side = stop
            self.status[variable] = BASIC
            self.status[blocking] = (
                side  # after the line above: a variable may be stopped by its own other bound
            )
            careful = step == 0
            pivots += 1

    def multipliers(self) -> dict[int, fmpq]:
        """The multipliers of the starting basis."""
        self._factor()
        return self._for_rows(self._multipliers({}, infeasible=False))

    def _factor(self) -> None:
        self.active = [i for i in range(self.m) if self.status[self.n + i] != BASIC]
        self.basic = [j for j in range(self.n) if self.status[j] == BASIC]
        self.factor = Factor(self.program, self.active, self.basic)

    def _refactor(self) -> None:
        """Factor the basis and compute every variable's value."""
        n = self.n
        self._factor()
        self.x = [self._resting(k) for k in range(n + self.m)]
        right: dict[int, fmpq] = {}
        for i in self.active:
            rest = self.x[n + i]
            for j, a in self.program.rows[i]:
                if self.status[j] != BASIC and self.x[j]:
                    rest -= a * self.x[j]
            right[i] = rest
        for j, value in self.factor.solve(right).items():
            self.x[j] = value
        for i in range(self.m):
            if self.status[n + i] == BASIC:
                self.x[n + i] = sum((a * self.x[j] for j, a in self.program.rows[i]), ZERO)

    def _resting(self, k: int) -> fmpq:
        status = self.status[k]
        bound = self.lower[k] if status == LOWER else self.upper[k] if status == UPPER else None
        return ZERO if bound is None else bound

    def _phase_one_costs(self) -> tuple[dict[int, int], bool]:
        """+1 on basic variables above their upper bound, -1 on those below their lower bound."""
        costs: dict[int, int] = {}
        for k, status in enumerate(self.status):
            if status == BASIC:
                low, high = self.lower[k], self.upper[k]
                if low is not None and self.x[k] < low:
                    costs[k] = -1
                elif high is not None and self.x[k] > high:
                    costs[k] = 1
        return costs, bool(costs)

    def _multipliers(self, costs: dict[int, int], infeasible: bool) -> dict[int, fmpq]:
        """One multiplier a row, such that the reduced cost of every basic variable is zero."""
        n, program = self.n, self.program
        found = {k - n: fmpq(-cost) for k, cost in costs.items() if k >= n}
        right: dict[int, fmpq] = {}
        for j in self.basic:
            value = fmpq(costs.get(j, 0)) if infeasible else program.cost[j]
            if found:
                for i, a in program.columns[j]:
                    if i in found:
                        value -= found[i] * a
            right[j] = value
        found.update(self.factor.solve_transposed(right))
        return found

    def _for_rows(self, multipliers: dict[int, fmpq]) -> dict[int, fmpq]:
        return {i: y for i, y in sorted(multipliers.items()) if y}

    def _reduced_costs(self, multipliers: dict[int, fmpq], infeasible: bool) -> Iterator[tuple[int, fmpq]]:
        cost: dict[int, fmpq] = {} if infeasible else {j: c for j, c in enumerate(self.program.cost) if c}
        for i, y in multipliers.items():
            if y:
                for j, a in self.program.rows[i]:
                    cost[j] = cost.get(j, ZERO) - y * a
        yield from sorted(cost.items())
        for i in self.active:
            yield self.n + i, multipliers.get(i, ZERO)

    def _entering(
        self, multipliers: dict[int, fmpq], infeasible: bool, careful: bool
    ) -> tuple[int, int] | None:
        """What to move and where: the variable of largest reduced cost, if `careful` the first (Bland)."""
        best: tuple[int, int] | None = None
        most = ZERO
        for k, d in self._reduced_costs(multipliers, infeasible):
            status = self.status[k]
            if not d or status == BASIC or (self.lower[k] is not None and self.lower[k] == self.upper[k]):
                continue
            if (d < 0 and status != UPPER) or (d > 0 and status != LOWER):
                if careful:
                    return k, -1 if d > 0 else 1
                if abs(d) > most:
                    best, most = (k, -1 if d > 0 else 1), abs(d)
        return best

    def _change(self, variable: int, direction: int) -> dict[int, fmpq]:
        """How every variable moves when `variable` moves by `direction`."""
        n, step = self.n, fmpq(direction)
        if variable >= n:
            right = {variable - n: step}
        else:
            right = {i: -a * step for i, a in self.program.columns[variable]}
        change = {j: delta for j, delta in self.factor.solve(right).items() if delta}
        if variable < n:
            change[variable] = step
        activity: dict[int, fmpq] = {}
        for j, delta in change.items():
            for i, a in self.program.columns[j]:
                if self.status[n + i] == BASIC:
                    activity[n + i] = activity.get(n + i, ZERO) + a * delta
        change.update((k, delta) for k, delta in activity.items() if delta)
        change[variable] = step
        return change

    def _ratio_test(self, change: dict[int, fmpq], costs: dict[int, int]) -> tuple[fmpq, int, int] | None:
        """The longest step, the variable that stops it (the least index among equals), and at which bound.

        None when nothing stops it. A variable outside its bounds is stopped by the violated bound only.
        """
        best: tuple[fmpq, int, int] | None = None
        for k, delta in sorted(change.items()):
            side = UPPER if delta > 0 else LOWER
            cost = costs.get(k, 0)
            if cost:
                if (cost > 0) == (delta > 0):
                    continue
                side = UPPER if cost > 0 else LOWER
            bound = self.upper[k] if side == UPPER else self.lower[k]
            if bound is None:
                continue
            step = (bound - self.x[k]) / delta
            if best is None or step < best[0]:
                best = step, k, side
        return best
