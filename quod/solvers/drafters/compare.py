"""Several drafts of one text compared: by canonical form, and by optimum where the forms differ."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from quod import errors
from quod.solvers.drafters import canonical
from quod.solvers.formulation import Formulation

Optimum = Callable[[Formulation], tuple[str, float | None]]
"""How a solve of a formulation ends, and its objective if it has one."""


def disagreements(
    chosen: Formulation, others: Sequence[Formulation], optimum: Optimum | None = None
) -> list[str]:
    """What speaks against `chosen`, one message for each of `others` that is another model.

    A model with the same canonical form is no disagreement. Without canonical forms (nonlinear or large
    models) only the optima are compared.
    """
    messages: list[str] = []
    reference: tuple[str, float | None] | None = None
    for number, other in enumerate(others, start=2):
        difference = _difference(chosen, other)
        if difference == "":
            continue
        name = f"draft {number} reads the text differently{f' ({difference})' if difference else ''}"
        if optimum is None:
            messages.append(name)
            continue
        reference = reference or optimum(chosen)
        found = optimum(other)
        if not same_optimum(reference, found):
            messages.append(f"{name}: it ends {_say(found)}, the chosen one {_say(reference)}")
        elif difference:
            messages.append(f"{name}, with the same outcome: {_say(found)}")
    return messages


def agree(first: Formulation, second: Formulation, optimum: Optimum) -> bool:
    """Whether two models have the same canonical form, or at least the same optimum."""
    return _difference(first, second) == "" or same_optimum(optimum(first), optimum(second))


def same_optimum(first: tuple[str, float | None], second: tuple[str, float | None]) -> bool:
    """Equal terminations and objectives that agree to 1e-6, relative to the larger."""
    if first[0] != second[0]:
        return False
    if first[1] is None or second[1] is None:
        return first[1] is second[1]
    return math.isclose(first[1], second[1], rel_tol=1e-6, abs_tol=1e-9)


def _difference(chosen: Formulation, other: Formulation) -> str | None:
    """Where the forms differ, in words; empty when they are equal, None when they cannot be compared."""
    try:
        first, second = canonical.canonical(chosen), canonical.canonical(other)
    except (errors.InvalidInput, errors.LimitExceeded):
        return None
    if canonical.equal(first, second):
        return ""
    if len(first.labels) != len(second.labels):
        return f"{len(second.labels)} variables instead of {len(first.labels)}"
    columns = canonical.align(first, second)
    mine, theirs = first.keys(), second.keys(columns)
    parts: list[str] = []
    if first.objective_key(range(len(columns))) != second.objective_key(columns):
        parts.append("another objective")
    missing, added = (sum(key[0] != "objective" for key in keys) for keys in (mine - theirs, theirs - mine))
    parts += [f"{missing} rows missing"] if missing else []
    parts += [f"{added} other rows"] if added else []
    return ", ".join(parts) or "other domains"


def _say(result: tuple[str, float | None]) -> str:
    return result[0] if result[1] is None else f"{result[0]} at {result[1]:.10g}"
