"""What closes a node of the tree: an exact bound no better than the best point, or an exact contradiction."""

from __future__ import annotations

import dataclasses
import math
from typing import Literal

import numpy as np
import numpy.typing as npt
from flint import fmpq

from quod.solvers.exact import rational
from quod.solvers.exact.program import ZERO, Bounds, Program, dual_bound

_MARGIN = 1e-6


@dataclasses.dataclass(frozen=True)
class Leaf:
    """A closed node, with multipliers by row; `value` is the proved bound, None for -inf."""

    kind: Literal["bound", "infeasible"]
    multipliers: dict[int, fmpq]
    value: fmpq | None = None


class Judge:
    """Decides, for one program, whether multipliers close a node.

    `point` is the best exactly feasible point known and `value` its cost, both None without one; `gap` is the
    relative gap at which a bound is good enough.
    """

    def __init__(self, program: Program, gap: float) -> None:
        self.program = program
        self.point: list[fmpq] | None = None
        self.value: fmpq | None = None
        self._gap = rational.rational(gap)
        self._grid = _objective_grid(program)
        self._cutoff: fmpq | None = None
        self.float_cutoff = math.inf
        """Below this a bound closes nothing; float, minimization form."""

    def adopt(self, point: list[fmpq]) -> None:
        """Keep a feasible point if it is the best so far."""
        value = self.program.value(point)
        if self.value is None or value < self.value:
            self.point, self.value = point, value
            self._cutoff = value - self._gap * abs(self.program.in_model_sense(value))
            self.float_cutoff = float(self._cutoff - self._grid)

    def hopeless(self, objective: float) -> bool:
        """Whether a relaxation with this float objective is clearly too good to be closed."""
        if math.isinf(self.float_cutoff):
            return True
        return objective < self.float_cutoff - _MARGIN * (1 + abs(self.float_cutoff))

    def closes(self, bound: fmpq | None) -> bool:
        """Whether a bound, rounded up to the grid of attainable values, is no better than the best point."""
        if self._cutoff is None or bound is None:
            return False
        return bool(self.rounded(bound) >= self._cutoff)

    def rounded(self, bound: fmpq) -> fmpq:
        """The least attainable value of cost·x that is at least `bound`."""
        return rational.round_up(bound, self._grid) if self._grid else bound

    def signed(self, duals: npt.NDArray[np.float64] | None) -> dict[int, fmpq]:
        """Float multipliers (m,) as fractions, those of the wrong sign left out; none without duals."""
        found: dict[int, fmpq] = {}
        if duals is None:
            return found
        for i in np.flatnonzero(np.isfinite(duals) & (duals != 0)).tolist():
            found[i] = rational.rational(float(duals[i]))
        return self.with_right_signs(found)

    def with_right_signs(self, multipliers: dict[int, fmpq]) -> dict[int, fmpq]:
        """Those multipliers whose sign is the one that the sense of their row asks for."""
        sense = self.program.sense
        return {i: y for i, y in multipliers.items() if y and y * sense[i] >= 0}

    def bounded(self, multipliers: dict[int, fmpq], lower: Bounds, upper: Bounds) -> Leaf:
        """A leaf with the bound that the multipliers prove, whatever it is worth."""
        return Leaf("bound", multipliers, dual_bound(self.program, multipliers, lower, upper))

    def empty(self, multipliers: dict[int, fmpq], lower: Bounds, upper: Bounds) -> Leaf | None:
        """An infeasible leaf if the multipliers prove it."""
        bound = dual_bound(self.program, multipliers, lower, upper, objective=False)
        return Leaf("infeasible", multipliers) if bound is not None and bound > 0 else None


def _objective_grid(program: Program) -> fmpq:
    """The g of the grid g·ℤ that cost·x lies on, 0 if there is none."""
    used = [j for j, c in enumerate(program.cost) if c]
    if not used or not all(program.integer[j] for j in used):
        return ZERO
    return rational.gcd([program.cost[j] for j in used])
