"""HiGHS: linear, mixed-integer linear and convex quadratic models, passed as arrays."""

from __future__ import annotations

import dataclasses
import math
import time
from typing import Any

import highspy
import numpy as np

from quod import errors, jobs
from quod.solvers.options import Options
from quod.solvers.outcome import Basis, Outcome
from quod.solvers.standard import StandardForm

_MOST_QUADRATIC_COLUMNS = 5_000
_Status = highspy.HighsModelStatus
TERMINATION = {
    "kOptimal": jobs.Termination.OPTIMAL,
    "kModelEmpty": jobs.Termination.OPTIMAL,
    "kInfeasible": jobs.Termination.INFEASIBLE,
    "kUnbounded": jobs.Termination.UNBOUNDED,
    "kUnboundedOrInfeasible": jobs.Termination.INFEASIBLE_OR_UNBOUNDED,
    "kObjectiveBound": jobs.Termination.SUBOPTIMAL,
    "kObjectiveTarget": jobs.Termination.SUBOPTIMAL,
    "kSolutionLimit": jobs.Termination.SUBOPTIMAL,
    "kTimeLimit": jobs.Termination.TIME_LIMIT,
    "kIterationLimit": jobs.Termination.ITERATION_LIMIT,
    "kMemoryLimit": jobs.Termination.MEMORY_LIMIT,
    "kInterrupt": jobs.Termination.USER_INTERRUPT,
    "kHighsInterrupt": jobs.Termination.USER_INTERRUPT,
    "kUnknown": jobs.Termination.UNKNOWN,
    "kNotset": jobs.Termination.UNKNOWN,
}
"""By HiGHS' name of the model status (not every version has all); everything else is an internal error."""


def solve(form: StandardForm, options: Options) -> Outcome:
    """Solve a float `form` of kind lp, milp or (convex) qp in this process.

    Raises InvalidInput for a model HiGHS cannot take.
    """
    started = time.perf_counter()
    if (form.lower > form.upper).any():
        column = form.column_name(int(np.argmax(form.lower > form.upper)))
        status = f"Infeasible: the bounds of {column} cross (not passed to the solver)"
        return Outcome(jobs.Termination.INFEASIBLE, status, "highs", version(), 0.0)
    if form.quadratic and not is_convex(form):
        raise errors.InvalidInput("is not convex; use the solver scip", field="objective")
    model = load(form)
    configure(model, options)
    status = run(model)
    if status == _Status.kModelEmpty and not _zero_is_feasible(form):
        return Outcome(
            jobs.Termination.INFEASIBLE, "Empty: a row without terms fails", "highs", version(), 0.0
        )
    if status in (_Status.kUnboundedOrInfeasible, _Status.kUnbounded):
        status = _resolve(model, form, status)
    return _outcome(model, form, status, time.perf_counter() - started)


def version() -> str:
    """The version of HiGHS in use."""
    return f"{highspy.HIGHS_VERSION_MAJOR}.{highspy.HIGHS_VERSION_MINOR}.{highspy.HIGHS_VERSION_PATCH}"


def load(form: StandardForm, *, relaxed: bool = False) -> Any:
    """A `highspy.Highs` holding `form` as a minimization (a maximization is negated), silent.

    `relaxed` leaves integrality out. Bounds must not cross. Raises InvalidInput when HiGHS refuses the model.
    """
    model = highspy.Highs()
    model.silent()
    sign = minimization_sign(form)
    infinity = highspy.kHighsInf
    low = np.where(form.row_sense >= 0, form.rhs, -infinity).astype(np.float64)
    high = np.where(form.row_sense <= 0, form.rhs, infinity).astype(np.float64)
    integer = np.zeros(form.shape[1]) if relaxed else form.integer
    status = model.passModel(
        form.shape[1],
        form.shape[0],
        len(form.data),
        int(highspy.MatrixFormat.kRowwise),
        int(highspy.ObjSense.kMinimize),
        sign * float(form.constant),
        sign * np.asarray(form.cost, dtype=np.float64),
        np.asarray(form.lower, dtype=np.float64),
        np.asarray(form.upper, dtype=np.float64),
        low,
        high,
        form.indptr.astype(np.int32),
        form.indices.astype(np.int32),
        np.asarray(form.data, dtype=np.float64),
        integer.astype(np.int32),
    )
    if status == highspy.HighsStatus.kError:
        raise errors.InvalidInput("HiGHS refused the model; its coefficients must be below 1e15 in magnitude")
    if form.quadratic:
        _pass_hessian(model, form, sign)
    return model


def minimization_sign(form: StandardForm) -> float:
    """1 for a minimization, -1 for a maximization."""
    return 1.0 if form.sense == "minimize" else -1.0


def _pass_hessian(model: Any, form: StandardForm, sign: float) -> None:
    """HiGHS minimizes ½ xᵀQx; it takes the lower triangle of Q by columns."""
    first, second = (np.array([term[k] for term in form.quadratic], dtype=np.int64) for k in (0, 1))
    value = sign * np.array([float(term[2]) for term in form.quadratic])
    value[first == second] *= 2
    order = np.lexsort((second, first))
    start = np.searchsorted(first[order], np.arange(form.shape[1] + 1)).astype(np.int32)
    triangular = int(highspy.HessianFormat.kTriangular)
    index = second[order].astype(np.int32)
    status = model.passHessian(form.shape[1], len(value), triangular, start, index, value[order])
    if status == highspy.HighsStatus.kError:
        raise errors.InvalidInput("HiGHS refused the quadratic terms", field="objective")


def is_convex(form: StandardForm) -> bool:
    """Whether the quadratic objective is convex as a minimization; HiGHS overlooks some that are not.

    Raises InvalidInput beyond 5,000 columns with quadratic terms, where the eigenvalues take too long.
    """
    used = sorted({k for i, j, _ in form.quadratic for k in (i, j)})
    if len(used) > _MOST_QUADRATIC_COLUMNS:
        raise errors.InvalidInput(
            f"has {len(used):,} columns in quadratic terms; up to {_MOST_QUADRATIC_COLUMNS:,} are checked",
            field="objective",
        )
    place = {column: k for k, column in enumerate(used)}
    hessian = np.zeros((len(used), len(used)))
    for i, j, q in form.quadratic:
        hessian[place[i], place[j]] += float(q)
        hessian[place[j], place[i]] += float(q)
    hessian *= minimization_sign(form)
    scale = float(np.abs(hessian).max(initial=1e-300))
    return bool(np.linalg.eigvalsh(hessian / scale).min(initial=0.0) >= -1e-10)


def configure(model: Any, options: Options) -> None:
    """Pass time limit, threads and gap to a model."""
    model.setOptionValue("time_limit", float(options.time_limit))
    model.setOptionValue("threads", options.threads)
    model.setOptionValue("parallel", "off" if options.threads == 1 else "choose")
    model.setOptionValue("mip_rel_gap", float(options.gap))


def run(model: Any) -> Any:
    """Solve and return the `HighsModelStatus`."""
    model.run()
    return model.getModelStatus()


def _zero_is_feasible(form: StandardForm) -> bool:
    low, high = form.row_sense >= 0, form.row_sense <= 0
    return not bool((form.rhs[low] > 0).any() or (form.rhs[high] < 0).any())


def _resolve(model: Any, form: StandardForm, status: Any) -> Any:
    """Which of infeasible and unbounded it is.

    Without presolve HiGHS knows for linear models. A mixed-integer model with rational data whose relaxation
    is unbounded is itself unbounded if and only if it has a feasible point (Meyer 1974); the objective is
    taken away to see.
    """
    if status == _Status.kUnboundedOrInfeasible:
        model.setOptionValue("presolve", "off")
        status = run(model)
    if not form.integer.any() and status != _Status.kUnboundedOrInfeasible:
        return status
    if status not in (_Status.kUnboundedOrInfeasible, _Status.kUnbounded):
        return status
    feasible = load(dataclasses.replace(form, cost=np.zeros(form.shape[1]), quadratic=[]))
    feasible.setOptionValue("time_limit", model.getOptionValue("time_limit")[1])
    found = run(feasible)
    if found == _Status.kInfeasible:
        return found
    return _Status.kUnbounded if found == _Status.kOptimal else status


def _outcome(model: Any, form: StandardForm, status: Any, seconds: float) -> Outcome:
    termination = TERMINATION.get(status.name, jobs.Termination.INTERNAL_SOLVER_ERROR)
    raw = str(model.modelStatusToString(status))
    objective = values = bound = gap = None
    info, sign = model.getInfo(), minimization_sign(form)
    mixed = bool(form.integer.any())
    has_point = termination is jobs.Termination.OPTIMAL or (
        mixed and info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    )
    if has_point and termination not in (jobs.Termination.INFEASIBLE, jobs.Termination.UNBOUNDED):
        values = np.array(model.getSolution().col_value, dtype=np.float64)
        values[form.integer] = np.round(values[form.integer])
        objective = evaluate(form, values)
    if mixed and math.isfinite(info.mip_dual_bound):
        bound = sign * info.mip_dual_bound
    if values is not None:
        gap = float(info.mip_gap) if mixed else 0.0
        bound = objective if not mixed else bound
    nodes = int(info.mip_node_count) if mixed else None
    final = None if form.quadratic else basis(model)
    return Outcome(termination, raw, "highs", version(), seconds, objective, values, bound, gap, nodes, final)


def evaluate(form: StandardForm, values: Any) -> float:
    """The objective of a float form at `values` (n,), in the sense of the model."""
    total = float(form.constant) + float(form.cost @ values)
    return total + sum(float(q) * float(values[i]) * float(values[j]) for i, j, q in form.quadratic)


def basis(model: Any) -> Basis | None:
    """The final basis, None where the solver has none."""
    final = model.getBasis()
    return read_basis(final) if final.valid else None


def read_basis(final: Any) -> Basis:
    """A `highspy.HighsBasis` as arrays."""
    columns = np.fromiter((int(status) for status in final.col_status), dtype=np.int8)
    return Basis(columns, np.fromiter((int(status) for status in final.row_status), dtype=np.int8))
