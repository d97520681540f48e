"""What a number counts: one of the variables, all of them under a common name, a unit, or something else."""

from __future__ import annotations

from itertools import pairwise

from quod.solvers.drafters.template.context import (
    Context,
    words_after,
)
from quod.solvers.drafters.template.lexicon import GENERIC as GENERIC_WORDS
from quod.solvers.drafters.template.lexicon import STOP, UNITS
from quod.solvers.drafters.template.mentions import GENERIC, Mention
from quod.solvers.drafters.template.numbers import Number

_LINKS = frozenset(["by", "with", "of", "on", "from", "in"])


def noun_kind(context: Context, number: Number, taken: set[int]) -> str:
    """Whether the number counts something that is not a variable."""
    for i in words_after(context, number):
        token = context.tokens[i]
        if i in taken:
            return "variable"
        if token.stem in UNITS:
            return "unit"
        if token.stem in GENERIC_WORDS:
            return "generic"
        if token.stem not in STOP:
            return "other"
    return "none"


def hypernyms(context: Context) -> set[str]:
    """What the text calls all variables: "two types of containers", "how many of each method"."""
    if "hypernyms" in context.memo:
        return context.memo["hypernyms"]
    found: set[str] = set()
    tokens = context.tokens
    for i, token in enumerate(tokens[:-2]):
        kind = (
            token.stem in ("type", "kind", "model", "size", "form", "brand") and tokens[i + 1].lower == "of"
        )
        each = token.lower == "each" and tokens[i - 1].lower == "of" and i > 0
        counted = token.lower in ("two", "three", "four", "both") and tokens[i + 1].stem != "type"
        if kind or each or counted:
            for following in tokens[i + 1 + kind : i + 4 + kind]:
                if following.lower in STOP - {"of"} or following.lower in (",", "."):
                    break
                if following.stem not in UNITS and following.text.isalpha():
                    found.add(following.stem)
    for how, many, noun, link, each in zip(*(tokens[k:] for k in range(5)), strict=False):
        asked = how.lower == "how" and many.lower == "many" and noun.stem not in UNITS | STOP
        if asked and link.lower in _LINKS and each.lower in ("each", "either", "both", "every"):
            found.add(noun.stem)
    context.memo["hypernyms"] = found - {"of", "type", "kind", "different"}
    return context.memo["hypernyms"]


def carriers(context: Context, mentions: list[Mention]) -> set[str]:
    """The noun that counts several variables: "trips" in "trips by train" and "trips by rental car"."""
    seen: dict[str, set[int]] = {}
    for mention in mentions:
        i = mention.first - 1
        while i > 0 and context.tokens[i].lower in ("a", "an", "the", "each", "every"):
            i -= 1
        if mention.variable == GENERIC or i < 1 or context.tokens[i].lower not in _LINKS:
            continue
        noun = context.tokens[i - 1]
        if noun.text.isalpha() and noun.stem not in STOP | UNITS:
            seen.setdefault(noun.stem, set()).add(mention.variable)
    return {stem for stem, named in seen.items() if len(named) > 1}


def counted_noun(context: Context, number: Number) -> str:
    """Head of the noun phrase right after the number: "methods" in "100 transportation methods"."""
    head = ""
    for i in words_after(context, number):
        token = context.tokens[i]
        if token.stem in STOP:
            break
        head = token.stem
    return head


def counts_variables(context: Context, number: Number) -> bool:
    """The variables are counted in the number's unit: "90 acres", "per acre of wheat"."""
    if number.money:
        words = [t.lower for t in context.tokens]
        return any(a in ("each", "every", "per") and b == "dollar" for a, b in pairwise(words))
    noun = next(
        (context.tokens[i] for i in words_after(context, number) if context.tokens[i].stem not in STOP), None
    )
    if noun is None:
        return False
    for token in context.tokens[:-1]:
        following = context.tokens[token.index + 1]
        if following.stem == noun.stem and token.lower in ("per", "each", "every", "many"):
            return True
    return False


def slot_of(context: Context, number: Number, mentions: list[Mention]) -> Mention | None:
    """The mention that directly follows the number ("15 regular packages", "5 trips by boat")."""
    _, end = context.sentence_of(number.first)
    i = number.last + 1
    heads = carriers(context, mentions)
    while i <= end and i <= number.last + 7:
        for mention in mentions:
            if mention.first == i:
                return mention
        token = context.tokens[i]
        if (
            token.text in ",;:.?"
            or token.lower in ("and", "or", "must", "should", "available")
            or i in context.number_at
        ):
            return None
        if token.stem not in STOP and token.stem not in UNITS and token.stem not in heads:
            return None
        i += 1
    return None
