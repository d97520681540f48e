"""An `optimize` job from words to a checked certificate.

    draft → coverage → solve and prove (killable child) → check → diagnose | review → Result

Only what the checker accepted is returned as solved; everything else says what is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from quod import certificates, errors, jobs
from quod.agents import drafting, trace
from quod.settings import Settings
from quod.solvers import coverage, formulation, options, review, run, tables, units
from quod.solvers.drafters import base
from quod.solvers.exact import Proof
from quod.solvers.formulation import Formulation
from quod.solvers.outcome import Outcome

TEXT_LIMIT = 1_000_000
"""Characters of problem text; longer input is refused."""


def run_job(
    job: jobs.Job,
    settings: Settings,
    *,
    base_dir: str | Path | None = None,
    drafters: Sequence[base.Drafter] = (),
    progress: trace.Progress | None = None,
) -> jobs.Result:
    """Run one `optimize` job in this process and its children.

    `drafters` replace those that the settings name. A solver that fails, hangs or eats its memory is a result
    with status `failed` and the reason in `warnings`. Raises InvalidInput, Misconfigured or Unavailable.
    """
    tracer = trace.Tracer(progress)
    draft = _formulate(job, settings, base_dir, drafters, tracer)
    if draft.formulation is None or draft.problems:
        return _unsolved(job, draft, tracer, jobs.Termination.NOT_UNDERSTOOD)
    chosen = draft.formulation
    limits = options.Options.from_settings(settings)
    try:
        with tracer.task("solve", "solving and proving"):
            outcome, proof = run.solve_and_prove(chosen, limits)
    except (errors.LimitExceeded, errors.ToolFailed) as error:
        return _failed(job, draft, tracer, error)
    tracer.usage.solver_seconds = tracer.seconds("solve")
    tracer.warnings += proof.notes if proof is not None else []
    if proof is None:
        tracer.warnings.append(_unproved(outcome))
        return _unsolved(job, draft, tracer, outcome.termination, outcome)
    return _certified(job, draft, tracer, limits, outcome, proof)


def _unproved(outcome: Outcome) -> str:
    answers = (jobs.Termination.INFEASIBLE, jobs.Termination.UNBOUNDED)
    if outcome.termination in answers:
        return f"the solver's answer ({outcome.raw_status}) was not proved within the limits"
    return f"the solver stopped without an answer: {outcome.raw_status}"


def _formulate(
    job: jobs.Job,
    settings: Settings,
    base_dir: str | Path | None,
    drafters: Sequence[base.Drafter],
    tracer: trace.Tracer,
) -> base.Draft:
    if len(job.input) > TEXT_LIMIT:
        raise errors.InvalidInput(
            f"the text has {len(job.input):,} characters; at most {TEXT_LIMIT:,} are read", field="text"
        )
    if job.formulation is not None:
        with tracer.task("formulate", "reading the formulation"):
            given = formulation.parse(job.formulation)
            if given.text is None and job.input.strip():
                given = formulation.parse({**given.model_dump(), "text": job.input})
            elif job.input and given.text not in (None, job.input):
                raise errors.InvalidInput(
                    "the formulation was read from another text; leave its text or the problem away",
                    field="text",
                )
            given = tables.load(given, base_dir)
        draft = base.Draft(formulation=given)
    elif not job.input.strip():
        raise errors.InvalidInput(
            "the problem is empty; describe it in words or give a formulation", field="text"
        )
    else:
        with tracer.task("formulate", f"reading the problem ({settings.drafter})"):
            draft, warnings = drafting.draft(job.input, settings, drafters)
        tracer.usage, tracer.warnings = draft.usage, warnings
    if draft.formulation is not None:
        with tracer.task("cover", "checking that every number of the text is used"):
            tracer.warnings += coverage.check(draft.formulation).missing
            tracer.warnings += units.check(draft.formulation)
    return draft


def _certified(
    job: jobs.Job,
    draft: base.Draft,
    tracer: trace.Tracer,
    limits: options.Options,
    outcome: Outcome,
    proof: Proof,
) -> jobs.Result:
    chosen = draft.formulation
    assert chosen is not None
    certificate = _certificate(chosen, proof)
    result = _result(job, jobs.Status.SOLVED, jobs.Termination(proof.claim["termination"]), tracer, outcome)
    result.certificate = certificate
    if job.input:
        result.problem = job.input
    try:
        with tracer.task("check", "checking the certificate"):
            result.answer = _answer(certificate.formulation, proof)
            certificates.check(result.model_dump(mode="json"))
    except errors.CertificateRejected as error:
        tracer.warnings.append(f"the certificate was rejected by quod's own checker: {error}")
        return _unsolved(job, draft, tracer, jobs.Termination.NOT_CERTIFIED, outcome)
    tracer.usage.checker_seconds = tracer.seconds("check")
    _explain(chosen, result, tracer, limits)
    return result.model_copy(update={"trace": tracer.tasks, "warnings": tracer.warnings})


def _explain(chosen: Formulation, result: jobs.Result, tracer: trace.Tracer, limits: options.Options) -> None:
    """Add what helps people judge the answer; a failure here never takes the answer away."""
    assert result.answer is not None
    try:
        if result.termination is jobs.Termination.INFEASIBLE:
            with tracer.task("diagnose", "looking for the conflict"):
                result.answer.update(run.call(review.diagnosis, chosen, limits))
        else:
            with tracer.task("review", "comparing other readings, auditing the model"):
                report = run.call(review.review, chosen, limits)
            if report["alternatives"]:
                result.answer["alternatives"] = report["alternatives"]
            tracer.warnings += [finding["message"] for finding in report["findings"]]
    except (errors.LimitExceeded, errors.ToolFailed) as error:
        tracer.warnings.append(f"the answer stands, but it could not be reviewed: {error}")


def _certificate(chosen: Formulation, proof: Proof) -> jobs.Certificate:
    key = (proof.kind, proof.strength)
    return jobs.Certificate(
        kind=proof.kind,
        strength=jobs.Strength(proof.strength),
        claim=proof.claim,
        formulation=tables.inline(chosen).model_dump(mode="json", exclude_defaults=True),
        evidence=proof.evidence,
        covers=certificates.COVERS[key],
        does_not_cover=certificates.DOES_NOT_COVER[key],
    )


def _answer(certified: dict[str, Any], proof: Proof) -> dict[str, Any]:
    answer: dict[str, Any] = {
        name: proof.claim[name] for name in ("objective", "bound", "sense") if name in proof.claim
    }
    if "point" in proof.evidence:
        answer["values"] = labelled(certified, proof.evidence["point"])
    return _approximate(answer) if proof.strength == "numeric" else answer


def _approximate(answer: dict[str, Any]) -> dict[str, Any]:
    """Exact numbers travel as text, approximate ones as JSON numbers."""
    values = {key: float(value) for key, value in answer["values"].items()}
    return {**answer, "objective": float(answer["objective"]), "values": values}


def labelled(certified: dict[str, Any], point: dict[str, Any]) -> dict[str, Any]:
    """Every declared column of the certified formulation under the key by which the checker looks for it."""
    return {key: point.get(column, "0") for column, key in certificates.answer_keys(certified).items()}


def _result(
    job: jobs.Job,
    status: jobs.Status,
    termination: jobs.Termination,
    tracer: trace.Tracer,
    outcome: Outcome | None = None,
) -> jobs.Result:
    solver = None
    if outcome is not None:
        solver = {
            "name": outcome.solver,
            "version": outcome.version,
            "status": outcome.raw_status,
            "seconds": round(outcome.seconds, 4),
        }
    return jobs.Result(
        id=job.id,
        kind=jobs.Kind.OPTIMIZE,
        status=status,
        termination=termination,
        problem=job.input or None,
        solver=solver,
        trace=tracer.tasks,
        usage=tracer.usage,
        warnings=tracer.warnings,
    )


def _unsolved(
    job: jobs.Job,
    draft: base.Draft,
    tracer: trace.Tracer,
    termination: jobs.Termination,
    outcome: Outcome | None = None,
) -> jobs.Result:
    result = _result(job, jobs.Status.UNSOLVED, termination, tracer, outcome)
    if draft.formulation is not None:
        result.candidate = tables.inline(draft.formulation).model_dump(mode="json", exclude_defaults=True)
    result.not_understood = draft.problems
    return result


def _failed(job: jobs.Job, draft: base.Draft, tracer: trace.Tracer, error: errors.QuodError) -> jobs.Result:
    tracer.warnings.append(str(error))
    result = _unsolved(job, draft, tracer, trace.failure(error))
    return result.model_copy(update={"status": jobs.Status.FAILED})


def solve(
    text: str, settings: Settings, *, formulation: dict[str, Any] | None = None, drafter: str | None = None
) -> jobs.Result:
    """`run_job` for a text, under another drafter than the settings name if one is given."""
    if drafter is not None:
        settings = settings.model_copy(update={"drafter": drafter})
    return run_job(jobs.Job(kind=jobs.Kind.OPTIMIZE, input=text, formulation=formulation), settings)
