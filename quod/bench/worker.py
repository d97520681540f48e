"""One benchmark problem from text to record.

The drafter is called by `predict`, which is given the text and nothing of the key: neither declarations nor
expected values. Only the `gold` drafter gets the declarations, because it is them.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import Any

from quod import errors, jobs
from quod.agents import drafting
from quod.agents import run as running
from quod.bench import references, scoring
from quod.settings import Settings
from quod.solvers import formulation, options
from quod.solvers.drafters import base, canonical, gold
from quod.workers import runner

Solve = Callable[[jobs.Job, Settings, Sequence[base.Drafter]], jobs.Result]
"""The pipeline: `quod.agents.run.run_job`, or what stands in for it."""


def pipeline(job: jobs.Job, settings: Settings, drafters: Sequence[base.Drafter]) -> jobs.Result:
    """Quod's own pipeline; a benchmark keeps finished problems itself, and unfinished ones not at all."""
    settings = settings.model_copy(update={"checkpoints": "none"})
    return running.run_job(job, settings, parts=running.Parts(drafters=drafters))


@dataclasses.dataclass(frozen=True)
class Item:
    """A problem as it is handed to a worker; `key_text` only where the key words it differently."""

    index: int
    id: str
    category: str
    text: str
    key_text: str | None
    record: dict[str, Any] | None
    expected: dict[str, Any] | None
    """Outcome of the key (`termination`, `objective`), None without key or where its value is unusable."""
    linear: bool
    """Whether to solve the divisible reading too."""


def run_items(items: Sequence[Item], settings: Settings) -> None:
    """Work through `items` in a child process; every record is reported as soon as it is finished."""
    for item in items:
        runner.report(run_item(item, settings))


def run_item(item: Item, settings: Settings, solve: Solve = pipeline) -> dict[str, Any]:
    """The record of one problem, JSON only.

    Raises Misconfigured and Unavailable, which concern every problem.
    """
    declared, unreadable = _declared(item)
    if declared is None and settings.drafter == "gold":
        runs = {"data": {**_empty(), "seconds": 0.0, "warnings": [unreadable]}}
    else:
        runs = {"data": predict(item.text, settings, declared if settings.drafter == "gold" else None, solve)}
    if item.key_text is not None and settings.drafter != "gold":
        runs["key"] = predict(item.key_text, settings, None, solve)
    drafts = {name: run["formulation"] for name, run in runs.items()}
    documents = [declared]
    if item.linear:
        documents += [references.continuous(declared), *map(references.continuous, drafts.values())]
    found = references.optima(documents, options.Options.from_settings(settings))
    for run, ending in zip(runs.values(), found[2:], strict=False):
        run["continuous"] = ending
    return {
        "index": item.index,
        "id": item.id,
        "category": item.category,
        "runs": runs,
        "gold": (found[0] or {"termination": "error", "objective": None}) if item.record else None,
        "unreadable": unreadable,
        "gold_continuous": found[1] if item.linear else None,
        "key": item.expected,
        "key_text_differs": item.key_text is not None,
        "declarations": declarations(declared, drafts["data"]),
    }


def predict(
    text: str, settings: Settings, declared: dict[str, Any] | None = None, solve: Solve = pipeline
) -> dict[str, Any]:
    """What quod makes of `text`: status, termination, objective, and what it cost."""
    started = time.perf_counter()
    drafters: list[_Recorder] = []
    try:
        if declared is None:
            tools = drafting.tools(settings)
            names = [name.strip() for name in settings.drafter.split(",")]
            if drafting.PYOMO not in names:  # that one is a tool of the planner
                drafters = [_Recorder(base.create(name, tools)) for name in names]
        job = jobs.Job(kind=jobs.Kind.OPTIMIZE, input=text, formulation=declared)
        result = solve(job, settings, drafters)
    except (errors.Misconfigured, errors.Unavailable):
        raise
    except Exception as error:  # one broken problem must not cost the others
        said = str(error) if isinstance(error, errors.QuodError) else repr(error)
        return {**_empty(), "seconds": time.perf_counter() - started, "warnings": [said]}
    solved = result.status is jobs.Status.SOLVED
    objective = (result.answer or {}).get("objective") if solved else None
    certificate = result.certificate
    return {
        "status": result.status.value,
        "termination": result.termination.value,
        "objective": scoring.to_float(objective),
        "strength": certificate.strength.value if certificate else None,
        "executed": result.solver is not None,
        "confidence": drafters[0].confidence if drafters else None,
        "warnings": result.warnings,
        "not_understood": result.not_understood,
        "seconds": time.perf_counter() - started,
        "usage": result.usage.model_dump(),
        "formulation": certificate.formulation if certificate else result.candidate,
    }


def declarations(declared: dict[str, Any] | None, drafted: dict[str, Any] | None) -> dict[str, Any] | None:
    """How many declarations of the two formulations agree in canonical form, in all and by kind of row.

    `{"matched", "drafted", "gold", "kinds": {kind: [matched, gold]}}`, the objective counted as one; None
    without declarations, or when they are too large or not linear.
    """
    if declared is None:
        return None
    try:
        reference = canonical.canonical(formulation.parse(declared))
    except errors.QuodError:
        return None
    own = range(len(reference.labels))
    try:
        found = canonical.canonical(formulation.parse(drafted)) if drafted else None
    except errors.QuodError:
        found = None
    keys = found.keys(canonical.align(reference, found)) if found else frozenset()
    kinds: dict[str, list[int]] = {"objective": [int(reference.objective_key(own) in keys), 1]}
    for row in reference.rows:
        key = row.key(own, reference.domains)
        if key is not None:
            matched, total = kinds.get(row.kind, [0, 0])
            kinds[row.kind] = [matched + (key in keys), total + 1]
    wanted = reference.keys()
    return {"matched": len(wanted & keys), "drafted": len(keys), "gold": len(wanted), "kinds": kinds}


class _Recorder:
    """A drafter that remembers how confident it was; results do not say."""

    def __init__(self, drafter: base.Drafter) -> None:
        self._drafter = drafter
        self.name = drafter.name
        self.confidence: float | None = None

    def draft(self, text: str) -> base.Draft:
        drafted = self._drafter.draft(text)
        self.confidence = drafted.confidence
        return drafted


def _declared(item: Item) -> tuple[dict[str, Any] | None, str | None]:
    """The formulation that the declarations state, or why they are not understood."""
    if item.record is None:
        return None, None
    try:
        return gold.formulate(item.record).model_dump(mode="json"), None
    except errors.InvalidInput as error:
        return None, str(error)


def _empty() -> dict[str, Any]:
    return {
        "status": "failed", "termination": "error", "objective": None, "strength": None, "executed": False,
        "confidence": None, "not_understood": [], "usage": jobs.Usage().model_dump(), "formulation": None,
    }  # fmt: skip
