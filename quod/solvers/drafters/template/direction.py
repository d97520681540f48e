"""Which way a bound goes, and whether the wording is strict."""

from __future__ import annotations

import re
from dataclasses import dataclass

from quod.solvers.drafters.template.context import Context, words_before
from quod.solvers.drafters.template.lexicon import STOP, words

_NOT = r"(?:cannot|can not|not|never|nor|no|restrict(?:s|ed)?|prevent(?:s|ed)?|prohibit(?:s|ed)?)"
_GAP = r"(?:[\w$]+ ){0,4}?"
_EXPLICIT: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (op, re.compile(rf"(?<!\w)(?:{pattern})(?!\w)"))
    for op, pattern in (
        (
            "<=",
            rf"at most|at the most|no (?:more|greater|higher|larger|longer|later) th[ae]n|"
            rf"{_NOT} {_GAP}(?:more|greater|larger|higher|bigger|longer|later) th[ae]n",
        ),
        (
            "<=",
            rf"{_NOT} {_GAP}(?:exceed(?:s|ed|ing)?|surpass|go over|be above|be over|outnumber)|"
            rf"without exceeding|not above",
        ),
        (
            "<=",
            r"maximum|max|(?<!add )(?<!adds )up to|limit(?:s|ed|ing|ation)?|within|capped|cap|or less|"
            r"or fewer|upper limit|a ceiling",
        ),
        (
            ">=",
            rf"at least|at the least|atleast|no (?:less|fewer|lower|smaller) th[ae]n|"
            rf"{_NOT} {_GAP}(?:less|fewer|lower|smaller) th[ae]n",
        ),
        (">=", r"minimum|min|or more|or greater|or higher|as a minimum|not below|not under"),
        ("=", r"exactly|equal to|precisely"),
        ("<", r"(?:less|fewer|lower|smaller) th[ae]n|below|under(?= \$?$)"),
        (
            ">",
            r"(?:more|greater|larger|higher|bigger) th[ae]n|exceed(?:s|ed|ing)?|surpass(?:es)?|"
            r"above|over(?= \$?$)|outnumbers?",
        ),
    )
)
_WEAK_UP = re.compile(
    r"(?<!\w)(?:available|availability|budget|has|have|had|having|capacity|only|access|stock|"
    r"supply|supplied|hold|holds|open|"
    r"allot\w*|allocat\w*|space|owns?|invest|inherited|acquire|received?|spend|afford|runs?|"
    r"employed|deliver\w* of|"
    r"produces|put|inventory|left|with|there (?:are|is)|storage|manage|commit(?:s|ted)? \$|"
    r"set aside|total of|gave|given|gives|granted|donated|offers?|offered|pool|disposal|free|"
    r"enough|permits?|tolerates?|allows?|support|supports|lodge|rehearsed)(?!\w)"
)
_WEAK_LOW = re.compile(
    r"(?<!\w)(?:needs?|needed|requires?|required|requirements?|must|demands?|wants?|orders?|ha(?:s|"
    r"ve) to|should|goal|target|"
    r"aims?|wish(?:es)?|would like|necessary|plans?|contract\w*|promised|expects?|to meet|"
    r"obligat\w*|commit\w*|quota|booked|supervise)(?!\w)"
)


_STRONG_UP = words("available budget capacity only access put inventory stock invest disposal free")
_DUTY = re.compile(r"(?:that|which|and) (?:must|has to|have to|needs? to) (?:all )?be \w+")


@dataclass(frozen=True, slots=True)
class Direction:
    """Operator, how it was found ("explicit", "weak", "default") and the tokens that say so."""

    op: str
    how: str
    first: int
    last: int


def _words(context: Context, span: range) -> tuple[str, list[int]]:
    """The span as normalised text, and for each character the token it comes from."""
    pieces: list[str] = []
    owner: list[int] = []
    for i in span:
        word = context.tokens[i].lower
        word = {"n't": "not", "n’t": "not", "ca": "can", "wo": "will"}.get(word, word)
        pieces.append(word)
        owner += [i] * (len(word) + 1)
    return " ".join(pieces), owner


def explicit(context: Context, span: range, *, last: bool = True) -> Direction | None:
    """The explicit comparison in the span that ends last (or, with last=False, begins first)."""
    text, owner = _words(context, span)
    hits = []
    for rank, (op, pattern) in enumerate(_EXPLICIT):
        for m in pattern.finditer(text):
            hits.append((m.start(), m.end(), rank, op))
    # "not more than" contains "more than": keep only hits that no other hit covers.
    hits = [
        h
        for h in hits
        if not any(o[0] <= h[0] and h[1] <= o[1] and (o[1] - o[0]) > (h[1] - h[0]) for o in hits)
    ]
    if not hits:
        return None
    start, end, _, op = (
        max(hits, key=lambda h: (h[1], -h[2])) if last else min(hits, key=lambda h: (h[0], h[2]))
    )
    return Direction(op, "explicit", owner[start], owner[max(start, end - 1)])


def all_explicit(context: Context) -> list[Direction]:
    """Every explicit comparison of the text, sentence by sentence."""
    found: list[Direction] = []
    first = 0
    while first < len(context.tokens):
        _, last = context.sentence_of(first)
        text, owner = _words(context, range(first, last + 1))
        hits = sorted({(m.start(), m.end(), op) for op, pattern in _EXPLICIT for m in pattern.finditer(text)})
        for start, end, op in hits:
            if not any(s <= start and end <= e and e - s > end - start for s, e, _ in hits):
                found.append(Direction(op, "explicit", owner[start], owner[max(start, end - 1)]))
        first = last + 1
    return found


def weak(context: Context, span: range) -> Direction | None:
    """A wording that implies a direction ("has … available", "needs")."""
    text, owner = _words(context, span)
    low = list(_WEAK_LOW.finditer(text))
    up = [m for m in _WEAK_UP.finditer(text) if not any(n.start() <= m.start() < n.end() for n in low)]
    strong_up = [m for m in up if m.group() in _STRONG_UP]
    if strong_up or (up and not low):
        m = (strong_up or up)[-1]
        return Direction("<=", "weak", owner[m.start()], owner[m.end() - 1])
    if low:
        return Direction(">=", "weak", owner[low[-1].start()], owner[low[-1].end() - 1])
    return None


def _inherited(context: Context, first: int) -> Direction | None:
    ""
    ""
    """In "at least 900 lattes and 1400 coffees in total" both numbers have one direction."""
    start, _ = context.sentence_of(first)
    k = context.number_at[first]
    while k > 0 and context.numbers[k - 1].first >= start:
        between = context.tokens[context.numbers[k - 1].last + 1 : context.numbers[k].first]
        joined = any(t.lower in ("and", "or", ",") for t in between[-3:])
        if not joined or any(
            t.stem in STOP and t.lower not in ("of", "and", "or", ",", "$", "the", "-") for t in between
        ):
            return None
        k -= 1
        found = explicit(context, words_before(context, context.numbers[k]))
        if found is not None:
            return found
    return None


def _to_be_done(context: Context, last: int, found: Direction) -> bool:
    """ "has 1,260 trees that must be served": what is there is what has to be done."""
    if context.tokens[found.last].lower in _STRONG_UP:
        return False
    _, end = context.sentence_of(last)
    i = last + 1
    while i <= end and i not in context.number_at:
        i += 1
    return _DUTY.search(" ".join(t.lower for t in context.tokens[last + 1 : i])) is not None


def bound_direction(
    context: Context, first: int, last: int, before: range, after: range, sense: str
) -> Direction:
    """Direction of a bound whose number is tokens first..last, described by the spans before and after it."""
    found = explicit(context, before)
    if found is None:
        _, end = context.sentence_of(first)
        tail = range(after.start, min(after.stop + 3, after.start + 5, end + 1))
        found = explicit(context, tail, last=False)
        if found is not None and found.op in "<>":
            found = None
    if found is None:
        found = weak(context, before) or _inherited(context, first) or weak(context, after)
        if found is not None and found.op == "<=" and _to_be_done(context, last, found):
            found = Direction(">=", "weak", found.first, found.last)
    if found is None:
        start, end = context.sentence_of(first)
        found = explicit(context, range(start, first)) or weak(
            context, range(start, min(end, after.stop + 6) + 1)
        )
        if found is None and start > 0:
            found = None
    return found or Direction("<=" if sense == "max" else ">=", "default", first, last)
