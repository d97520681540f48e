"""The float linear relaxation that guides the search: one HiGHS object whose column bounds change."""

from __future__ import annotations

import dataclasses
import time
from typing import Any, Literal

import highspy
import numpy as np
import numpy.typing as npt

from quod.solvers import highs
from quod.solvers.options import Options
from quod.solvers.outcome import Basis
from quod.solvers.standard import StandardForm

Kind = Literal["optimal", "infeasible", "unbounded", "unknown"]
_KINDS: dict[Any, Kind] = {
    highspy.HighsModelStatus.kOptimal: "optimal",
    highspy.HighsModelStatus.kModelEmpty: "optimal",
    highspy.HighsModelStatus.kInfeasible: "infeasible",
    highspy.HighsModelStatus.kUnbounded: "unbounded",
}


@dataclasses.dataclass(frozen=True)
class Relaxed:
    """What HiGHS says of one relaxation, as a minimization without the constant; nothing in it is proved.

    `duals` (m,) are row multipliers; for `infeasible` those of Farkas' contradiction, None if there are none.
    """

    kind: Kind
    objective: float
    values: npt.NDArray[np.float64]
    duals: npt.NDArray[np.float64] | None


class Relaxation:
    """min cost·x over the rows of a float form whose bounds do not cross.

    Bounds are changed between solves and the basis stays warm. `deadline` is a value of `time.monotonic()`.
    """

    def __init__(self, form: StandardForm, options: Options, deadline: float) -> None:
        self._model = highs.load(dataclasses.replace(form, constant=0.0), relaxed=True)
        highs.configure(self._model, options)
        self._model.setOptionValue("presolve", "off")
        self._lower, self._upper = form.lower, form.upper
        self._current: dict[int, tuple[float, float]] = {}
        self._deadline = deadline

    def bound(self, bounds: dict[int, tuple[float, float]]) -> None:
        """Make these the only columns whose bounds differ from the form's."""
        changed = {j: pair for j, pair in bounds.items() if self._current.get(j) != pair}
        for j in self._current.keys() - bounds.keys():
            changed[j] = (float(self._lower[j]), float(self._upper[j]))
        for j, (low, high) in changed.items():
            self._model.changeColBounds(j, low, high)
        self._current = dict(bounds)

    def limits(self, column: int) -> tuple[float, float]:
        """The form's own bounds of a column."""
        return float(self._lower[column]), float(self._upper[column])

    def solve(self, iteration_limit: int | None = None) -> Relaxed:
        """Solve; past `iteration_limit` the kind is `unknown` and the objective a bound."""
        limit = highspy.kHighsIInf if iteration_limit is None else iteration_limit
        self._model.setOptionValue("simplex_iteration_limit", limit)
        left = max(0.01, self._deadline - time.monotonic())
        self._model.setOptionValue("time_limit", self._model.getRunTime() + left)  # its clock never restarts
        kind: Kind = _KINDS.get(highs.run(self._model), "unknown")
        solution = self._model.getSolution()
        duals: npt.NDArray[np.float64] | None = np.array(solution.row_dual)
        if kind == "infeasible":
            _, exists, ray = self._model.getDualRay()
            duals = np.array(ray) if exists else None
        objective = float(self._model.getInfo().objective_function_value)
        return Relaxed(kind, objective, np.array(solution.col_value), duals)

    def basis(self) -> Basis | None:
        """The final basis of the last solve."""
        return highs.basis(self._model)

    def save(self) -> Any:
        """The basis in HiGHS' own form, to be given back to `restore`."""
        return self._model.getBasis()

    def restore(self, basis: Any) -> None:
        """Start the next solve from a saved basis."""
        self._model.setBasis(basis)
