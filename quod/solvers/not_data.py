"""Numbers of a text that are no data: small named rules, each giving the reason that people see.

Only numbers that no element uses come here. A rule must be sure: a number it takes away is never asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from quod.solvers.comparisons import Phrase
from quod.solvers.drafters.template.numbers import Number, find_numbers
from quod.solvers.drafters.template.tokens import tokenize
from quod.solvers.formulation import Formulation


@dataclass(frozen=True)
class Facts:
    """What the rules know of the whole text and formulation.

    `first_digit`: where the first number in digits stands; `first_sentence`: where the first sentence ends;
    `variables`: how many are declared; `series`: words with the numbers behind them ("lake 1", "lake 2").
    """

    first_digit: int
    first_sentence: int
    variables: int
    non_negative: bool
    series: frozenset[tuple[str, Fraction]]


@dataclass(frozen=True)
class Place:
    """A number in its text; `phrase` is the comparison that governs it."""

    text: str
    number: Number
    phrase: Phrase | None
    facts: Facts

    @property
    def before(self) -> str:
        """The 40 characters before the number."""
        return self.text[max(0, self.number.start - 40) : self.number.start]

    @property
    def after(self) -> str:
        """The 60 characters behind the number."""
        return self.text[self.number.end : self.number.end + 60]


_KINDS = (
    "types?|kinds?|sorts?|variet(?:y|ies)|versions?|models?|brands?|flavou?rs?|categor(?:y|ies)|options|"
    "methods|ways|styles|classes|forms|groups|layouts?|combos?|sizes|different|specific|main|separate|distinct"
)
_CONTAINERS = "boxes|bags|bottles|packs?|packages|pieces|slices|tablespoons?|teaspoons?"
_UNITS = (
    "hours?|minutes?|seconds?|days?|weeks?|months?|years?|grams?|kgs?|kilograms?|kilos?|pounds?|lbs?|ounces?|oz|tons?|"
    "tonnes?|lit(?:er|re)s?|ml|gallons?|cups?|quarts?|inch(?:es)?|feet|foot|ft|met(?:er|re)s?|cm|km|miles?|acres?|"
    "hectares?|square|sq|cubic|units?|servings?|calories|mg|dollars?|cents?|percent|times|people|persons?|passengers?|"
    "workers?|employees?"
)
_KIND = re.compile(rf"\s{{1,4}}(?:[A-Za-z-]{{2,20}}\s{{1,4}}){{0,2}}(?:{_KINDS})\b", re.I)
_UNIT = re.compile(rf"[\s-]{{1,4}}(?:{_UNITS})\b", re.I)
_MEASURE = re.compile(rf"[\s-]{{1,4}}(?:{_UNITS}|{_CONTAINERS})\b", re.I)
_NEEDS = re.compile(
    r"\b(?:requires?|takes?|needs?|costs?|contains?|uses?|holds?|carr(?:y|ies)|earns?|gives?|provides?|per|least|most|than|each)"
    r"\b[^.?!]{0,30}$",
    re.I,
)
_SENTENCE_END = re.compile(r"[.?!](?=\s|$)")
_WORD_BEFORE = re.compile(r"\b([A-Za-z]{2,20})\s{1,4}$")
_NO_NAME = re.compile(
    "an|the|of|at|to|for|in|by|on|with|from|and|or|per|than|least|most|only|about|exactly|every|need|cost|take|"
    "use|require|contain|have|make|sell|produce|buy|earn"
)
_COMPOUND = re.compile(
    r"\s?-\s?(?:piece|door|sided|legged|wheel(?:er|ed)?|star|way|ply|speed|dimensional|decker|stor(?:y|ey)|in|drawer|tier)\b",
    re.I,
)
_TERM = re.compile(
    r"\s?-?\s?(?:months?|years?|weeks?|days?)\s{0,4}"
    r"(?:commitment|term|period|horizon|plan|contract|season)\b",
    re.I,
)
_YEAR = re.compile(
    r"\b(?:in|since|until|of|by|year|january|february|march|april|may|june|july|august|september|october"
    r"|november|december)\s{1,4}$",
    re.I,
)


def facts(formulation: Formulation, text: str, numbers: Sequence[Number]) -> Facts:
    """Facts for the places of one text."""
    sentence = _SENTENCE_END.search(text)
    words = ((_WORD_BEFORE.search(text[max(0, n.start - 30) : n.start]), n.value) for n in numbers)
    return Facts(
        first_digit=next((n.start for n in numbers if not n.worded), len(text)),
        first_sentence=sentence.start() if sentence else len(text),
        variables=len(formulation.variables),
        non_negative=all(v.domain == "binary" or v.lower == "0" for v in formulation.variables),
        series=frozenset((word[1].lower(), value) for word, value in words if word),
    )


def enumerator(place: Place) -> str | None:
    """Like "(1) radio and (2) television"; "1." at the start of a line."""
    alone = place.before.rstrip(" ").endswith("(") and place.after.lstrip(" ").startswith(")")
    line = place.before.rpartition("\n")[2]
    listed = "\n" in place.before and not line.strip() and re.match(r"[.)]\s", place.after) is not None
    return "numbers an entry of a list" if alone or listed else None


def numbered(place: Place) -> str | None:
    """Like "lake 2" where there is a "lake 1" too; not "takes 2 hours"."""
    word, number = _WORD_BEFORE.search(place.before), place.number
    if not word or number.kind != "plain" or not 2 <= number.value <= 20 or _MEASURE.match(place.after):
        return None
    name = word[1].lower()
    if name.endswith("s") or _NO_NAME.fullmatch(name) or (name, number.value - 1) not in place.facts.series:
        return None
    return "part of a name"


def ordinal(place: Place) -> str | None:
    """Like "a third factory"; "2nd" is no number to begin with."""
    worded = place.number.text.lower() in ("third", "fourth", "fifth", "sixth", "eighth", "tenth")
    counts = re.search(r"\b(?:a|the)\s{1,4}$", place.before, re.I) is not None
    parts = re.match(r"\s{1,4}(?!of\b|as\b|the\b|that\b)[a-z]", place.after) is None
    return "an ordinal, not an amount" if worded and counts and not parts else None


def part_of_word(place: Place) -> str | None:
    """Like "2-piece suit", "double-decker bus", "3D printer"."""
    glued = re.match(r"[Dd]\b", place.after) is not None and place.number.value <= 4
    hyphened = place.number.text.lower() in ("double", "triple", "quadruple") and place.after.startswith("-")
    return "part of a name" if glued or hyphened or _COMPOUND.match(place.after) else None


def one_of_something(place: Place) -> str | None:
    """Like "one ad costs …", "1 hour of …", "one of the": the unit that other numbers refer to."""
    if place.number.value != 1 or place.number.kind != "plain" or place.number.money:
        return None
    governed = place.phrase is not None and not re.match(r"\s{1,4}of\s{1,4}(?:the|these|its)\b", place.after)
    return None if governed else "one of something: the unit that other numbers refer to"


def kinds(place: Place) -> str | None:
    """Like "two types of cakes", "3 different sized boxes", "two models available"."""
    number, phrase = place.number, place.phrase
    small = number.kind == "plain" and 2 <= number.value <= 20 and not number.money
    limited = phrase is not None and phrase.start < number.start
    if small and not limited and _KIND.match(place.after) and not _MEASURE.match(place.after):
        return "counts the kinds that the text names"
    return None


def introduction(place: Place) -> str | None:
    """Like "You have two coffees …": in words, before the first digits or counting the decisions."""
    number, known = place.number, place.facts
    if not number.worded or number.kind != "plain" or not 2 <= number.value <= 12 or place.phrase is not None:
        return None
    counts = number.value == known.variables
    if counts and number.end <= known.first_sentence and not _UNIT.match(place.after):
        return "introduces the things that the problem is about"
    if re.search(r"\bfollowing\s{1,4}$", place.before, re.I):
        return "introduces a list"
    early = counts or number.start < known.first_digit
    if not early or _MEASURE.match(place.after) or _NEEDS.search(place.before):
        return None
    return "introduces the things that the problem is about"


def reference(place: Place) -> str | None:
    """Like "each of the two cakes", when there are two decisions."""
    counts = place.number.kind == "plain" and place.number.value == place.facts.variables > 1
    back = re.search(r"\b(?:the|these|those|all|both|its|their)\s{1,4}$", place.before, re.I) is not None
    return "refers to the decisions" if counts and back and not _MEASURE.match(place.after) else None


def whole_period(place: Place) -> str | None:
    """Like "a 12-month commitment", "a 1 year term"."""
    return "length of the whole period" if _TERM.match(place.after) and place.phrase is None else None


def date(place: Place) -> str | None:
    """Like "in 2021", "May 2020"."""
    digits = place.number.text
    year = len(digits) == 4 and digits.isdigit() and digits[:2] in ("19", "20")
    return "a date" if year and _YEAR.search(place.before) and place.phrase is None else None


def non_negativity(place: Place) -> str | None:
    """Like "both greater than or equal to 0", when every variable is bounded below by zero."""
    zero = place.number.value == 0 and place.phrase is not None and place.facts.non_negative
    return "says that amounts are not negative, as the variables' lower bounds do" if zero else None


RULES: Sequence[Callable[[Place], str | None]] = (
    enumerator,
    numbered,
    ordinal,
    part_of_word,
    non_negativity,
    whole_period,
    date,
    kinds,
    introduction,
    reference,
    one_of_something,
)


def labels(formulation: Formulation, text: str) -> list[tuple[int, int]]:
    """Where labels of variables and names of set members that hold a digit stand in the text."""
    names = [variable.label for variable in formulation.variables]
    names += [str(part) for s in formulation.sets for part in s.elements if isinstance(part, str)]
    wanted = sorted({name for name in names if find_numbers(name, tokenize(name))}, key=len, reverse=True)
    if not wanted:
        return []
    pattern = re.compile("|".join(rf"\b{re.escape(name)}" for name in wanted[:200]), re.I)
    return [(match.start(), match.end()) for match in pattern.finditer(text)]


def reason(place: Place) -> str | None:
    """Why the number is no data, or None when no rule is sure."""
    return next((why for rule in RULES if (why := rule(place)) is not None), None)
