"""Binds drafters to what they need (a model, checks, a quick solve) and compares several drafts."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from quod import errors, jobs
from quod.models import base as chat
from quod.models import blocking, roles
from quod.settings import Settings
from quod.solvers import coverage, language, options, run, units
from quod.solvers.drafters import base, compare
from quod.solvers.formulation import Formulation

CONFIDENT = 0.975
"""Below this confidence the result carries a warning that the reading is uncertain.

High, because an answer without a warning is taken at its word: about 95 % of them shall agree with reference
models that are themselves wrong in some cases of a hundred (docs/benchmarks.md).
"""


def draft(
    text: str, settings: Settings, drafters: Sequence[base.Drafter] = ()
) -> tuple[base.Draft, list[str]]:
    """The first draft of `text` and warnings about it.

    `settings.drafter` may name several drafters, separated by commas, and a model may draft several samples;
    they are compared by canonical form and by optimum, and every disagreement is a warning.
    """
    readers = drafters or [base.create(name, tools(settings)) for name in names(settings)]
    drafts = [reader.draft(text) for reader in readers]
    first = next((item for item in drafts if item.formulation and not item.problems), drafts[0])
    warnings = list(first.notes)
    if first.confidence is not None and first.confidence < CONFIDENT and first.formulation is not None:
        warnings.append(
            f"the reading is uncertain (confidence {first.confidence:.2f}); compare the model with the text"
        )
    others = [item.formulation for item in drafts if item is not first and item.formulation is not None]
    if first.formulation is not None and others:
        warnings += compare.disagreements(first.formulation, others, _optimum(settings))
    usage = sum((item.usage for item in drafts), jobs.Usage())
    return dataclasses.replace(first, usage=usage), warnings


def names(settings: Settings) -> list[str]:
    """The drafters to ask, a model as often as samples are wanted."""
    found = [name.strip() for name in settings.drafter.split(",")]
    return [name for name in found for _ in range(settings.samples if name == "openai" else 1)]


def tools(
    settings: Settings, models: roles.Models | None = None, loop: asyncio.AbstractEventLoop | None = None
) -> base.Tools:
    """What drafters may use under these settings; a model only where one is set.

    Drafters are synchronous: their model is called on `loop`, from another thread than the loop's, or on a
    loop of its own. `models` are those of the job, which count what is used.
    """
    complete = None
    if "openai" in settings.drafter:
        complete = _complete((models or roles.Models(settings)).get("formulator"), blocking.Loop(loop))
    return base.Tools(
        complete=complete,
        validate=problems,
        try_solve=lambda formulation: (
            run.solve(formulation, options.Options.from_settings(settings)).termination
        ),
        repair_rounds=settings.repair_rounds,
    )


def _complete(model: chat.ChatModel, bridge: blocking.Loop) -> base.Complete:
    def complete(messages: Sequence[Mapping[str, str]], schema: Mapping[str, Any]) -> base.Reply:
        return bridge.run(model.complete(chat.Request(messages, schema)))

    return complete


def problems(formulation: Formulation) -> list[str]:
    """What the language, the units and the coverage of the text say against a formulation."""
    try:
        language.check(formulation)
    except errors.InvalidInput as error:
        return [str(error)]
    return units.check(formulation) + coverage.check(formulation).missing


def _optimum(settings: Settings) -> compare.Optimum:
    limits = options.Options.from_settings(settings)

    def optimum(formulation: Formulation) -> tuple[str, float | None]:
        try:
            outcome = run.solve(formulation, limits)
        except errors.QuodError as error:
            return str(error), None
        return outcome.termination.value, outcome.objective

    return optimum
