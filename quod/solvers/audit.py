"""Metamorphic audit of a solved formulation: what must hold if the model and its solution are sound.

Laws that need no ground truth: scaling the objective scales the optimum, names and order change nothing,
tightening a row never helps, relaxing it never hurts, a row with slack can be left out of a linear model.
Signs of a misreading (`signs`) are added: variables that nothing limits, rows that limit nothing, and so on.
"""

from __future__ import annotations

import dataclasses
import math
import time
from typing import Any

import highspy
import numpy as np

from quod import jobs
from quod.solvers import conflict, expand, highs, metamorphic, signs
from quod.solvers.formulation import Formulation
from quod.solvers.options import Options
from quod.solvers.outcome import Outcome
from quod.solvers.signs import Finding
from quod.solvers.standard import StandardForm

ROWS = 40
"""So many rows are re-solved; the rest is left out, with a note."""
NONZEROS = 50_000
"""Models above this are looked at, but not re-solved."""
SECONDS = 10.0
_TOLERANCE = 1e-6
_STEP = 0.01  # of the right-hand side, by which a row is tightened and relaxed


@dataclasses.dataclass(frozen=True)
class Audit:
    """`findings` are worth a warning, `rows` tell which rows decide the optimum, `notes` what was left out.

    `rows`: {"row", "state": "binding" | "redundant", "without": optimum without it, None when there is none}.
    """

    findings: list[Finding]
    rows: list[dict[str, Any]]
    notes: list[str]


def audit(
    formulation: Formulation, form: StandardForm, outcome: Outcome, options: Options, deadline: float
) -> Audit:
    """Audit a formulation with its float `form` and `outcome` until `deadline` (`time.perf_counter`)."""
    findings = signs.look(formulation, form, outcome)
    if len(form.data) > NONZEROS or form.kind == "miqp":
        return Audit(findings, [], [f"not re-solved: {len(form.data):,} nonzeros, class {form.kind}"])
    if outcome.termination is not jobs.Termination.OPTIMAL or outcome.objective is None:
        return Audit(findings, [], [])
    findings += _same_model(formulation, outcome, options, deadline)
    laws = _Laws(form, outcome, options, deadline)
    rows = [report for i in range(min(form.declared_rows, ROWS)) if (report := laws.examine(i)) is not None]
    notes = []
    if len(rows) < form.declared_rows:
        notes.append(f"{form.declared_rows - len(rows):,} of {form.declared_rows:,} rows were not re-solved")
    return Audit(findings + laws.findings, rows, notes)


def _same_model(
    formulation: Formulation, outcome: Outcome, options: Options, deadline: float
) -> list[Finding]:
    """The laws that rewrite the whole formulation and expand it again."""
    assert outcome.objective is not None
    findings = []
    for kind, changed, factor in (
        ("scaling", metamorphic.scaled(formulation, 3), 3.0),
        ("renaming", metamorphic.renamed(formulation), 1.0),
    ):
        left = deadline - time.perf_counter()
        if left <= 0:
            break
        again = highs.solve(expand.expand(changed), dataclasses.replace(options, time_limit=left))
        if again.termination in (jobs.Termination.TIME_LIMIT, jobs.Termination.UNKNOWN):
            continue
        expected = factor * outcome.objective
        if again.objective is None or not close(again.objective, expected):
            what = _CHANGED[kind]
            found = again.termination.value if again.objective is None else f"{again.objective:.10g}"
            findings.append(
                Finding(
                    None, kind, f"{what} gives {found} instead of {expected:.10g}; do not trust the solver"
                )
            )
    return findings


_CHANGED = {
    "scaling": "the objective times 3",
    "renaming": "the same model with other names and another order",
}


class _Laws:
    """Re-solves one model with one row changed at a time, as a minimization."""

    def __init__(self, form: StandardForm, outcome: Outcome, options: Options, deadline: float) -> None:
        assert outcome.objective is not None
        assert outcome.values is not None
        self._form, self._deadline = form, deadline
        self._sign = highs.minimization_sign(form)
        self._best = self._sign * outcome.objective
        self._model = highs.load(form)
        highs.configure(self._model, dataclasses.replace(options, gap=0.0))
        self._groups = conflict.groups(form)
        self._slack = _slacks(form, outcome.values)
        self.findings: list[Finding] = []

    def examine(self, i: int) -> dict[str, Any] | None:
        """Which state row `i` is in; None when the time is up or the solver could not tell."""
        name, rhs, sense = self._form.row_name(i), float(self._form.rhs[i]), int(self._form.row_sense[i])
        if sense != 0:
            step = _step(rhs, bool(self._form.integer.any()))
            self._law(i, name, "tightening", rhs + sense * step, helps=False)
            self._law(i, name, "relaxing", rhs - sense * step, helps=True)
        without = self._solve(i, None)
        if without is None:
            return None
        redundant = close(without, self._best)
        scale = 1 + abs(rhs)
        if not redundant and self._slack[i] > 1e-4 * scale and self._form.kind in ("lp", "qp"):
            self.findings.append(
                Finding(name, "slack", f"{name} is not used up, yet leaving it out changes the optimum")
            )
        if without > self._best and not redundant:
            self.findings.append(
                Finding(name, "removal", f"leaving {name} out makes the optimum worse, which cannot be")
            )
        value = self._sign * without if math.isfinite(without) else None
        return {"row": name, "state": "redundant" if redundant else "binding", "without": value}

    def _law(self, i: int, name: str, kind: str, rhs: float, *, helps: bool) -> None:
        found = self._solve(i, rhs)
        if found is None or close(found, self._best):
            return
        if (found < self._best) != helps:
            effect = "worse" if helps else "better"
            message = f"{kind} {name} makes the optimum {effect}, which cannot be; do not trust the solver"
            self.findings.append(Finding(name, kind, message))

    def _solve(self, i: int, rhs: float | None) -> float | None:
        """The optimum with another right-hand side of row `i`, or without it; infinite if there is none."""
        left = self._deadline - time.perf_counter()
        if left <= 0:
            return None
        rows = [i] if rhs is not None else self._groups[i]
        for k in rows:
            self._bound(k, rhs)
        self._model.setOptionValue("time_limit", self._model.getRunTime() + left)
        termination = highs.TERMINATION.get(highs.run(self._model).name)
        if termination is jobs.Termination.INFEASIBLE_OR_UNBOUNDED:
            termination = self._without_presolve()
        value = self._model.getInfo().objective_function_value
        for k in rows:
            self._bound(k, float(self._form.rhs[k]))
        if termination is jobs.Termination.OPTIMAL:
            return float(value)
        if termination is jobs.Termination.INFEASIBLE:
            return math.inf
        return -math.inf if termination is jobs.Termination.UNBOUNDED else None

    def _without_presolve(self) -> jobs.Termination | None:
        self._model.setOptionValue("presolve", "off")
        termination = highs.TERMINATION.get(highs.run(self._model).name)
        self._model.setOptionValue("presolve", "choose")
        return termination

    def _bound(self, k: int, rhs: float | None) -> None:
        sense, infinity = int(self._form.row_sense[k]), highspy.kHighsInf
        low = rhs if rhs is not None and sense >= 0 else -infinity
        high = rhs if rhs is not None and sense <= 0 else infinity
        self._model.changeRowBounds(k, low, high)


def close(a: float, b: float) -> bool:
    """Equal optima up to the tolerance of the solver."""
    if math.isinf(a) or math.isinf(b):
        return a == b
    return abs(a - b) <= _TOLERANCE * max(1.0, abs(a), abs(b))


def _step(rhs: float, integer: bool) -> float:
    step = max(abs(rhs) * _STEP, 1e-3)
    return float(math.ceil(step)) if integer else step


def _slacks(form: StandardForm, values: Any) -> Any:
    """(m,) distance of each row from its right-hand side."""
    products = form.data * values[form.indices]
    row = np.repeat(np.arange(form.shape[0]), np.diff(form.indptr))
    return np.abs(np.bincount(row, weights=products, minlength=form.shape[0]) - form.rhs)
