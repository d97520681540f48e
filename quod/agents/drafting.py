"""Binds drafters to what they need: a model, checks, a quick solve."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from quod import errors
from quod.agents import steps
from quod.agents.context import Context
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


async def draft_one(
    context: Context, text: str, drafter: str | None, sample: int, hints: Sequence[Any]
) -> base.Draft:
    """One reading of `text`: by the drafter of this name, or by the job's own when it brings some.

    `sample` tells repeated readings by a model apart; `hints` are shown to it beside the text.
    """
    if context.drafters:
        reader = context.drafters[sample % len(context.drafters)]
        drafted = await context.offload(reader.draft, text)
        context.models.add_usage(drafted.usage)  # no model of the job has counted it
        return drafted
    name = drafter or names(context)[0][0]
    given = tools(
        context.settings, context.models, asyncio.get_running_loop(), name=name, sample=sample, hints=hints
    )
    return await context.offload(base.create(name, given).draft, text)


def sampled(context: Context, strategy: str) -> str:
    """The first drafter, for a strategy that wants several readings. Raises Misconfigured if it has one."""
    name = names(context)[0][0]
    if name not in SAMPLED and not context.drafters:
        raise errors.Misconfigured(
            f"the strategy {strategy} needs a drafter that can read a text in several ways, and {name} "
            f"cannot; set QUOD_DRAFTER to {' or '.join(SAMPLED)}",
            setting="drafter",
        )
    return name


def doubts(drafted: base.Draft) -> list[str]:
    """What people should know before they take a draft at its word."""
    found = list(drafted.notes)
    uncertain = drafted.confidence is not None and drafted.confidence < CONFIDENT
    if uncertain and drafted.formulation is not None:
        found.append(
            f"the reading is uncertain (confidence {drafted.confidence:.2f}); compare the model with the text"
        )
    return found


PYOMO = "pyomo"
"""The drafter that asks a model for Pyomo code: a tool of its own, since the code runs in the sandbox."""
SAMPLED = ("openai", PYOMO)
"""Drafters that can read one text in several ways."""


def names(context: Context) -> list[tuple[str, int]]:
    """The drafters to ask, each with its sample number; a model as often as samples are wanted."""
    if context.drafters:
        return [(reader.name, place) for place, reader in enumerate(context.drafters)]
    found = [name.strip() for name in context.settings.drafter.split(",")]
    counts = {name: context.settings.samples if name in SAMPLED else 1 for name in found}
    return [(name, sample) for name in found for sample in range(counts[name])]


def tools(
    settings: Settings,
    models: roles.Models | None = None,
    loop: asyncio.AbstractEventLoop | None = None,
    *,
    name: str | None = None,
    sample: int = 0,
    hints: Sequence[Any] = (),
) -> base.Tools:
    """What the drafter `name` (default: those of the settings) may use; a model only where it needs one.

    Drafters are synchronous: their model is called on `loop`, from another thread than the loop's, or on a
    loop of its own. `models` are those of the job, which count what is used.
    """
    complete = None
    if "openai" in (name or settings.drafter):
        model = (models or roles.Models(settings)).get("formulator")
        complete = _complete(model, blocking.Loop(loop), sample)
    return base.Tools(
        complete=complete,
        validate=problems,
        try_solve=lambda formulation: (
            run.solve(formulation, options.Options.from_settings(settings)).termination
        ),
        repair_rounds=settings.repair_rounds,
        examples=steps.examples_for(settings) if complete else None,
        always_examples=settings.always_examples,
        hints=hints,
    )


def _complete(model: chat.ChatModel, bridge: blocking.Loop, sample: int) -> base.Complete:
    def complete(messages: Sequence[Mapping[str, str]], schema: Mapping[str, Any]) -> base.Reply:
        return bridge.run(model.complete(chat.Request(messages, schema, sample=sample)))

    return complete


def problems(formulation: Formulation) -> list[str]:
    """What the language, the units and the coverage of the text say against a formulation."""
    try:
        language.check(formulation)
    except errors.InvalidInput as error:
        return [str(error)]
    return units.check(formulation) + coverage.check(formulation).missing


def optimum(settings: Settings) -> compare.Optimum:
    """How a model ends, for comparisons; a failure ends like no other model."""
    limits = options.Options.from_settings(settings)

    def ending(formulation: Formulation) -> tuple[str, float | None]:
        try:
            outcome = run.solve(formulation, limits)
        except errors.QuodError as error:
            return str(error), None
        return outcome.termination.value, outcome.objective

    return ending
