"""The result of a job, from what its tasks put out.

An output is a candidate when it has a certificate, whatever tool it comes from; what stands beside it
(readings, audit, diagnosis) is found by following the inputs of the tasks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from quod import certificates, jobs
from quod.agents import evidence
from quod.agents.context import Context
from quod.agents.history import History

DRAFTS = ("formulate", "pyomo_code", "compare", "vote")
"""Tools whose output is a draft: formulation, problems, warnings."""


def claim(context: Context, history: History, candidates: Sequence[str]) -> jobs.Result:
    """What is claimed when the outputs of `candidates` are the answer; solved only once it was checked."""
    values = [history.value(name) for name in candidates]
    result = _empty(context, jobs.Status.SOLVED, jobs.Termination.UNKNOWN)
    if len(values) == 1:
        _single(result, values[0])
    else:
        _several(context, result, history, candidates)
    return result


def result(
    context: Context, history: History, *, exhausted: str | None, check: dict[str, Any] | None
) -> jobs.Result:
    """The result of a job whose last round is decided."""
    decision = history[-1].decision
    assert decision is not None
    if decision.action == "finish":
        found = claim(context, history, decision.candidates)
        for name in decision.candidates:
            _beside(found, history, name)
    else:
        found = _unsolved(context, history, exhausted, check)
    found.trace = list(_trace(history, check))
    found.rounds = [
        jobs.Round(
            number=past.number,
            tasks=past.tasks,
            decision=past.decision.action if past.decision else "stop",
            reason=past.decision.reason if past.decision else "",
            problems=past.problems,
        )
        for past in history
    ]
    found.sandbox = next(_sandboxes(history), None)
    found.history = [line for past in history.outcomes() for line in _attempts(past)]
    found.usage = context.models.usage + jobs.Usage(
        solver_seconds=round(sum(past.end - past.start for past in history.of("solve")), 4),
        checker_seconds=round(check["seconds"], 4) if check else 0.0,
    )
    return found


def rejection(check: dict[str, Any]) -> str:
    """That a claim was not accepted, and why."""
    return f"the certificate was rejected by quod's own checker: {check['rejected']}"


def _empty(context: Context, status: jobs.Status, termination: jobs.Termination) -> jobs.Result:
    job = context.job
    return jobs.Result(
        id=job.id, kind=job.kind, status=status, termination=termination, problem=job.input or None
    )


def _single(found: jobs.Result, value: dict[str, Any]) -> None:
    certificate = jobs.Certificate.model_validate(value["certificate"])
    found.kind = jobs.Kind(certificates.KINDS[certificate.kind].job)
    found.termination = jobs.Termination(certificate.claim["termination"])
    found.certificate, found.answer = certificate, value["answer"]
    found.solver = value.get("solver")
    found.warnings += value.get("notes", [])


def _several(context: Context, found: jobs.Result, history: History, candidates: Sequence[str]) -> None:
    """The candidates as the parts of one answer, under one certificate."""
    parts: list[tuple[str, jobs.Certificate]] = []
    answers = []
    for name in candidates:
        value, question = history.value(name), _question(context, history, name)
        certificate = jobs.Certificate.model_validate(value["certificate"])
        parts.append((question, certificate))
        termination = certificate.claim["termination"]
        answers.append({"question": question, "termination": termination, "answer": value["answer"]})
        found.warnings += value.get("notes", [])
    found.kind, found.termination = jobs.Kind.AUTO, jobs.Termination.COMBINED
    found.certificate, found.answer = evidence.conjunction(parts), {"parts": answers}


def _question(context: Context, history: History, task: str) -> str:
    """The words that a candidate answers: those of the first task that it rests on and that has some."""
    for name in [*_sources(history, task), task]:
        found = next((t for past in history for t in past.tasks if t.id == name), None)
        for key in ("text", "question"):
            if found is not None and isinstance(found.arguments.get(key), str):
                return str(found.arguments[key])
    return context.job.input


def _sources(history: History, task: str) -> list[str]:
    """All tasks that a task rests on, earliest first."""
    found: list[str] = []

    def visit(name: str) -> None:
        outcome = history.outcome(name)
        for source in outcome.inputs if outcome else []:
            if source not in found:
                visit(source)
                found.append(source)

    visit(task)
    return found


def _beside(found: jobs.Result, history: History, candidate: str) -> None:
    """Add the warnings of the reading, the audit and the diagnosis; a failure there takes no answer away."""
    sources = [history.outcome(name) for name in _sources(history, candidate)]
    drafts = [past.value for past in sources if past is not None and past.tool in DRAFTS]
    found.warnings = (drafts[-1]["warnings"] if drafts else []) + found.warnings
    for outcome in history.outcomes():
        if outcome.tool not in ("audit", "diagnose") or candidate not in outcome.inputs:
            continue
        if outcome.outcome != "ok":
            found.warnings.append(f"the answer stands, but it could not be reviewed: {outcome.error}")
            continue
        value = dict(outcome.value)
        found.warnings += value.pop("findings", [])
        if found.answer is not None and found.termination is not jobs.Termination.COMBINED:
            found.answer.update({name: part for name, part in value.items() if part != []})


def _unsolved(
    context: Context, history: History, exhausted: str | None, check: dict[str, Any] | None
) -> jobs.Result:
    found = _empty(context, jobs.Status.UNSOLVED, jobs.Termination.UNKNOWN)
    drafts = [past.value for past in history.outcomes() if past.tool in DRAFTS and past.outcome == "ok"]
    draft = drafts[-1] if drafts else None
    if draft is not None:
        found.candidate = draft["formulation"]
        found.warnings += draft.get("warnings", [])
        found.not_understood = draft["problems"]
        if draft.get("numeric"):
            found.warnings.append(f"not certified: the code itself found {draft['numeric']}")
        exhausted = exhausted or draft.get("exhausted")
    solved = history.of("solve")
    last = solved[-1] if solved else None
    if exhausted:
        found.termination = jobs.Termination.BUDGET_EXHAUSTED
        found.warnings.append(f"the budget of the job ran out: {exhausted}")
    elif check and check["rejected"]:
        found.termination = jobs.Termination.NOT_CERTIFIED
        found.warnings.append(rejection(check))
    elif draft is not None and (draft["problems"] or draft["formulation"] is None):
        found.termination = jobs.Termination.NOT_UNDERSTOOD
    elif computed := [past.value for past in history.of("compute") if past.outcome == "ok"]:
        found.termination = jobs.Termination(computed[-1]["termination"])
        found.not_understood = computed[-1]["problems"]
    elif last is not None and last.outcome == "ok" and not last.value["certificate"]:
        found.termination = jobs.Termination(last.value["termination"])
        found.solver = last.value["solver"]
        found.warnings += last.value["notes"]
    else:
        _failed(found, history)
    if found.termination is not jobs.Termination.BUDGET_EXHAUSTED:
        found.warnings += _reasons(history, found)
    return found


def _failed(found: jobs.Result, history: History) -> None:
    """What failed, as status and warnings: a tool that came to harm, or a plan that led nowhere."""
    errors = [past for past in history.outcomes() if past.outcome == "error"]
    for past in errors:
        found.warnings.append(past.error or "")
    broken = next((past for past in errors if past.tool == "solve"), errors[-1] if errors else None)
    if broken is not None and broken.error_type != "InvalidInput":
        found.status = jobs.Status.FAILED
        found.termination = termination(broken)
    else:
        found.termination = jobs.Termination.NOT_CERTIFIED
    found.warnings += history[-1].problems


def _reasons(history: History, found: jobs.Result) -> list[str]:
    """Why the last round was the last, where no warning says it already."""
    reason = history[-1].decision.reason if history[-1].decision else ""
    said = any(line and line in reason for line in [*found.warnings, *found.not_understood])
    return [f"given up: {reason}"] if reason and not said else []


def termination(outcome: jobs.TaskOutcome) -> jobs.Termination:
    """The termination that says why a tool failed."""
    if outcome.error_type == "LimitExceeded":
        memory = (outcome.limit or "").startswith("memory") or outcome.limit == "nonzeros"
        return jobs.Termination.MEMORY_LIMIT if memory else jobs.Termination.TIME_LIMIT
    ours = outcome.error_type == "ToolFailed"
    return jobs.Termination.INTERNAL_SOLVER_ERROR if ours else jobs.Termination.ERROR


def _trace(history: History, check: dict[str, Any] | None) -> Iterator[jobs.TaskTrace]:
    for past in history:
        for outcome in sorted(past.outcomes, key=lambda item: (item.start, item.end)):
            yield jobs.TaskTrace(
                task=outcome.task,
                tool=outcome.tool,
                outcome=outcome.outcome,
                seconds=round(outcome.end - outcome.start, 4),
                detail=outcome.error,
                start=round(outcome.start, 4),
                end=round(outcome.end, 4),
                inputs=outcome.inputs,
                round=past.number,
            )
    if check:
        yield jobs.TaskTrace(
            task="check",
            tool="check",
            outcome="error" if check["rejected"] else "ok",
            seconds=round(check["seconds"], 4),
            detail=check["rejected"],
            start=round(check["start"], 4),
            end=round(check["start"] + check["seconds"], 4),
            inputs=check["inputs"],
            round=len(history),
        )


def _sandboxes(history: History) -> Iterator[dict[str, Any]]:
    for outcome in history.outcomes():
        if isinstance(outcome.value, dict) and isinstance(outcome.value.get("sandbox"), dict):
            yield outcome.value["sandbox"]


def _attempts(outcome: jobs.TaskOutcome) -> list[dict[str, Any]]:
    """What a task tried before it came to its output, as it tells it."""
    told = outcome.value.get("attempts") if isinstance(outcome.value, dict) else None
    return [{"task": outcome.task, **attempt} for attempt in told or [] if isinstance(attempt, dict)]
