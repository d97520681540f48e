"""`formulate`: words become a formulation."""

from __future__ import annotations

from typing import Any

from quod import errors, jobs
from quod.agents import drafting, registry
from quod.agents.context import Context
from quod.solvers import coverage, formulation, tables, units
from quod.solvers.drafters import base
from quod.solvers.formulation import Formulation

TEXT_LIMIT = 1_000_000
"""Characters of problem text; longer input is refused."""


@registry.tool(cost="llm")
async def formulate(
    context: Context,
    text: str | None = None,
    drafter: str | None = None,
    sample: int = 0,
    hints: list[Any] | None = None,
) -> dict[str, Any]:
    """Write an optimization problem as a formulation: variables, objective, constraints.

    text: the problem in words (left away: the job's own text). drafter: who reads it (left away: as set).
    sample: number of the draft, where several are wanted. hints: outputs of other tasks that help to read it.
    Returns {"formulation", "problems": what was not understood, "warnings"}; give it to `solve` as a whole.
    """
    if text is None and context.job.formulation is not None:
        return _given(context.job)
    words = context.job.input if text is None else text
    check_text(words)
    try:
        drafted = await drafting.draft_one(context, words, drafter, sample, hints or [])
    except errors.ToolFailed as error:  # of several drafts the others go on
        drafted = base.Draft(formulation=None, problems=[str(error)])
    warnings = drafting.doubts(drafted)
    chosen = drafted.formulation
    if chosen is not None:
        warnings += coverage.check(chosen).missing + units.check(chosen)
    return {
        "formulation": document(chosen) if chosen is not None else None,
        "problems": drafted.problems,
        "warnings": warnings,
        "confidence": drafted.confidence,
        "attempts": drafted.attempts,
        "exhausted": drafted.exhausted,
    }


def check_text(text: str) -> None:
    """Raises InvalidInput for a text that is empty or too long."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise errors.InvalidInput(
            f"character {error.start + 1} is half of a surrogate pair; is the text UTF-8?", field="text"
        ) from None
    if not text.strip():
        raise errors.InvalidInput(
            "the problem is empty; describe it in words or give a formulation", field="text"
        )
    if len(text) > TEXT_LIMIT:
        raise errors.InvalidInput(
            f"the text has {len(text):,} characters; at most {TEXT_LIMIT:,} are read", field="text"
        )


def document(chosen: Formulation) -> dict[str, Any]:
    """A formulation as self-contained JSON."""
    return tables.inline(chosen).model_dump(mode="json", exclude_defaults=True)


def _given(job: jobs.Job) -> dict[str, Any]:
    chosen = formulation.parse(job.formulation or {})
    warnings = coverage.check(chosen).missing + units.check(chosen)
    return {"formulation": document(chosen), "problems": [], "warnings": warnings}
