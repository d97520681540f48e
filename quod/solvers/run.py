"""Solving and proving in a killable child process.

A new solver is one module with `solve(model, options) -> Outcome` and one line in `SOLVERS`.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable
from typing import Any, Literal, TypeVar

from quod import errors
from quod.solvers import expand, interpret
from quod.solvers.exact import Proof, numeric, prove, too_large
from quod.solvers.exact.program import float_form
from quod.solvers.formulation import Formulation
from quod.solvers.options import Options
from quod.solvers.outcome import Outcome
from quod.solvers.standard import StandardForm
from quod.workers import runner

T = TypeVar("T")
Progress = Callable[[dict[str, Any]], None]
START_SECONDS = 10.0
"""Wall-clock seconds a child may need beyond its time limits: start, expansion, sending the answer."""


@dataclasses.dataclass(frozen=True)
class Solver:
    """What a solver can do: the classes it takes, whether it takes a float StandardForm or a Formulation."""

    module: str
    classes: frozenset[str]
    takes: Literal["form", "formulation"]

    def solve(self, model: StandardForm | Formulation, options: Options) -> Outcome:
        """Solve in this process. Raises Misconfigured when the solver is not installed."""
        outcome: Outcome = importlib.import_module(self.module).solve(model, options)
        return outcome


SOLVERS = {
    "highs": Solver("quod.solvers.highs", frozenset({"lp", "milp", "qp"}), "form"),
    "scip": Solver(
        "quod.solvers.scip", frozenset({"lp", "milp", "qp", "miqp", "nlp", "minlp"}), "formulation"
    ),
}
"""By name, in the order in which `auto` tries them."""


def solve(
    model: Formulation | StandardForm, options: Options | None = None, *, progress: Progress | None = None
) -> Outcome:
    """Solve a formulation or a float standard form in a child process under the limits of `options`.

    Raises InvalidInput for a model that cannot be solved as it is, Misconfigured when its solver is not
    installed, LimitExceeded when the child was stopped, ToolFailed when it crashed.
    """
    options = options or Options()
    return call(solve_here, _portable(model), options, progress=progress)


def solve_and_prove(
    formulation: Formulation, options: Options | None = None, *, progress: Progress | None = None
) -> tuple[Outcome, Proof | None]:
    """Solve and prove in one child; the proof is None when nothing could be proved.

    When the child comes to harm after the solver has answered, the answer is kept with a `numeric` proof that
    says so. Raises as `solve` does.
    """
    options = options or Options()
    solved: list[tuple[Outcome, Proof | None]] = []

    def on_report(message: Any) -> None:
        if isinstance(message, tuple):
            solved.append(message)
        elif progress is not None:
            progress(message)

    limits = _limits(options, 2 * options.time_limit)
    try:
        return runner.call(
            prove_here, formulation, options, limits=limits, on_report=on_report, what="the solver process"
        )
    except (errors.LimitExceeded, errors.ToolFailed) as error:
        if not solved:
            raise
        outcome, weak = solved[-1]
        if weak is not None:
            weak = dataclasses.replace(weak, notes=[f"the exact proof was not finished: {error}"])
        return outcome, weak


def call(function: Callable[..., T], model: Any, options: Options, *, progress: Progress | None = None) -> T:
    """`function(model, options)` in a child process under the limits of `options`; raises as `solve` does."""
    limits = _limits(options, options.time_limit)
    return runner.call(function, model, options, limits=limits, on_report=progress, what="the solver process")


def solve_here(model: Formulation | StandardForm, options: Options) -> Outcome:
    """Solve in this process: for code that already runs in a child."""
    if isinstance(model, StandardForm):
        return _solver_for(model.kind, options, form_only=True).solve(model, options)
    form = _expanded(model)
    return _solve(model, form, options)


def prove_here(formulation: Formulation, options: Options) -> tuple[Outcome, Proof | None]:
    """Solve and prove in this process: for code that already runs in a child."""
    form = _expanded(formulation)
    outcome = _solve(formulation, form, options)
    if form is None or form.kind not in ("lp", "milp"):
        names = interpret.column_names(formulation)
        reason = f"a model of class {expand.classify(formulation)} gets no exact certificate"
        return outcome, numeric(names, formulation.objective.sense, outcome, reason)
    names = [form.column_name(j) for j in range(form.declared_columns)]
    weak = numeric(names, form.sense, outcome, too_large(len(form.data), options))
    if len(form.data) > options.certify_size_limit:
        return outcome, weak
    runner.report((outcome, weak))
    return outcome, prove(expand.expand(formulation, exact=True), options, outcome, progress=runner.report)


def _expanded(formulation: Formulation) -> StandardForm | None:
    """The float standard form, None for a nonlinear model."""
    try:
        return expand.expand(formulation)
    except expand.Nonlinear:
        return None


def _solve(formulation: Formulation, form: StandardForm | None, options: Options) -> Outcome:
    solver = _solver_for("minlp" if form is None else form.kind, options)
    if form is None or solver.takes == "formulation":
        return solver.solve(formulation, options)
    try:
        return solver.solve(form, options)
    except errors.InvalidInput:
        if options.solver != "auto" or form.kind != "qp":
            raise
        return SOLVERS["scip"].solve(formulation, options)  # a quadratic objective that is not convex


def _solver_for(kind: str, options: Options, *, form_only: bool = False) -> Solver:
    if options.solver != "auto":
        chosen = SOLVERS.get(options.solver)
        if chosen is None:
            known = ", ".join(SOLVERS)
            raise errors.InvalidInput(f"{options.solver!r} is not one of auto, {known}", field="solver")
        if kind not in chosen.classes:
            able = ", ".join(name for name, solver in SOLVERS.items() if kind in solver.classes)
            raise errors.InvalidInput(
                f"{options.solver} does not take models of class {kind}; use {able}", field="solver"
            )
        return chosen
    fitting = [solver for solver in SOLVERS.values() if kind in solver.classes]
    if form_only:
        fitting = [solver for solver in fitting if solver.takes == "form"]
    if not fitting:
        raise errors.InvalidInput(f"no solver takes a standard form of class {kind}", field="kind")
    return fitting[0]


def _limits(options: Options, seconds: float) -> runner.Limits:
    return runner.Limits(seconds=seconds + START_SECONDS, memory_mb=options.memory_limit_mb)


def _portable(model: Formulation | StandardForm) -> Formulation | StandardForm:
    """A standard form makes names by closures, which do not travel."""
    if isinstance(model, StandardForm):
        if model.cost.dtype == object:
            model = float_form(model)
        return dataclasses.replace(model, column_name=_column, row_name=_row)
    return model


def _column(j: int) -> str:
    return f"column {j}"


def _row(i: int) -> str:
    return f"row {i}"
