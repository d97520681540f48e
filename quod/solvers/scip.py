"""SCIP: nonlinear and nonconvex models, integer ones too, solved globally in floats (extra `nonlinear`)."""

from __future__ import annotations

import math
import time
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from quod import errors, jobs
from quod.solvers import interpret, language, scopes, syntax
from quod.solvers.formulation import Formulation, Variable
from quod.solvers.options import Options
from quod.solvers.outcome import Outcome

_FEASIBILITY = 1e-7
"""Below the tolerance at which a numeric certificate is checked."""
_NO_TIME_LIMIT = 1e20
"""Seconds; SCIP's infinity, it takes no more."""
TERMINATION = {
    "optimal": jobs.Termination.OPTIMAL,
    "infeasible": jobs.Termination.INFEASIBLE,
    "unbounded": jobs.Termination.UNBOUNDED,
    "inforunbd": jobs.Termination.INFEASIBLE_OR_UNBOUNDED,
    "gaplimit": jobs.Termination.OPTIMAL,
    "timelimit": jobs.Termination.TIME_LIMIT,
    "memlimit": jobs.Termination.MEMORY_LIMIT,
    "nodelimit": jobs.Termination.ITERATION_LIMIT,
    "totalnodelimit": jobs.Termination.ITERATION_LIMIT,
    "stallnodelimit": jobs.Termination.ITERATION_LIMIT,
    "userinterrupt": jobs.Termination.USER_INTERRUPT,
    "terminate": jobs.Termination.USER_INTERRUPT,
    "sollimit": jobs.Termination.SUBOPTIMAL,
    "bestsollimit": jobs.Termination.SUBOPTIMAL,
}
"""By SCIP's status; everything else is unknown."""


def solve(formulation: Formulation, options: Options) -> Outcome:
    """Solve any formulation in this process.

    Raises Misconfigured when SCIP is not installed, InvalidInput for a formulation that cannot be evaluated.
    """
    started = time.perf_counter()
    model = _Model(formulation, options)
    status = model.optimize()
    if status == "inforunbd":
        feasible = _Model(formulation, options, objective=False)
        found = feasible.optimize()
        status = {"infeasible": "infeasible", "optimal": "unbounded"}.get(found, status)
    return model.outcome(status, time.perf_counter() - started)


def _scip() -> Any:
    try:
        import pyscipopt
    except ImportError:
        raise errors.Misconfigured(
            "nonlinear models need SCIP; install it with: pip install 'quod[nonlinear]'", setting="solver"
        ) from None
    return pyscipopt


class _Model:
    def __init__(self, formulation: Formulation, options: Options, *, objective: bool = True) -> None:
        self.scip = _scip()
        self.formulation = formulation
        self.model = self.scip.Model()
        self.model.hideOutput()
        self.model.setParam("limits/time", min(float(options.time_limit), _NO_TIME_LIMIT))
        self.model.setParam("limits/gap", float(options.gap))
        self.model.setParam("numerics/feastol", _FEASIBILITY)
        self.model.setParam("parallel/maxnthreads", options.threads)
        self.columns: list[Any] = []
        self._add_columns()
        interpreter = interpret.Interpreter(formulation, self._entries, self._functions())
        scope = scopes.Scope(formulation)
        for constraint in formulation.constraints:
            loops, comparison = language.row(constraint, scope)
            for binding in interpreter.bindings(loops):
                left = interpreter.value(comparison.left, binding)
                right = interpreter.value(comparison.right, binding)
                self._add_row(constraint.name, comparison.operator, left - right)
        if objective:
            self._set_objective(interpreter.value(language.objective(formulation, scope)))

    def _add_columns(self) -> None:
        declared = {variable.name: variable for variable in self.formulation.variables}
        self._entries: dict[tuple[str, tuple[interpret.Atom, ...]], Any] = {}
        for name, column, atoms in interpret.columns(self.formulation):
            variable = declared[name]
            low, high = _bounds(variable)
            kind = {"real": "C", "integer": "I", "binary": "B"}[variable.domain]
            self.columns.append(self.model.addVar(name=column, vtype=kind, lb=low, ub=high))
            self._entries[name, atoms] = self.columns[-1]

    def _functions(self) -> interpret.Functions:
        scip = self.scip

        def largest(*arguments: Any) -> Any:
            best = arguments[0]
            for other in arguments[1:]:
                best = (best + other + abs(best - other)) / 2
            return best

        def smooth(function: Any) -> Any:
            return lambda value: function(float(value) if isinstance(value, Fraction) else value)

        return {
            "abs": abs,
            "max": largest,
            "min": lambda *arguments: -largest(*(-value for value in arguments)),
            **{name: smooth(getattr(scip, name)) for name in ("exp", "log", "sqrt", "sin", "cos")},
        }

    def _add_row(self, name: str, operator: syntax.Comparison, difference: Any) -> None:
        """difference ⋈ 0."""
        if isinstance(difference, int | float | Fraction):
            self._add_constant_row(name, operator, difference)
            return
        if operator in ("<", ">"):
            difference, operator = self._closed(difference, operator)
        if operator == "==":
            self.model.addCons(difference == 0, name=name)
        else:
            self.model.addCons(difference <= 0 if operator == "<=" else difference >= 0, name=name)

    def _add_constant_row(self, name: str, operator: syntax.Comparison, value: float | Fraction) -> None:
        holds = {"<=": value <= 0, ">=": value >= 0, "==": value == 0, "<": value < 0, ">": value > 0}[
            operator
        ]
        if not holds:  # SCIP takes no rows without variables
            impossible = self.model.addVar(name=f"{name} fails", lb=0, ub=0)
            self.model.addCons(impossible >= 1, name=name)

    def _closed(self, difference: Any, operator: syntax.Comparison) -> tuple[Any, syntax.Comparison]:
        """A strict row closed: by one grid step if it is linear over integers, else by its closure."""
        closed: syntax.Comparison = "<=" if operator == "<" else ">="
        if difference.degree() > 1:
            return difference, closed
        pairs = [(_fraction(float(c)), term.vartuple) for term, c in difference.terms.items() if c]
        constant = sum((c for c, columns in pairs if not columns), Fraction(0))
        terms = [(c, columns[0]) for c, columns in pairs if columns]
        if not terms or any(column.vtype() == "CONTINUOUS" for _, column in terms):
            return difference, closed
        scale = math.lcm(*(c.denominator for c, _ in terms))
        grid = Fraction(math.gcd(*(int(c * scale) for c, _ in terms)), scale)
        limit = -constant / grid
        whole = math.ceil(limit) - 1 if operator == "<" else math.floor(limit) + 1
        row = sum((float(c / grid) * column for c, column in terms), 0.0)
        return row - whole, closed

    def _set_objective(self, value: Any) -> None:
        """SCIP takes linear objectives: anything else becomes a column of its own."""
        sense = self.formulation.objective.sense
        if isinstance(value, int | float | Fraction):
            value = self.columns[0] * 0 + float(value) if self.columns else float(value)
        if not isinstance(value, float) and value.degree() > 1:
            column = self.model.addVar(name="objective value", lb=None, ub=None)
            self.model.addCons(column >= value if sense == "minimize" else column <= value)
            value = column
        self.model.setObjective(value, sense)

    def optimize(self) -> str:
        try:
            self.model.optimize()
        except Exception as error:  # SCIP knows no other; its own words say little
            raise errors.ToolFailed(f"SCIP failed on this model ({error})", tool="scip") from error
        return str(self.model.getStatus())

    def outcome(self, status: str, seconds: float) -> Outcome:
        termination = TERMINATION.get(status, jobs.Termination.UNKNOWN)
        values = objective = bound = gap = None
        empty = (jobs.Termination.INFEASIBLE, jobs.Termination.UNBOUNDED)
        if self.model.getNSols() and termination not in empty:
            best = self.model.getBestSol()
            values = np.array([self._value(best, column) for column in self.columns], dtype=np.float64)
            objective = self._objective_at(values, float(self.model.getSolObjVal(best)))
            gap = float(self.model.getGap())
        if termination not in empty and abs(self.model.getDualbound()) < self.model.infinity():
            bound = float(self.model.getDualbound())
        version = ".".join(str(part) for part in self._version())
        nodes = int(self.model.getNTotalNodes())
        return Outcome(termination, status, "scip", version, seconds, objective, values, bound, gap, nodes)

    def _objective_at(self, values: npt.NDArray[np.float64], otherwise: float) -> float:
        """The objective at the columns' values; SCIP's own is of a column that is only bounded by it."""
        numbers = dict(zip(self._entries, values.tolist(), strict=True))
        interpreter = interpret.Interpreter(self.formulation, numbers, interpret.FLOAT_FUNCTIONS)
        try:
            return float(interpreter.value(language.objective(self.formulation)))
        except (ArithmeticError, ValueError):  # a logarithm at the very edge of its domain
            return otherwise

    def _value(self, solution: Any, column: Any) -> float:
        value = float(self.model.getSolVal(solution, column))
        return value if column.vtype() == "CONTINUOUS" else float(round(value))

    def _version(self) -> tuple[int, int, int]:
        model = self.model
        return model.getMajorVersion(), model.getMinorVersion(), model.getTechVersion()


def _fraction(coefficient: float) -> Fraction:
    """The fraction that a coefficient was before SCIP made it a float: 1/3, not 0.3333333333333333."""
    near = Fraction(coefficient).limit_denominator(10**6)
    close = abs(float(near) - coefficient) <= 1e-12 * abs(coefficient)
    return near if close else Fraction(repr(coefficient))


def _bounds(variable: Variable) -> tuple[float | None, float | None]:
    low = None if variable.lower is None else float(Fraction(variable.lower))
    high = None if variable.upper is None else float(Fraction(variable.upper))
    if variable.domain == "binary":
        low, high = max(low or 0.0, 0.0), min(1.0 if high is None else high, 1.0)
    if variable.domain != "real":
        low = None if low is None else math.ceil(low)
        high = None if high is None else math.floor(high)
    return low, high
