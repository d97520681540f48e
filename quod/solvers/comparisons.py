"""Comparison phrases of a text ("at least", "must not exceed", "up to") and the numbers they govern."""

from __future__ import annotations

import bisect
import re
from collections.abc import Sequence
from dataclasses import dataclass

from quod.solvers.drafters.template.numbers import Number

# Gaps are bounded, so that no text makes the search quadratic.
_S = r"\s{1,4}"
_MORE = "(?:more|less|fewer|greater|larger|higher|lower|smaller|bigger|longer|shorter)"
_SMALL = r"(?:an?|one|two|three|four|five|six|seven|eight|nine|ten|\w{1,9}ty|half)"
_MODAL = rf"(?:(?:must|should|can|could|may|does|do|will|shall|to){_S})?(?:(?:not|never){_S}|n['’]t{_S})?"
_FORWARD = re.compile(
    rf"""\b(?:
      (?:no|not|n['’]t|never)(?:{_S}be)?{_S}(?:any{_S})?{_MORE}{_S}(?:[\w-]{{1,30}}{_S}){{0,3}}th(?:an|at)\b
    | (?:at|by){_S}(?:the{_S})?(?:very{_S})?(?:least|lest|most)
    | (?:at{_S}a{_S}|an?{_S}|the{_S})?(?:absolute{_S}|daily{_S}|weekly{_S}|monthly{_S}|total{_S})?
      (?:minimum|maximum|max|min)(?:{_S}(?:of|is|amount|number|requirements?|budget)\b)
    | at{_S}a{_S}(?:minimum|maximum)(?=\s{{0,4}}[,;]|{_S}[$€£]?\d)
    | (?:minimum|maximum)(?={_S}[$€£]?\d)
    | up{_S}to(?=[^.?!]{{0,8}}\d|{_S}{_SMALL}\b)
    | {_MODAL}exceed(?:s|ed|ing)?
    | can(?:not|['’]t){_S}exceed
    | (?:strictly{_S})?{_MORE}{_S}th(?:an|at)\b(?:{_S}or{_S}equal{_S}to)?
    | (?:there|make|sell|have|be|use|produce|buy|hire|prepare|serve){_S}
      (?P<core>{_MORE}{_S}(?:[\w-]{{1,30}}{_S}){{1,4}}than)\b
    | (?:is|are|be){_S}(?:limited|restricted|capped){_S}(?:to|at)
    | (?:limited|restricted|capped){_S}(?:to|at)
    | (?:upper{_S}|lower{_S})?limit{_S}(?:of|is)
    | outnumbers?
    )""",
    re.I | re.X,
)
_BACKWARD = re.compile(
    rf"\b(?:or{_S}(?:more|less|fewer|above|below|over|under|higher|lower)\b"
    rf"|(?:is|are){_S}(?:only{_S})?available|available|at{_S}(?:the{_S})?(?:least|most|minimum|maximum)(?=\s{{0,4}}[.,;]))",
    re.I,
)
_EXTREME = re.compile(r"maximum|minimum|\bmax\b|\bmin\b", re.I)
_REASON = re.compile(r"\b(?:because|since|due\s{1,4}to|as\s{1,4}(?:they|it))\b", re.I)
_CLAUSE_END = re.compile(r"[.;?!,](?=\s)")
_REACH = 60  # characters between a phrase and the number it governs


@dataclass(frozen=True, slots=True)
class Phrase:
    """A comparison phrase `[start, end)`; `number` is the index of the number it governs, if there is one."""

    text: str
    start: int
    end: int
    number: int | None
    background: bool
    """It stands in a clause that gives a reason ("because chairs sell in larger numbers than tables")."""


def find(text: str, numbers: Sequence[Number]) -> list[Phrase]:
    """All comparison phrases in order; `numbers` are those of the text, in order."""
    starts = [n.start for n in numbers]
    phrases: list[Phrase] = []
    for match in _FORWARD.finditer(text):
        number = _after(text, match.end(), numbers, starts)
        if number is None and _EXTREME.search(match.group()):
            continue  # "the maximum number of cakes" is an objective
        phrases.append(_phrase(text, match, number, match.start("core")))
    forward = [p.start for p in phrases]
    for match in _BACKWARD.finditer(text):
        number = _before(text, match.start(), numbers, starts)
        i = bisect.bisect_right(forward, match.start()) - 1
        inside = i >= 0 and phrases[i].end > match.start()
        # "available" alone says nothing about an amount, and "at most 5 available" is one limit, not two.
        if number is None or inside or (i >= 0 and phrases[i].number == number):
            continue
        phrases.append(_phrase(text, match, number))
    return sorted(phrases, key=lambda p: p.start)


def _phrase(text: str, match: re.Match[str], number: int | None, core: int = -1) -> Phrase:
    start = max(match.start(), core)  # without the verb before "more … than"
    clause = text[max(0, match.start() - 160) : match.start()]
    ends = [end.end() for end in _CLAUSE_END.finditer(clause)]
    background = number is None and _REASON.search(clause[ends[-1] if ends else 0 :]) is not None
    return Phrase(text[start : match.end()], start, match.end(), number, background)


def _after(text: str, end: int, numbers: Sequence[Number], starts: Sequence[int]) -> int | None:
    i = bisect.bisect_left(starts, end)
    if i == len(starts) or starts[i] - end > _REACH or _CLAUSE_END.search(text, end, starts[i] + 1):
        return None
    return i


def _before(text: str, start: int, numbers: Sequence[Number], starts: Sequence[int]) -> int | None:
    i = bisect.bisect_left(starts, start) - 1
    if i < 0 or start - numbers[i].end > _REACH or re.search(r"[.;?!](?=\s)", text[numbers[i].end : start]):
        return None
    return i
