"""How a job is planned. A new strategy is one module and one line in `STRATEGIES`."""

from __future__ import annotations

from collections.abc import Callable

from quod import errors, jobs
from quod.agents.context import Context
from quod.agents.history import Strategy
from quod.agents.registry import Registry
from quod.agents.strategies import compiler, decompose, fixed, react, vote
from quod.agents.strategies.fixed import last_answer

__all__ = ["STRATEGIES", "choose", "last_answer"]

STRATEGIES: dict[str, Callable[[Registry], Strategy]] = {
    "compiler": compiler.Compiler,
    "react": react.React,
    "decompose": lambda tools: decompose.Decompose(),
    "vote": lambda tools: vote.Vote(),
}
"""By the name in the setting `strategy`."""


def choose(context: Context, tools: Registry) -> Strategy:
    """The strategy for a job.

    `compiler` asks a model for a plan only where there is something to plan: for jobs of kind `auto`. Those
    whose shape is known, and all where no model is set, have a fixed plan. Raises InvalidInput for a strategy
    that does not fit the kind of the job.
    """
    name = context.settings.strategy
    if context.job.kind is jobs.Kind.AUTO and name in ("decompose", "vote"):
        raise errors.InvalidInput(
            f"the strategy {name} is for jobs of one kind: optimize (quod solve) or compute (quod compute)",
            field="strategy",
        )
    planned = context.job.kind is jobs.Kind.AUTO and context.models.configured("planner")
    if name == "compiler" and not planned:
        return fixed.Fixed()
    return STRATEGIES[name](tools)
