"""The certificates of optimization jobs: optimality, infeasibility, unboundedness (docs/certificates.md)."""

from __future__ import annotations

from typing import Any

import flint

from quod.certificates import algebra, answers, budget, numeric, program, ray, reading, tree
from quod.certificates.model import Expanded, Model, expand
from quod.certificates.verdict import Verdict

Document = dict[str, Any]


def optimality(certificate: Document, result: Document | None, used: budget.Budget) -> Verdict:
    """A feasible point attains the objective, and no point does better (than the claimed bound)."""
    if certificate["strength"] == "numeric":
        return _numeric(certificate, result, used)
    claim = _claim(certificate, "optimal", ("sense", "objective"), ("bound",))
    evidence = reading.mapping(certificate["evidence"], "evidence", ("point", "tree"))
    expanded, form = _linear(certificate, used)
    _same_sense(claim, expanded.model)
    point = _point(expanded.model, evidence["point"], decimals=False)
    _feasible(expanded, point)
    objective = reading.number(claim["objective"], "claim.objective", decimals=False)
    reached = expanded.objective.at(point)
    if reached != objective:
        reading.reject("claim.objective", f"is {objective}, but the point has the value {reached}")
    claimed = reading.number(claim["bound"], "claim.bound", decimals=False) if "bound" in claim else objective
    exact = certificate["strength"] == "exact"
    if exact and claimed != objective:
        reading.reject("strength", f"is 'exact', but the bound {claimed} is not the objective {objective}")
    proof = tree.replay(form, evidence["tree"], used)
    if proof.bound is None or proof.bound < form.sign * claimed:
        proved = "nothing" if proof.bound is None else str(form.sign * proof.bound)
        reading.reject("tree", f"does not prove that no point is better than {claimed}; it proves {proved}")
    if result is not None:
        answers.optimal(result, expanded.model, point, objective, decimals=False)
    if exact:
        line = f"objective {objective} is attained and no point does better ({_leaves(proof)})"
    else:
        line = f"objective {objective} is attained; no point does better than {claimed} ({_leaves(proof)})"
    return _verdict(certificate, form, line, proof)


def infeasibility(certificate: Document, result: Document | None, used: budget.Budget) -> Verdict:
    """Every leaf of the tree is empty."""
    _claim(certificate, "infeasible", ())
    evidence = reading.mapping(certificate["evidence"], "evidence", ("tree",))
    expanded, form = _linear(certificate, used)
    proof = tree.replay(form, evidence["tree"], used)
    if proof.empty_leaves != proof.leaves:
        reading.reject(
            "tree", f"{proof.leaves - proof.empty_leaves} of {proof.leaves} leaves are not proved empty"
        )
    if result is not None:
        answers.without_value(result, expanded.model, None)
    return _verdict(certificate, form, f"no point satisfies the formulation ({_leaves(proof)})", proof)


def unboundedness(certificate: Document, result: Document | None, used: budget.Budget) -> Verdict:
    """From a feasible point a ray improves the objective without limit."""
    claim = _claim(certificate, "unbounded", ("sense",))
    evidence = reading.mapping(certificate["evidence"], "evidence", ("point", "ray"))
    expanded, form = _linear(certificate, used)
    _same_sense(claim, expanded.model)
    point = _point(expanded.model, evidence["point"], decimals=False)
    _feasible(expanded, point)
    ray.check(form, evidence["ray"])
    if result is not None:
        answers.without_value(result, expanded.model, point)
    return _verdict(
        certificate, form, "the objective improves without limit along a ray from a feasible point"
    )


def _numeric(certificate: Document, result: Document | None, used: budget.Budget) -> Verdict:
    claim = _claim(certificate, "optimal", ("sense", "objective", "tolerance"))
    evidence = reading.mapping(certificate["evidence"], "evidence", ("point",))
    model = Model(certificate["formulation"], used)
    _same_sense(claim, model)
    point = _point(model, evidence["point"], decimals=True)
    objective = reading.number(claim["objective"], "claim.objective")
    tolerance = reading.number(claim["tolerance"], "claim.tolerance")
    numeric.check(model, point, objective, tolerance)
    if result is not None:
        answers.optimal(result, model, point, objective, decimals=True)
    lines = (
        f"objective {claim['objective']} is attained; every row holds within {claim['tolerance']}",
        "that no other point does better is the solver's word",
    )
    return Verdict(certificate["kind"], "numeric", lines, {"columns": len(model.names)})


def _claim(
    certificate: Document, termination: str, required: tuple[str, ...], optional: tuple[str, ...] = ()
) -> Document:
    claim = reading.mapping(certificate["claim"], "claim", ("termination", *required), optional)
    reading.word(claim["termination"], "claim.termination", (termination,))
    return claim


def _same_sense(claim: Document, model: Model) -> None:
    if reading.text(claim["sense"], "claim.sense") != model.sense:
        reading.reject("claim.sense", f"is {claim['sense'][:80]!r}, but the formulation says {model.sense}")


def _linear(certificate: Document, used: budget.Budget) -> tuple[Expanded, program.Program]:
    try:
        expanded = expand(Model(certificate["formulation"], used))
        return expanded, program.standard_form(expanded)
    except algebra.NotLinear as error:
        reading.reject("strength", f"an exact or rigorous certificate needs a linear model, but {error}")


def _point(model: Model, value: Any, *, decimals: bool) -> list[flint.fmpq]:
    """Coordinates of all declared columns; those that are not listed are 0."""
    point = [algebra.ZERO] * len(model.names)
    for name, entry in reading.mapping(value, "point", (), None).items():
        column = model.column.get(name)
        if column is None:
            reading.reject("point", f"{name[:80]!r} is not a declared column")
        point[column] = reading.number(entry, f"point, column {name}", decimals=decimals)
    return point


def _feasible(expanded: Expanded, point: list[flint.fmpq]) -> None:
    violation = program.violated(expanded, point)
    if violation is not None:
        reading.reject("point", violation)


def _leaves(proof: tree.Proof) -> str:
    return f"{proof.leaves} {'leaf' if proof.leaves == 1 else 'leaves'}"


def _verdict(
    certificate: Document, form: program.Program, line: str, proof: tree.Proof | None = None
) -> Verdict:
    counts = form.counts()
    if proof is not None:
        counts |= {"leaves": proof.leaves, "empty_leaves": proof.empty_leaves, "branches": proof.branches}
    lines = [line]
    if form.closed:
        rows = "1 strict row" if form.closed == 1 else f"{form.closed} strict rows"
        lines.append(f"{rows} over real columns, or with abs, min or max: equality is allowed")
    return Verdict(certificate["kind"], certificate["strength"], tuple(lines), counts)
