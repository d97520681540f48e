"""Drafters: whatever turns the words of a problem into a formulation.

A drafter proposes and never decides: what it returns is checked for coverage, solved and certified by others.
To add one, write a module with a class that has `name` and `draft`, and one line in `DRAFTERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from quod import errors, jobs
from quod.solvers.formulation import Formulation


@dataclass(frozen=True)
class Draft:
    """What a drafter proposes for one text.

    `problems` say exactly what was not understood; empty means that the text is covered as far as the
    drafter can tell. `confidence` in [0, 1] estimates the chance that the reading is right (None: no
    estimate). `notes` are remarks for people that do not question the draft.
    """

    formulation: Formulation | None
    problems: list[str] = field(default_factory=list)
    confidence: float | None = None
    usage: jobs.Usage = field(default_factory=jobs.Usage)
    notes: list[str] = field(default_factory=list)
    attempts: list[dict[str, Any]] = field(default_factory=list)
    """What a model replied: `reply`, the `problems` found in it, the `examples` that it was then shown."""
    exhausted: str | None = None
    """The budget that ran out before the draft was right."""


class Drafter(Protocol):
    """Turns a text into a draft; deterministic unless a model behind it is not."""

    name: str

    def draft(self, text: str) -> Draft:
        """Read `text`. Raises InvalidInput for unusable text, Unavailable or Misconfigured for a model."""


class Reply(Protocol):
    """What `Tools.complete` returns; `finish_reason` is "length" when the reply was cut off."""

    @property
    def text(self) -> str:
        """The reply."""

    @property
    def finish_reason(self) -> str:
        """Why the model stopped: "stop", "length", …."""

    @property
    def usage(self) -> jobs.Usage:
        """Tokens of this call."""


Complete = Callable[[Sequence[Mapping[str, str]], Mapping[str, Any]], Reply]
"""`complete(messages, json_schema)`: one model call; messages have `role` and `content`."""
Validate = Callable[[Formulation], list[str]]
"""Messages of the language, unit and coverage checks; empty when there is nothing to mend."""
TrySolve = Callable[[Formulation], jobs.Termination]
"""How a quick solve of the formulation ends; raises ToolFailed with a message when it cannot be solved."""
Examples = Callable[[str], Sequence[str]]
"""`examples("words -> step")`: solved steps like a first try, as a model shall see them; often none."""


@dataclass(frozen=True)
class Tools:
    """What drafters may use; each drafter says what it needs."""

    complete: Complete | None = None
    validate: Validate | None = None
    try_solve: TrySolve | None = None
    repair_rounds: int = 3
    examples: Examples | None = None
    hints: Sequence[Any] = ()
    """What others have found out about the text, as JSON; a model sees it beside the text."""
    always_examples: bool = False
    """Whether a sound first draft is asked for again, too, when there are examples: one more model call."""
    records: Sequence[Mapping[str, Any]] = ()
    """Official NL4Opt records, for the `gold` drafter only."""


def _template(tools: Tools) -> Drafter:
    from quod.solvers.drafters import from_reading

    return from_reading.TemplateDrafter()


def _openai(tools: Tools) -> Drafter:
    from quod.solvers.drafters import chat

    if tools.complete is None:
        raise errors.Misconfigured("the drafter `openai` needs a model", setting="model_url")
    return chat.ChatDrafter(
        tools.complete,
        tools.validate,
        tools.try_solve,
        repair_rounds=tools.repair_rounds,
        examples=tools.examples,
        always_examples=tools.always_examples,
        hints=tools.hints,
    )


def _gold(tools: Tools) -> Drafter:
    from quod.solvers.drafters import gold

    return gold.GoldDrafter(tools.records)


DRAFTERS: dict[str, Callable[[Tools], Drafter]] = {"template": _template, "openai": _openai, "gold": _gold}
"""Every drafter by name; the modules are imported when they are asked for."""


def create(name: str, tools: Tools | None = None) -> Drafter:
    """The drafter called `name`.

    Raises InvalidInput for an unknown name, Misconfigured when a tool that it needs is missing.
    """
    if name not in DRAFTERS:
        known = ", ".join(DRAFTERS)
        raise errors.InvalidInput(f"there is no drafter {name!r}; there are {known}", field="drafter")
    return DRAFTERS[name](tools or Tools())
