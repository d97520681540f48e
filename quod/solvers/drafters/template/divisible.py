"""Explicit statements that variables may be fractional ("a fractional number of cookies is okay")."""

from __future__ import annotations

import re

from quod.solvers.drafters.template.context import Context
from quod.solvers.drafters.template.mentions import GENERIC, Mention

_WORDS = re.compile(
    r"\b(?:fractional|fractions? of an?|non-?integers?|non-?integral|divisible|(?:be|are|"
    r"is) divided(?!\s+(?:in|into|between|among|up|by)\b)"
    r"|partial|not (?:need to |have to )?be (?:an? )?(?:whole|integers?)|any real number|continuous)\b",
    re.IGNORECASE,
)
_ALLOWS = re.compile(
    r"\b(?:ok|okay|allowed|allows?|acceptable|permitted|fine|possible|may|can|could|need not|"
    r"do(?:es)? not|don['’]t|are|is)\b",
    re.IGNORECASE,
)
_DENIES = re.compile(
    r"\b(?:no|cannot|can['’]t|can not|not (?:allowed|possible|permitted|acceptable|"
    r"be (?:fractional|divided|partial))"
    r"|must not|may not|indivisible)\b",
    re.IGNORECASE,
)


def find_divisible(context: Context, mentions: list[Mention], variables: int) -> dict[int, tuple[int, int]]:
    """Variables that the text calls divisible, each with the character range that says so."""
    found: dict[int, tuple[int, int]] = {}
    for match in _WORDS.finditer(context.text):
        inside = [t for t in context.tokens if match.start() <= t.start < match.end()]
        if not inside:
            continue
        first, last = context.sentence_of(inside[0].index)
        sentence = context.text[context.tokens[first].start : context.tokens[last].end]
        if _DENIES.search(sentence) or not _ALLOWS.search(sentence):
            continue
        named = {m.variable for m in mentions if first <= m.first <= last} - {GENERIC}
        for v in named or range(variables):
            found.setdefault(v, (match.start(), match.end()))
    return found
