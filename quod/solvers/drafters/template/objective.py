"""The objective: its sense and the words that say what is maximised or minimised."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from quod.solvers.drafters.template.context import Bag, Context, content
from quod.solvers.drafters.template.lexicon import BREAKS, GAIN, MAXIMIZE, MINIMIZE, MONEY, words

_VERBS = ("maximi", "minimi")
_LARGE = words("many much high large long big great often")
_SMALL = words("few little low small short cheap seldom")


@dataclass(frozen=True)
class Target:
    """Sense, the token that says it, the phrase that names the objective, and its bag of words."""

    sense: str
    cue: int
    phrase: range
    bag: Bag
    counts: bool
    """The phrase asks for a number or amount of something, not for money."""


def find_target(context: Context, taken: set[int]) -> Target | None:
    """The most probable objective cue; None where the text asks for no extreme."""
    best, best_score = -1, 0.1
    final = context.tokens[-1].sentence if context.tokens else 0
    for i, token in enumerate(context.tokens):
        extreme = _as_possible(context, i)
        if token.lower not in MAXIMIZE | MINIMIZE and not extreme:
            continue
        if not extreme and _of_bound(context, i):
            continue
        score = (
            context.weight("OBJ_DIR", i, i)
            + 0.2 * (token.lower[:6] in _VERBS)
            + 0.3 * extreme
            + 0.15 * (token.sentence == final)
            + 0.12 * (i > 0 and context.tokens[i - 1].lower == "the")
        )
        window = context.tokens[max(0, i - 4) : i + 5]
        score += 0.15 * any(t.lower in MONEY or t.lower in GAIN for t in window)
        if score > best_score:
            best, best_score = i, score
    if best < 0:
        return None
    phrase = _phrase(context, best)
    bag: Bag = {}
    content(context, phrase, taken, 1.0, bag)
    words = {context.tokens[i].lower for i in phrase}
    sense = "max" if context.tokens[best].lower in MAXIMIZE | _LARGE else "min"
    return Target(sense, best, phrase, bag, bool(words & {"number", "amount", "total", "count", "quantity"}))


def _as_possible(context: Context, i: int) -> bool:
    """ "as low as possible", "as many berths as possible"."""
    if context.tokens[i].lower not in _LARGE | _SMALL or i == 0 or context.tokens[i - 1].lower != "as":
        return False
    following = [t.lower for t in context.tokens[i + 1 : i + 10]]
    return any(
        a == "as" and b in ("possible", "can", "feasible") for a, b in pairwise(following)
    ) or following[:1] == ["as"]


def _of_bound(context: Context, i: int) -> bool:
    """ "at most", "a maximum of 20": the extreme bounds a number and is not the aim."""
    tokens = context.tokens
    if i and tokens[i - 1].lower == "at" and tokens[i].lower in ("most", "least"):
        return True
    following = i + 1
    if following < len(tokens) and tokens[following].lower == "of":
        following += 1
    return following < len(tokens) and (following in context.number_at or tokens[following].text == "$")


def _phrase(context: Context, cue: int) -> range:
    """Words after the cue in its clause; before it where nothing follows ("profit is maximized")."""
    _, end = context.sentence_of(cue)
    start, _ = context.sentence_of(cue)
    if _as_possible(context, cue):
        i = cue + 1
        while i <= end and context.tokens[i].lower != "as":
            i += 1
        if i > cue + 1:
            return range(cue + 1, i)
        cue -= 1
    i = cue + 1 if context.tokens[cue].lower != "as" else end + 1
    while i <= end and context.tokens[i].lower not in BREAKS - {"and", "("} and i not in context.number_at:
        if context.tokens[i].lower in ("while", "given", "subject", "using"):
            break
        i += 1
    if i <= end + 1 and any(
        context.tokens[k].text.isalpha() and context.tokens[k].lower not in ("it", "this", "them")
        for k in range(cue + 1, i)
        if context.tokens[cue].lower != "as"
    ):
        return range(cue + 1, i)
    j = cue - 1
    while j >= start and context.tokens[j].lower not in BREAKS and j not in context.number_at:
        j -= 1
    return range(j + 1, cue)
