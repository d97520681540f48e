"""Exact numbers of a text: digits and words, percentages, fractions and multipliers."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from quod.solvers.drafters.template.lexicon import words
from quod.solvers.drafters.template.tokens import Token

_UNITS = {
    w: i
    for i, w in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
}
_TENS = {
    w: 10 * i
    for i, w in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2
    )
}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "dozen": 12}
_PARTS = {"half": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "eighth": 8, "tenth": 10}
_MULTIPLES = {"twice": 2, "double": 2, "thrice": 3, "triple": 3, "quadruple": 4}
_AFTER_COUNT = words(
    "a an per each every in daily weekly monthly during on over to when for and or if should , . ;"
)


@dataclass(frozen=True, slots=True)
class Number:
    """A number of the text: tokens `first` to `last` inclusive; kind plain, percent, fraction or times."""

    value: Fraction
    kind: str
    first: int
    last: int
    start: int
    end: int
    text: str
    money: bool
    worded: bool


def find_numbers(text: str, tokens: list[Token]) -> list[Number]:
    """All numbers in order of appearance; ones inside names are included, a role is decided elsewhere."""
    found: list[Number] = []
    i = 0
    while i < len(tokens):
        hit = _fraction(tokens, i) or _multiple(tokens, i) or _plain(tokens, i)
        if hit is None:
            i += 1
            continue
        value, kind, last, worded = hit
        money = (i > 0 and tokens[i - 1].text in "$€£") or _word(tokens, last + 1) in (
            "dollar",
            "cent",
            "usd",
            "euro",
        )
        span = (tokens[i].start, tokens[last].end)
        found.append(Number(value, kind, i, last, *span, text[span[0] : span[1]], money, worded))
        i = last + 1
    return found


def _word(tokens: list[Token], i: int) -> str:
    return tokens[i].stem.lower() if 0 <= i < len(tokens) else ""


def _digits(token: Token) -> Fraction | None:
    body = token.text.replace(",", "")
    if body[-1:].isdigit() and (body[:1].isdigit() or body[:1] == "."):
        # Only ASCII digits: str.isdigit also accepts characters that Fraction refuses.
        return Fraction(body) if body.isascii() and len(body) < 40 else None
    return None


def _fraction(tokens: list[Token], i: int) -> tuple[Fraction, str, int, bool] | None:
    top = _digits(tokens[i])
    if top is not None and _word(tokens, i + 1) == "/" and i + 2 < len(tokens):
        bottom = _digits(tokens[i + 2])
        return (top / bottom, "fraction", i + 2, False) if bottom else None
    word, j, count = tokens[i].lower, i, 1
    if word in _UNITS or (top is not None and top.denominator == 1 and top < 20):
        count = _UNITS.get(word, int(top or 0))
        j = i + 2 if _word(tokens, i + 1) == "-" else i + 1
    part = _PARTS.get(_word(tokens, j))
    if part is None or count == 0:
        return None
    if j == i and part != 2 and _word(tokens, i - 1) == "the" and _word(tokens, i + 1) != "of":
        return None
    return Fraction(count, part), "fraction", j, True


def _multiple(tokens: list[Token], i: int) -> tuple[Fraction, str, int, bool] | None:
    if tokens[i].lower in _MULTIPLES:
        again = _word(tokens, i + 1) in ("a", "per", "daily", "every", "each")
        return None if again else (Fraction(_MULTIPLES[tokens[i].lower]), "times", i, True)
    plain = _plain(tokens, i)
    if plain is None or plain[1] != "plain":
        return None
    last = plain[2]
    after = last + 2 if _word(tokens, last + 1) == "-" else last + 1
    if _word(tokens, after) in ("time", "fold") and _word(tokens, after + 1) not in _AFTER_COUNT:
        return plain[0], "times", after, plain[3]
    if _word(tokens, after) == "fold":
        return plain[0], "times", after, plain[3]
    return None


def _plain(tokens: list[Token], i: int) -> tuple[Fraction, str, int, bool] | None:
    value = _digits(tokens[i])
    last, worded = i, False
    if value is None:
        in_words = _in_words(tokens, i)
        if in_words is None:
            return None
        value, last, worded = Fraction(in_words[0]), in_words[1], True
    elif _word(tokens, i + 1) in _SCALES:
        value, last = value * _SCALES[_word(tokens, i + 1)], i + 1
    if [_word(tokens, last + k) for k in (1, 2, 3)] == ["and", "a", "half"]:
        value, last = value + Fraction(1, 2), last + 3
    if _word(tokens, last + 1) in ("%", "percent", "percentage"):
        return value / 100, "percent", last + 1, worded
    if _word(tokens, last + 1) == "per" and _word(tokens, last + 2) == "cent":
        return value / 100, "percent", last + 2, worded
    return value, "plain", last, worded


def _in_words(tokens: list[Token], i: int) -> tuple[int, int] | None:
    """Value and last token of a number in words that starts at token i ("one hundred and five")."""
    total, current, last = 0, 0, -1
    j = i
    while j < len(tokens) and j < i + 12:
        word = tokens[j].lower
        if word in _UNITS and (last < 0 or (current % 10 == 0 and _UNITS[word] < 10) or current % 100 == 0):
            current += _UNITS[word]
        elif word in _TENS and current % 100 == 0:
            current += _TENS[word]
        elif word in _SCALES and (last >= 0 or word == "dozen" or _word(tokens, i - 1) in ("a", "an")):
            scale = _SCALES[word]
            current = max(current, 1) * scale
            if scale >= 1000:
                total, current = total + current, 0
        elif word in ("and", "-") and last == j - 1 and _continues(tokens, j, total + current):
            j += 1
            continue
        else:
            break
        last = j
        if word in _UNITS and _word(tokens, j + 1) not in _SCALES:
            break
        j += 1
    return (total + current, last) if last >= 0 else None


def _continues(tokens: list[Token], j: int, so_far: int) -> bool:
    following = _word(tokens, j + 1)
    if tokens[j].lower == "and":
        return (
            so_far >= 100 and tokens[j - 1].lower in _SCALES and (following in _UNITS or following in _TENS)
        )
    return following in _UNITS and _UNITS[following] < 10 and tokens[j - 1].lower in _TENS
