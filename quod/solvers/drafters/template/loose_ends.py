"""What a candidate model leaves open, in sentences for the person who wrote the text."""

from __future__ import annotations

from quod.solvers.drafters.template import roles
from quod.solvers.drafters.template.assemble import Draft
from quod.solvers.drafters.template.direction import all_explicit
from quod.solvers.drafters.template.matching import COUNT
from quod.solvers.drafters.template.model import Model, holds_at_zero

_CERTAIN = 0.6
_COMPARES = (
    "at least",
    "at most",
    "no more",
    "no less",
    "no fewer",
    "not ",
    "cannot",
    "exceed",
    "more",
    "less",
    "fewer",
)


def problems_of(draft: Draft, model: Model) -> tuple[str, ...]:
    """Everything that was not understood; empty if the text is covered.

    A model without limits, or with nothing to do, is not among it: the review of such answers warns.
    """
    found = _objective_problems(draft, model)
    found += _number_problems(draft, model)
    found += _direction_problems(draft, model)
    if not model.rows:
        found.append("no constraint was found")
    return tuple(found)


def assumptions_of(draft: Draft, model: Model) -> tuple[str, ...]:
    """What the text does not say and was assumed, for people to confirm."""
    context = draft.context
    found = []
    for row in model.rows:
        if row.how == "default":
            where = context.text[context.tokens[row.first].start : context.tokens[row.last].end]
            reading = "most" if row.op in ("<", "<=") else "least"
            found.append(
                f"{where!r} does not say whether more or less is allowed; it is read as the {reading}"
            )
    idle = model.sense == "min" and min(model.objective) >= 0 and all(map(holds_at_zero, model.rows))
    if model.rows and idle:
        found.append("nothing at all would be cheapest: no constraint that was read asks for anything")
    return tuple(found)


def _objective_problems(draft: Draft, model: Model) -> list[str]:
    if draft.target is None:
        return ["what to maximize or minimize was not found"]
    if draft.objective == COUNT:
        return []
    missing = [v.name for v, c in zip(draft.variables, model.objective, strict=True) if c == 0]
    return [f"the objective has no coefficient for {name!r}" for name in missing]


def _number_problems(draft: Draft, model: Model) -> list[str]:
    used = {n.first for r in model.rows for n in r.numbers} | {n.first for n in model.objective_numbers}
    inside = {i for m in draft.mentions for i in range(m.first, m.last + 1)}
    found = []
    for number in draft.context.numbers:
        if number.first in used or number.first in inside:
            continue
        if roles.probabilities(draft.context, number)[roles.NEITHER] < _CERTAIN:
            found.append(f"the number {number.text!r} at character {number.start} is used nowhere")
    return found


def _direction_problems(draft: Draft, model: Model) -> list[str]:
    context = draft.context
    found = []
    covered = {i for r in model.rows for i in range(r.first - 1, r.last + 2)}
    if draft.target is not None:
        covered |= set(draft.target.phrase) | {draft.target.cue}
    for hit in all_explicit(context):
        words = context.text[context.tokens[hit.first].start : context.tokens[hit.last].end]
        told = any(i in covered for i in range(hit.first, hit.last + 1))
        plain = words.lower().startswith(_COMPARES) and not _about_zero(draft, hit.last)
        if plain and not told and not _of_objective(draft, hit.first):
            found.append(f"{words!r} at character {context.tokens[hit.first].start} is in no constraint")
    return found


def _about_zero(draft: Draft, last: int) -> bool:
    """ "greater than or equal to 0" repeats that quantities are not negative."""
    following = draft.context.tokens[last + 1 : last + 5]
    return any(t.text in ("0", "zero") for t in following)


def _of_objective(draft: Draft, i: int) -> bool:
    """ "minimum", "maximum" beside the objective's noun or in the question speak of the objective."""
    tokens, target = draft.context.tokens, draft.target
    if tokens[i].lower not in ("minimum", "maximum", "max", "min") or target is None:
        return False
    near = {t.root for t in tokens[i + 1 : i + 4]}
    return (
        bool(near & set(target.bag))
        or tokens[i].sentence == tokens[-1].sentence
        or ("<gain>" in target.bag and "profit" in near)
    )
