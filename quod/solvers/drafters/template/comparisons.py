"""Rows that compare two variables: "A must exceed B" (xy) and "twice as many A as B" (xby)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from quod.solvers.drafters.template.context import Context
from quod.solvers.drafters.template.direction import explicit
from quod.solvers.drafters.template.lexicon import words
from quod.solvers.drafters.template.mentions import GENERIC, Mention
from quod.solvers.drafters.template.numbers import Number

_MORE = frozenset(["more", "greater", "larger", "higher", "bigger"])
_LESS = frozenset(["less", "fewer", "smaller", "lower"])
_CAUSES = frozenset(["since", "because", "as", "due", "given"])
_WISHES = words("prefer preferred prefers preference usually likely generally typically")
_MODALS = words("must should cannot can need needs has have required requires ca no not at")


@dataclass(frozen=True, slots=True)
class Comparison:
    """left op factor * right + constant, from the clause of tokens first..last."""

    left: int
    op: str
    factor: Fraction
    right: int
    first: int
    last: int
    number: Number | None
    constant: Fraction = Fraction(0)


def multiplied(
    context: Context, number: Number, mentions: list[Mention], stops: list[Number]
) -> Comparison | None:
    """ "at least twice as many A as B", "A must be at least a third of B"; None without a pair."""
    start, end = context.sentence_of(number.first)
    low = max([n.last + 1 for n in stops if start <= n.first < number.first], default=start)
    high = min([n.first - 1 for n in stops if number.last < n.first <= end], default=end)
    after = [m for m in mentions if number.last < m.first <= high and m.variable != GENERIC]
    before = [m for m in mentions if low <= m.last < number.first and m.variable != GENERIC]
    pair = _pair(after, before) or _other_of_two(context, number, after, mentions)
    if pair is None:
        return None
    left, right = pair
    if _for_every(context, low, number, before):
        left, right = right, left
    clause = [m for m in (left, right) if low <= m.first <= high]
    return Comparison(
        left.variable,
        _multiple_op(context, low, number, max(left.last, right.last)),
        number.value,
        right.variable,
        min(number.first, *(m.first for m in clause)),
        max(number.last, *(m.last for m in clause)),
        number,
    )


def difference(context: Context, number: Number, mentions: list[Mention]) -> Comparison | None:
    """ "at least 5 more A than B", "A must be at least 5 more than B"; None for anything else."""
    start, end = context.sentence_of(number.first)
    tokens = context.tokens
    if number.kind != "plain" or number.last >= end or tokens[number.last + 1].lower not in _MORE | _LESS:
        return None
    window = range(number.last + 2, min(end, number.last + 14))
    than = next((i for i in window if tokens[i].lower == "than"), end)
    named = [m for m in mentions if m.variable != GENERIC and start <= m.first <= end]
    right = next((m for m in named if m.first > than), None)
    nearest = [m for m in named if number.last < m.first < than] or [
        m for m in reversed(named) if m.last < number.first
    ]
    left = nearest[0] if nearest else None
    if left is None or right is None or left.variable == right.variable:
        return None
    found = explicit(context, range(max(start, number.first - 8), number.first))
    more, less = left.variable, right.variable
    if tokens[number.last + 1].lower in _LESS:
        more, less = less, more
    first, last = min(left.first, number.first), max(right.last, number.last)
    return Comparison(more, found.op if found else ">=", Fraction(1), less, first, last, number, number.value)


def _pair(after: list[Mention], before: list[Mention]) -> tuple[Mention, Mention] | None:
    if after:
        second = next((m for m in after if m.variable != after[0].variable), None)
        if second is not None:
            return after[0], second
        earlier = next((m for m in reversed(before) if m.variable != after[0].variable), None)
        return (earlier, after[0]) if earlier else None
    if len(before) >= 2 and before[-1].variable != before[-2].variable:
        return before[-2], before[-1]
    return None


def _other_of_two(
    context: Context, number: Number, after: list[Mention], mentions: list[Mention]
) -> tuple[Mention, Mention] | None:
    """ "three times as many people prefer regular seats": of two variables the other one is meant."""
    named = {m.variable for m in mentions} - {GENERIC}
    following = {t.lower for t in context.tokens[number.last + 1 : number.last + 4]}
    if number.kind != "times" or len(named) != 2 or not after or not following & {"as", "more"}:
        return None
    other = [m for m in mentions if m.variable in named - {after[0].variable} and m.last < number.first]
    return (after[0], other[-1]) if other else None


def _for_every(context: Context, low: int, number: Number, before: list[Mention]) -> bool:
    return bool(before) and any(
        context.tokens[i].lower == "for" and context.tokens[i + 1].lower in ("each", "every")
        for i in range(low, number.first)
    )


def _multiple_op(context: Context, low: int, number: Number, last: int) -> str:
    found = explicit(context, range(max(low, number.first - 12), number.first))
    following = context.tokens[number.last + 1 : number.last + 8]
    if found is None and any(t.lower in _LESS for t in following[:2]):
        return "<="
    return found.op if found else ">="


def plain(context: Context, mentions: list[Mention]) -> list[Comparison]:
    """Comparisons without a number: "A must not exceed B", "there must be more A than B"."""
    found: list[Comparison] = []
    named = [m for m in mentions if m.variable != GENERIC]
    for a, b in pairwise(named):
        if a.variable == b.variable or context.tokens[a.first].sentence != context.tokens[b.first].sentence:
            continue
        op = _plain_op(context, a, b)
        if op is not None:
            found.append(Comparison(a.variable, op, Fraction(1), b.variable, a.first, b.last, None))
    return found


def _plain_op(context: Context, a: Mention, b: Mention) -> str | None:
    start, _ = context.sentence_of(a.first)
    low = a.first
    while low > start and context.tokens[low - 1].text not in ",;:" and low - 1 not in context.number_at:
        low -= 1
    if any(i in context.number_at for i in range(a.last + 1, b.first)):
        return None
    if (
        low > start
        and low - 1 in context.number_at
        and context.numbers[context.number_at[low - 1]].kind != "plain"
    ):
        return None
    words = [t.lower for t in context.tokens[low : b.first]]
    between = [t.lower for t in context.tokens[a.last + 1 : b.first]]
    if any(w in _WISHES for w in words) or (words and words[0] in _CAUSES and not set(words) & _MODALS):
        return None
    return _exceeds(between) or _than(context, low, a, b, words, between)


def _exceeds(between: list[str]) -> str | None:
    for i, word in enumerate(between):
        if word.startswith(("exceed", "surpass", "outnumber")):
            denied = any(w in ("not", "n't", "cannot", "never") for w in between[:i])
            return "<=" if denied else ">"
    return None


def _than(
    context: Context, low: int, a: Mention, b: Mention, words: list[str], between: list[str]
) -> str | None:
    if "than" not in between and "as" not in between[-4:]:
        if "equal" in between[-6:] and "to" in between:
            return "="
        return None
    found = explicit(context, range(a.last + 1, b.first))
    if found is not None:
        return found.op
    denied = any(w in ("not", "n't", "cannot", "no") for w in words)
    for word in reversed(words):
        if word in _MORE:
            return "<=" if denied else ">"
        if word in _LESS:
            return ">=" if denied else "<"
    if "as" in between and ("many" in words or "much" in words):
        cue = explicit(context, range(low, a.first))
        return cue.op if cue else "="
    return None
