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

    def choose(
        self, relaxation: Relaxation, node: Relaxed, bounds: FloatBounds, limits: tuple[Any, Any], cutoff: float
    ) -> tuple[int, int]:
        """(column, floor) to branch on; `node` must have a fractional column.

        `bounds` are the node's, `limits` the form's bounds as arrays. The relaxation is left as it was found.
        """
        candidates = self.fractional(node.values)
        fraction = node.values[candidates] - np.floor(node.values[candidates])
        scores = self._score(*self._estimates(candidates, fraction))
        order = np.argsort(-scores, kind="stable")
        unsure = [k for k in order if self._count[:, candidates[k]].min() < _RELIABLE][:_PROBES]
        if unsure and len(candidates) > 1:
            start = relaxation.save()
            for k in unsure:
                column = int(candidates[k])
                gains = self._probe(relaxation, node, start, bounds, limits, column, cutoff)
                scores[k] = self._score(*gains)
            relaxation.bound(bounds)
            relaxation.restore(start)
            best = max(unsure + [k for k in order if k not in unsure][:1], key=lambda k: scores[k])
        else:
            best = int(order[0])
        return int(candidates[best]), math.floor(node.values[candidates[best]])

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
        limits: tuple[Any, Any],
        column: int,
        cutoff: float,
    ) -> tuple[float, float]:
        value = float(node.values[column])
        floor = math.floor(value)
        low, high = bounds.get(column, (float(limits[0][column]), float(limits[1][column])))
        gains = []
        worst = max(cutoff - node.objective, 1.0) if math.isfinite(cutoff) else 1e6
        for up, pair in ((False, (low, float(floor))), (True, (floor + 1.0, high))):
            relaxation.bound({**bounds, column: pair})
            relaxation.restore(start)
            probe = relaxation.solve(_ITERATIONS)
            if probe.kind == "infeasible":
                gains.append(worst)
                continue
            gain = min(max(probe.objective - node.objective, 0.0), worst)
            gains.append(gain)
            if probe.kind == "optimal":
                self.learn(column, up, floor + 1 - value if up else value - floor, gain)
        return gains[0], gains[1]
