"""Whether a candidate model has points at all, and a finite optimum."""

from __future__ import annotations

from math import lcm

import highspy
import numpy as np

from quod.solvers.drafters.template.model import Model

_SECONDS = 2.0


def status(model: Model) -> str:
    """ "optimal", "infeasible" or "unbounded" over the reals (strict rows as if not strict)."""
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("time_limit", _SECONDS)
    solver.setOptionValue("threads", 1)
    for cost in model.objective:
        solver.addVar(0.0, highspy.kHighsInf)
        solver.changeColCost(solver.getNumCol() - 1, float(cost))
    maximize = model.sense == "max"
    solver.changeObjectiveSense(highspy.ObjSense.kMaximize if maximize else highspy.ObjSense.kMinimize)
    for row in model.rows:
        scale = lcm(row.rhs.denominator, *(c.denominator for c in row.coefficients))
        rhs = float(row.rhs * scale)
        low = rhs if row.op in (">=", ">", "=") else -highspy.kHighsInf
        high = rhs if row.op in ("<=", "<", "=") else highspy.kHighsInf
        used = [v for v, c in enumerate(row.coefficients) if c]
        values = np.array([float(row.coefficients[v] * scale) for v in used])
        solver.addRow(low, high, len(used), np.array(used, dtype=np.int32), values)
    solver.run()
    found = solver.getModelStatus()
    if found == highspy.HighsModelStatus.kOptimal:
        return "optimal"
    if found in (highspy.HighsModelStatus.kUnbounded, highspy.HighsModelStatus.kUnboundedOrInfeasible):
        return "unbounded"
    return "infeasible" if found == highspy.HighsModelStatus.kInfeasible else "unknown"
