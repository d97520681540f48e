"""Signs of a misreading that need no further solve: variables nothing limits, rows that limit nothing."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np

from quod import jobs
from quod.solvers import highs, metamorphic
from quod.solvers.formulation import Formulation
from quod.solvers.outcome import Outcome
from quod.solvers.standard import StandardForm

_SHOWN = 20  # findings of one kind; more are counted


@dataclass(frozen=True)
class Finding:
    """Something that people should look at; `row` is the constraint (or column) it is about."""

    row: str | None
    kind: str
    message: str


def look(formulation: Formulation, form: StandardForm, outcome: Outcome) -> list[Finding]:
    """All signs in a float form and its outcome; time grows linearly with the model."""
    activity = _Activity(form)
    findings = _idle_parameters(formulation) + _idle_columns(formulation, form)
    findings += _capped(_rows(form, activity), "rows that limit nothing")
    findings += _capped(_repeated(form), "rows that repeat others")
    if outcome.termination is jobs.Termination.UNBOUNDED:
        findings.append(_unbounded(formulation, form))
    if outcome.termination is jobs.Termination.OPTIMAL and outcome.values is not None:
        declared = outcome.values[: form.declared_columns]
        if len(declared) and np.all(np.abs(declared) <= 1e-9) and form.cost.any():
            message = (
                "the optimum is to do nothing: every amount is 0; a requirement may have been overlooked"
            )
            findings.append(Finding(None, "nothing", message))
    return findings


def _idle_parameters(formulation: Formulation) -> list[Finding]:
    used = metamorphic.names_used(formulation)
    idle = [parameter.name for parameter in formulation.parameters if parameter.name not in used]
    message = "the parameter {!r} is used in no expression"
    return _capped([Finding(None, "idle", message.format(name)) for name in idle], "unused parameters")


def _idle_columns(formulation: Formulation, form: StandardForm) -> list[Finding]:
    """Declared variables of which no column occurs in the model, or none in a row."""
    in_rows = np.zeros(form.shape[1], dtype=bool)
    in_rows[form.indices] = True
    priced = form.cost != 0
    for i, j, _ in form.quadratic:
        priced[i] = priced[j] = True
    findings, start = [], 0
    sizes = {s.name: len(s.elements) for s in formulation.sets}
    for variable in formulation.variables:
        count = math.prod(sizes[name] for name in variable.index)
        end = start + count
        label = variable.label or variable.name
        if count and not in_rows[start:end].any():
            if priced[start:end].any():
                limited = np.isfinite(form.lower[start:end]) & np.isfinite(form.upper[start:end])
                if not limited.all():
                    message = f"no row limits {label!r}; it only occurs in the objective"
                    findings.append(Finding(variable.name, "unlimited", message))
            else:
                message = f"{label!r} occurs neither in the objective nor in any row"
                findings.append(Finding(variable.name, "idle", message))
        start = end
    return findings


class _Activity:
    """Least and greatest value of each row over the bounds of its columns, (m,) each."""

    def __init__(self, form: StandardForm) -> None:
        row = np.repeat(np.arange(form.shape[0]), np.diff(form.indptr))
        low, high = form.lower[form.indices], form.upper[form.indices]
        positive = form.data > 0
        with np.errstate(invalid="ignore"):
            least = np.where(positive, form.data * low, form.data * high)
            most = np.where(positive, form.data * high, form.data * low)
        self.least = np.bincount(row, weights=least, minlength=form.shape[0])
        self.most = np.bincount(row, weights=most, minlength=form.shape[0])


def _rows(form: StandardForm, activity: _Activity) -> list[Finding]:
    findings = []
    lengths = np.diff(form.indptr)
    sense = form.row_sense
    true = ((sense <= 0) & (activity.most <= form.rhs)) & (sense != 0)
    true |= ((sense >= 0) & (activity.least >= form.rhs)) & (sense != 0)
    # "x >= 0" written as a row says what a bound says; that is harmless.
    harmless = (lengths == 1) & (form.rhs == 0)
    for i in np.flatnonzero((lengths == 0) | (true & ~harmless)):
        if i >= form.declared_rows:
            continue
        name = form.row_name(int(i))
        if lengths[i] == 0:
            findings.append(Finding(name, "empty", f"{name} holds no variable after simplification"))
        else:
            message = f"{name} holds for all amounts within their bounds; it limits nothing"
            findings.append(Finding(name, "always_true", message))
    return findings


def _repeated(form: StandardForm) -> list[Finding]:
    """Declared rows with the same sides up to a factor and the same direction."""
    seen: dict[Any, list[int]] = defaultdict(list)
    for i in range(form.declared_rows):
        span = slice(int(form.indptr[i]), int(form.indptr[i + 1]))
        data, indices = form.data[span], form.indices[span]
        if len(data):
            order = np.argsort(indices, kind="stable")
            scale = float(data[order][0])
            key = (
                indices[order].tobytes(),
                np.round(data[order] / scale, 12).tobytes(),
                int(form.row_sense[i]) * (1 if scale > 0 else -1),
            )
            seen[key].append(i)
    findings = []
    for rows in seen.values():
        if len(rows) > 1:
            first, *others = (form.row_name(i) for i in rows)
            for other in others:
                message = f"{other} limits the same amount in the same direction as {first}"
                findings.append(Finding(other, "repeated", message))
    return findings


def _unbounded(formulation: Formulation, form: StandardForm) -> Finding:
    """Names the variables that can improve the objective for ever."""
    model = highs.load(form, relaxed=True)
    model.setOptionValue("presolve", "off")
    highs.run(model)
    _, has_ray, ray = model.getPrimalRay()
    names: list[str] = []
    if has_ray and model.getModelStatus() == highspy.HighsModelStatus.kUnbounded:
        labels = {variable.name: variable.label or variable.name for variable in formulation.variables}
        for j in np.flatnonzero(np.abs(np.asarray(ray)[: form.declared_columns]) > 1e-9)[:5]:
            name = form.column_name(int(j))
            base = re.split(r"\[", name, maxsplit=1)[0]
            names.append(labels.get(base, base) + name[len(base) :])
    who = " and ".join(repr(name) for name in names) or "the objective"
    return Finding(None, "unbounded", f"nothing limits {who}; a limit may have been overlooked")


def _capped(findings: list[Finding], what: str) -> list[Finding]:
    if len(findings) <= _SHOWN:
        return findings
    more = f"{len(findings) - _SHOWN:,} more {what}"
    return [*findings[:_SHOWN], Finding(None, findings[0].kind, more)]
