"""`compare`, `vote`, `vote_answers`: one of several independent answers to the same question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from quod import errors, numbers
from quod.agents import drafting, registry
from quod.agents.context import Context
from quod.agents.tools import solve
from quod.solvers.drafters import compare as comparing
from quod.solvers.formulation import Formulation

T = TypeVar("T")


@registry.tool(cost="solve")
async def compare(context: Context, drafts: list[dict[str, Any]]) -> dict[str, Any]:
    """Compare several drafts of one problem; the first one that was understood goes on.

    drafts: outputs of `formulate`. Returns that draft, with a warning for every draft that disagrees with it.
    """
    if not drafts:
        raise errors.InvalidInput("compare needs at least one draft", field="drafts")
    understood = [draft for draft in drafts if _understood(draft)]
    chosen = understood[0] if understood else drafts[0]
    others = [draft for draft in drafts if draft is not chosen and draft["formulation"] is not None]
    if chosen["formulation"] is None or not others:
        return chosen
    found = await context.offload(_disagreements, context, chosen, others)
    return {**chosen, "warnings": [*chosen["warnings"], *found]}


@registry.tool(cost="solve")
async def vote(context: Context, drafts: list[dict[str, Any]]) -> dict[str, Any]:
    """Take the draft that most of several drafts of one problem agree with, in canonical form or optimum.

    drafts: outputs of `formulate`. Returns the first draft of the largest group, with a warning that tells
    the votes; drafts that were not understood have no vote.
    """
    voters = [draft for draft in drafts if _understood(draft)]
    if not voters:
        raise errors.ToolFailed("none of the drafts was understood", tool="vote")
    groups = await context.offload(_grouped, context, voters)
    winners = max(groups, key=len)
    line = f"{len(winners)} of {len(drafts)} drafts agree on this reading"
    return {**winners[0], "warnings": [*winners[0]["warnings"], line], "votes": [len(g) for g in groups]}


@registry.tool(cost="cpu")
async def vote_answers(answers: list[dict[str, Any]]) -> dict[str, Any]:
    """Take the computed answer that most of several agree on; numbers are compared exactly.

    answers: outputs of `compute`. Returns the first output of the largest group, with "votes".
    """
    voters = [answer for answer in answers if answer.get("certificate")]
    if not voters:
        raise errors.ToolFailed("none of the computations came to an end", tool="vote_answers")
    groups = grouped(voters, lambda first, second: _plain(first["answer"]) == _plain(second["answer"]))
    winners = max(groups, key=len)
    line = f"{len(winners)} of {len(answers)} computations agree on this answer"
    return {**winners[0], "notes": [*winners[0].get("notes", []), line], "votes": [len(g) for g in groups]}


def grouped(items: Sequence[T], same: Callable[[T, T], bool]) -> list[list[T]]:
    """Items that are the same as the first of their group, in order of first appearance."""
    groups: list[list[T]] = []
    for item in items:
        home = next((group for group in groups if same(group[0], item)), None)
        if home is None:
            groups.append([item])
        else:
            home.append(item)
    return groups


def _understood(draft: dict[str, Any]) -> bool:
    for field in ("formulation", "problems", "warnings"):
        if field not in draft:
            raise errors.InvalidInput(
                f"a draft has a field {field!r}; give outputs of formulate", field="drafts"
            )
    return draft["formulation"] is not None and not draft["problems"]


def _disagreements(context: Context, chosen: dict[str, Any], others: list[dict[str, Any]]) -> list[str]:
    optimum = drafting.optimum(context.settings)
    return comparing.disagreements(_read(chosen), [_read(draft) for draft in others], optimum)


def _grouped(context: Context, drafts: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    optimum = drafting.optimum(context.settings)
    return grouped(drafts, lambda a, b: comparing.agree(_read(a), _read(b), optimum))


def _read(draft: dict[str, Any]) -> Formulation:
    return solve.read({"formulation": draft["formulation"]})


def _plain(value: Any) -> Any:
    """Numbers as exact fractions, whatever way they were written; objects by sorted keys."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in sorted(value.items())}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, bool) or value is None:
        return value
    try:
        return numbers.exact(str(value).strip())
    except errors.InvalidInput:
        return value
