"""`solve`: a formulation becomes an answer with a certificate, in a killable child process."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from quod import certificates, errors, jobs
from quod.agents import registry
from quod.agents.context import Context
from quod.agents.tools import formulate
from quod.solvers import formulation, run
from quod.solvers.exact import Proof
from quod.solvers.formulation import Formulation
from quod.solvers.options import Options
from quod.solvers.outcome import Outcome


@registry.tool(cost="solve")
async def solve(context: Context, draft: dict[str, Any], time_limit: float | None = None) -> dict[str, Any]:
    """Solve a formulation and prove the answer.

    draft: the output of `formulate`, or a formulation. time_limit: seconds of the solver.
    Returns {"termination", "answer", "certificate": None when nothing was proved, "solver", "notes"}.
    """
    chosen = read(draft)
    limits = options(context, time_limit)
    outcome, proof = await context.offload(run.solve_and_prove, chosen, limits)
    found: dict[str, Any] = {
        "termination": outcome.termination.value,
        "answer": None,
        "certificate": None,
        "solver": _solver(outcome),
        "notes": [_unproved(outcome)] if proof is None else proof.notes,
    }
    if proof is not None:
        certificate = certify(chosen, proof)
        found["termination"] = proof.claim["termination"]
        found["certificate"] = certificate.model_dump(mode="json")
        found["answer"] = answer(found["certificate"]["formulation"], proof)
    return found


def read(draft: Mapping[str, Any]) -> Formulation:
    """The formulation in a draft. Raises ToolFailed when it was not understood, InvalidInput when wrong."""
    if "formulation" not in draft:
        return formulation.parse(dict(draft))
    problems = draft.get("problems") or []
    if draft["formulation"] is None or problems:
        reason = "; ".join(problems) or "there is no formulation"
        raise errors.ToolFailed(f"the problem was not understood: {reason}", tool="formulate")
    return formulation.parse(draft["formulation"])


def options(context: Context, time_limit: float | None = None) -> Options:
    """The limits of one solve under the settings, with another time limit if one is given."""
    limits = Options.from_settings(context.settings)
    return limits if time_limit is None else dataclasses.replace(limits, time_limit=time_limit)


def certify(chosen: Formulation, proof: Proof) -> jobs.Certificate:
    """The proof as a certificate."""
    key = (proof.kind, proof.strength)
    return jobs.Certificate(
        kind=proof.kind,
        strength=jobs.Strength(proof.strength),
        claim=proof.claim,
        formulation=formulate.document(chosen),
        evidence=proof.evidence,
        covers=certificates.COVERS[key],
        does_not_cover=certificates.DOES_NOT_COVER[key],
    )


def answer(certified: dict[str, Any], proof: Proof) -> dict[str, Any]:
    """What the certificate proves, in the words of the formulation; approximate numbers as numbers."""
    found: dict[str, Any] = {
        name: proof.claim[name] for name in ("objective", "bound", "sense") if name in proof.claim
    }
    if "point" in proof.evidence:
        found["values"] = labelled(certified, proof.evidence["point"])
    return _approximate(found) if proof.strength == "numeric" else found


def labelled(certified: dict[str, Any], point: dict[str, Any]) -> dict[str, Any]:
    """Every declared column of the certified formulation under the key by which the checker looks for it."""
    return {key: point.get(column, "0") for column, key in certificates.answer_keys(certified).items()}


def _approximate(found: dict[str, Any]) -> dict[str, Any]:
    """Exact numbers travel as text, approximate ones as JSON numbers."""
    values = {key: float(value) for key, value in found["values"].items()}
    return {**found, "objective": float(found["objective"]), "values": values}


def _solver(outcome: Outcome) -> dict[str, Any]:
    return {
        "name": outcome.solver,
        "version": outcome.version,
        "status": outcome.raw_status,
        "seconds": round(outcome.seconds, 4),
    }


def _unproved(outcome: Outcome) -> str:
    answers = (jobs.Termination.INFEASIBLE, jobs.Termination.UNBOUNDED)
    if outcome.termination in answers:
        return f"the solver's answer ({outcome.raw_status}) was not proved within the limits"
    return f"the solver stopped without an answer: {outcome.raw_status}"
