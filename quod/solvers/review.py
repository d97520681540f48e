"""What helps people judge an answer: the audit, other readings, and why a model has no solution.

`review` and `diagnosis` run inside the killable child (`run.call`) and give back plain JSON-able data.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from typing import Any

from quod import errors, jobs
from quod.solvers import audit, conventions, diagnose, exact, expand, run
from quod.solvers import formulation as formulations
from quod.solvers.formulation import Formulation
from quod.solvers.options import Options
from quod.solvers.outcome import Outcome

_PROOF_NONZEROS = 5000  # of a model whose other optimum is proved, for at most _PROOF_SECONDS
_PROOF_SECONDS = 2.0
_NO_OPTIMUM = {jobs.Termination.INFEASIBLE: "no solution", jobs.Termination.UNBOUNDED: "no limit"}


def review(formulation: Formulation | Mapping[str, Any], options: Options) -> dict[str, Any]:
    """Audit a solved formulation and solve its other readings, within `options.time_limit`.

    `findings`: [{"row", "kind", "message"}], each worth a warning. `rows`: [{"row", "state", "without"}].
    `alternatives`: [{"convention", "text", "termination", "objective"}], only where the optimum differs;
    the objective is exact text where it was proved, else a number, None without an optimum.
    `notes`: what was left out. Raises InvalidInput for a formulation that cannot be expanded.
    """
    given, deadline = _read(formulation), time.perf_counter() + options.time_limit
    first = _solve(given, options, deadline)
    others = _alternatives(given, first, options, deadline)
    try:
        form = expand.expand(given)
    except expand.Nonlinear:
        return {
            "findings": [],
            "rows": [],
            "alternatives": others,
            "notes": ["a nonlinear model is not audited"],
        }
    until = min(deadline, time.perf_counter() + audit.SECONDS)
    report = audit.audit(given, form, first, options, until)
    findings = [dataclasses.asdict(finding) for finding in report.findings]
    return {"findings": findings, "rows": report.rows, "alternatives": others, "notes": report.notes}


def diagnosis(formulation: Formulation | Mapping[str, Any], options: Options) -> dict[str, Any]:
    """What an infeasible answer carries: `conflict`, `relaxations`, `proven_irreducible`, `by_integrality`.

    Also `alternatives` where another reading has a solution. Empty for a nonlinear model, and when the solver
    finds a solution after all.
    """
    given, deadline = _read(formulation), time.perf_counter() + options.time_limit
    try:
        found = diagnose.diagnose(given, dataclasses.replace(options, time_limit=0.8 * options.time_limit))
    except expand.Nonlinear:
        return {}
    if found is None:
        return {}
    answer = found.as_json()
    first = Outcome(jobs.Termination.INFEASIBLE, "", "", "", 0.0)
    if others := _alternatives(given, first, options, deadline):
        answer["alternatives"] = others
    return answer


def _read(formulation: Formulation | Mapping[str, Any]) -> Formulation:
    return formulation if isinstance(formulation, Formulation) else formulations.parse(formulation)


def _solve(formulation: Formulation, options: Options, deadline: float) -> Outcome:
    left = max(0.1, deadline - time.perf_counter())
    return run.solve_here(formulation, dataclasses.replace(options, time_limit=left))


def _alternatives(
    formulation: Formulation, first: Outcome, options: Options, deadline: float
) -> list[dict[str, Any]]:
    if _shown(first) is None:
        return []
    found = []
    for alternative in conventions.alternatives(formulation):
        if time.perf_counter() >= deadline:
            break
        try:
            other = _solve(alternative.formulation, options, deadline)
        except (errors.InvalidInput, errors.Misconfigured):
            continue
        here, there = _shown(first), _shown(other)
        if here is None or there is None or _same(first, other):
            continue
        found.append(
            {
                "convention": alternative.convention.kind,
                "text": alternative.describe(here, there),
                "termination": other.termination.value,
                "objective": _exact(alternative.formulation, other, options, deadline),
            }
        )
    return found


def _exact(
    formulation: Formulation, outcome: Outcome, options: Options, deadline: float
) -> str | float | None:
    """The optimum as exact text where a short proof gives it, HiGHS' number otherwise."""
    if outcome.objective is None:
        return None
    try:
        form = expand.expand(formulation)
    except expand.Nonlinear:
        return outcome.objective
    if form.kind not in ("lp", "milp") or len(form.data) > _PROOF_NONZEROS:
        return outcome.objective
    seconds = min(_PROOF_SECONDS, max(0.01, deadline - time.perf_counter()))
    limits = dataclasses.replace(options, gap=0.0, time_limit=seconds)
    proof = exact.prove(expand.expand(formulation, exact=True), limits, outcome)
    if proof is None or proof.kind != "optimality" or proof.strength != "exact":
        return outcome.objective
    return str(proof.claim["objective"])


def _same(first: Outcome, other: Outcome) -> bool:
    if first.objective is None or other.objective is None:
        return first.termination is other.termination
    return audit.close(first.objective, other.objective)


def _shown(outcome: Outcome) -> str | None:
    """The optimum for people; None when the solver did not come to an end."""
    if outcome.termination is jobs.Termination.OPTIMAL and outcome.objective is not None:
        return f"{outcome.objective + 0.0:.10g}"
    return _NO_OPTIMUM.get(outcome.termination)
