"""Which column to branch on: pseudo-costs, initialised by strong branching.

Reliability branching of Achterberg, Koch and Martin (2005). The tree becomes part of the certificate, so a
small tree is worth many probing solves.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from quod.solvers.exact.relaxation import Relaxation, Relaxed

FRACTION = 1e-6
_RELIABLE = 4
_PROBES = 8
_ITERATIONS = 100
_LEAST = 1e-6
_UNKNOWN_CUTOFF = 1e6

FloatBounds = dict[int, tuple[float, float]]


class Branching:
    """Learns from every solved node how much rounding a column down or up costs per unit."""

    def __init__(self, integer: npt.NDArray[np.bool_]) -> None:
        self._integer = np.flatnonzero(integer)
        self._gain = np.zeros((2, len(integer)))
        self._count = np.zeros((2, len(integer)), dtype=np.int64)

    def fractional(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """The integer columns whose value is not whole."""
        chosen = values[self._integer]
        return self._integer[np.abs(chosen - np.round(chosen)) > FRACTION]

    def learn(self, column: int, up: bool, distance: float, gain: float) -> None:
        """Record that moving `column` by `distance` raised the bound by `gain`."""
        if distance > 0 and math.isfinite(gain):
            self._gain[int(up), column] += max(gain, 0.0) / distance
            self._count[int(up), column] += 1

    def choose(self, relaxation: Relaxation, node: Relaxed, bounds: FloatBounds, cutoff: float) -> int:
        """The column to branch on; `node` must have a fractional one.

        `bounds` are the node's own, `cutoff` is the objective at which a child is closed. The relaxation is
        left as it was found.
        """
        candidates = self.fractional(node.values)
        fraction = node.values[candidates] - np.floor(node.values[candidates])
        scores = self._score(*self._estimates(candidates, fraction))
        order = np.argsort(-scores, kind="stable").tolist()
        unsure = [k for k in order if self._count[:, candidates[k]].min() < _RELIABLE][:_PROBES]
        if not unsure or len(candidates) == 1:
            return int(candidates[order[0]])
        start = relaxation.save()
        for k in unsure:
            column = int(candidates[k])
            scores[k] = self._score(*self._probe(relaxation, node, start, bounds, column, cutoff))
        relaxation.bound(bounds)
        relaxation.restore(start)
        sure = [k for k in order if k not in unsure][:1]
        return int(candidates[max(unsure + sure, key=lambda k: float(scores[k]))])

    def _estimates(self, candidates: Any, fraction: Any) -> tuple[Any, Any]:
        mean = np.ones_like(self._gain)
        known = self._count > 0
        mean[known] = self._gain[known] / self._count[known]
        for side in (0, 1):
            if known[side].any():
                mean[side, ~known[side]] = mean[side, known[side]].mean()
        return mean[0, candidates] * fraction, mean[1, candidates] * (1 - fraction)

    @staticmethod
    def _score(down: Any, up: Any) -> Any:
        return np.maximum(down, _LEAST) * np.maximum(up, _LEAST)

    def _probe(
        self,
        relaxation: Relaxation,
        node: Relaxed,
        start: Any,
        bounds: FloatBounds,
        column: int,
        cutoff: float,
    ) -> tuple[float, float]:
        """What the bound gains when `column` is rounded down and up, in a few simplex iterations."""
        value = float(node.values[column])
        floor = math.floor(value)
        low, high = bounds.get(column, relaxation.limits(column))
        enough = max(cutoff - node.objective, 1.0) if math.isfinite(cutoff) else _UNKNOWN_CUTOFF
        gains = []
        for up, pair in ((False, (low, float(floor))), (True, (floor + 1.0, high))):
            relaxation.bound({**bounds, column: pair})
            relaxation.restore(start)
            probe = relaxation.solve(_ITERATIONS)
            gain = enough
            if probe.kind != "infeasible":
                gain = min(max(probe.objective - node.objective, 0.0), enough)
            if probe.kind == "optimal":
                self.learn(column, up, floor + 1 - value if up else value - floor, gain)
            gains.append(gain)
        return gains[0], gains[1]
