"""Readings that are a choice: strict comparison words and integrality, with what else they may mean.

The declared policy for word problems: every variable is a non-negative integer unless the text says that it
is divisible, and strict words ("more than") are strict, which on integers means one more. Both are written
into the formulation as conventions, so that a result can show the answer under the other reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from quod.solvers import formulation

_UPWARD = re.compile(
    r"\b(?:more|exceeds?|exceeding|larger|greater|above|over|higher|bigger|outnumbers?|surpass(?:es)?)\b",
    re.I,
)
_DOWNWARD = re.compile(r"\b(?:less|fewer|below|under|smaller|lower)\b", re.I)
_NOT_STRICT = re.compile(
    r"\b(?:no|not|cannot|never|nor|neither|at\s+least|at\s+most|or|equal|equals)\b|n['’]t\b", re.I
)
_DENIED = re.compile(r"\b(?:no|not|cannot|never|without)\b|n['’]t\b", re.I)
_DIVISIBLE = re.compile(
    r"\b(?:divisible|fractional|fractions|partial|non-?integers?|non-?integral|continuous"
    r"|any real number|be divided(?!\s+(?:in|into|between|among|up|by)\b))\b",
    re.I,
)
_WELCOME = re.compile(
    r"\b(?:allowed|okay|ok|possible|acceptable|permitted|fine)\b"
    r"|\b(?:full|whole|complete)\s+or\s+(?:partial|fractional)\b"
    r"|\b(?:is|are|be)\s+(?:infinitely\s+)?(?:divisible|fractional|non-?integers?|continuous)\b"
    r"|\b(?:can|may|could)\s+be\s+(?:divided|any real number)\b",
    re.I,
)
_SENTENCE = 400  # characters around a word that may belong to its sentence
_WHOLE_NOT_NEEDED = re.compile(
    r"\b(?:need|have|has|do|does|must)(?:\s+not|n['’]t)\s+(?:need\s+to\s+|have\s+to\s+)?be\s+"
    r"(?:an?\s+)?(?:integers?|integral|whole)\b",
    re.I,
)


def is_strict(direction: str, operator: str) -> bool:
    """Whether the words `direction` of a comparison `<=` or `>=` exclude equality.

    "must exceed" for `>=` is strict, "cannot exceed", "at least … more" and "10 or more" are not. A word
    that points against the operator ("exceed" for `<=`) was negated outside the phrase: not strict either.
    """
    if _NOT_STRICT.search(direction):
        return False
    words = _UPWARD if operator in (">=", ">") else _DOWNWARD
    return words.search(direction) is not None


def divisible_statement(text: str) -> formulation.Evidence | None:
    """Where the text first says in so many words that fractions are welcome ("partial loads are allowed")."""
    return next(_statements(text), None)


def divisible(text: str, places: Sequence[Sequence[int]]) -> dict[int, formulation.Evidence]:
    """Which variables the text calls divisible, with the statement that says so.

    `places` holds, for each variable, the characters at which the text names it: a statement speaks of the
    variables that its sentence names, and of all where it names none.
    """
    found: dict[int, formulation.Evidence] = {}
    for statement in _statements(text):
        start, end = _sentence(text, statement.start, statement.end)
        named = [v for v, at in enumerate(places) if any(start <= i < end for i in at)]
        for variable in named or range(len(places)):
            found.setdefault(variable, statement)
    return found


def _statements(text: str) -> Iterator[formulation.Evidence]:
    for whole in _WHOLE_NOT_NEEDED.finditer(text):
        yield formulation.Evidence(start=whole.start(), end=whole.end())
    done = 0
    for found in _DIVISIBLE.finditer(text):
        start, end = _sentence(text, found.start(), found.end())
        sentence = text[start:end]
        if found.start() >= done and _WELCOME.search(sentence) and not _DENIED.search(sentence):
            done = end
            yield formulation.Evidence(start=start + len(sentence) - len(sentence.lstrip()), end=end)


def _sentence(text: str, first: int, last: int) -> tuple[int, int]:
    before = max(0, first - _SENTENCE)
    start = max([before, *(text.rfind(mark, before, first) + 1 for mark in ".!?\n")])
    ends = [text.find(mark, last, last + _SENTENCE) for mark in ".!?\n"]
    return start, min((e for e in ends if e >= 0), default=min(len(text), last + _SENTENCE))


def integrality(
    names: Sequence[str], *, divisible: bool, evidence: Sequence[formulation.Evidence] = ()
) -> formulation.Convention:
    """The convention that `names` are whole numbers, or divisible because the text says so."""
    if divisible:
        return formulation.Convention(
            kind="integrality", targets=list(names), reading="real", alternative="integer",
            note="the text says that these amounts are divisible", evidence=list(evidence),
        )  # fmt: skip
    return formulation.Convention(
        kind="integrality", targets=list(names), reading="integer", alternative="real",
        note="the text does not say that these amounts are divisible", evidence=list(evidence),
    )  # fmt: skip


def strictness(
    row: str, operator: str, words: str, evidence: Sequence[formulation.Evidence] = ()
) -> formulation.Convention:
    """The convention that row `row`, worded strictly, has the strict `operator` (`<` or `>`)."""
    return formulation.Convention(
        kind="strictness", targets=[row], reading=operator, alternative=operator + "=",
        note=f"{words!r} is read strictly", evidence=list(evidence),
    )  # fmt: skip
