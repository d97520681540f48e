"""Optima of formulations as references, computed by the solver alone in one killable child."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from quod import errors, jobs
from quod.solvers import expand, formulation, highs, options
from quod.workers import runner


def optima(
    documents: Sequence[dict[str, Any] | None], limits: options.Options
) -> list[dict[str, Any] | None]:
    """`{"termination", "objective"}` of each linear formulation; None for None and for what fails."""
    if all(document is None for document in documents):
        return [None] * len(documents)
    wall = limits.time_limit * len(documents) + 30
    confined = runner.Limits(seconds=wall, memory_mb=limits.memory_limit_mb)
    try:
        found: list[dict[str, Any] | None] = runner.call(
            _optima, list(documents), limits, limits=confined, what="the reference solver"
        )
        return found
    except (errors.LimitExceeded, errors.ToolFailed):
        return [None] * len(documents)


def continuous(document: dict[str, Any] | None) -> dict[str, Any] | None:
    """The same model with every variable divisible."""
    if document is None:
        return None
    relaxed = formulation.parse(document)
    variables = [v.model_copy(update={"domain": "real", **_binary_bounds(v)}) for v in relaxed.variables]
    return relaxed.model_copy(update={"variables": variables}).model_dump(mode="json")


def _binary_bounds(variable: formulation.Variable) -> dict[str, str]:
    if variable.domain != "binary":
        return {}
    lower, upper = Fraction(variable.lower or 0), Fraction(variable.upper or 1)
    return {"lower": str(max(lower, Fraction(0))), "upper": str(min(upper, Fraction(1)))}


def _optima(
    documents: Sequence[dict[str, Any] | None], limits: options.Options
) -> list[dict[str, Any] | None]:
    return [None if document is None else _optimum(document, limits) for document in documents]


def _optimum(document: dict[str, Any], limits: options.Options) -> dict[str, Any] | None:
    try:
        outcome = highs.solve(expand.expand(formulation.parse(document)), limits)
    except errors.QuodError:
        return None
    optimal = outcome.termination is jobs.Termination.OPTIMAL
    return {"termination": outcome.termination.value, "objective": outcome.objective if optimal else None}
