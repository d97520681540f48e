"""Readings that are a choice: strict comparison words and integrality, with what else they may mean.

The declared policy for word problems: every variable is a non-negative integer unless the text says that it
is divisible, and strict words ("more than") are strict, which on integers means one more. Both are written
into the formulation as conventions, so that a result can show the answer under the other reading.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

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
_DIVISIBLE = re.compile(r"\b(?:divisible|fractional|fractions|partial|non-?integers?)\b", re.I)
_WELCOME = re.compile(
    r"\b(?:allowed|okay|ok|possible|acceptable|permitted|fine)\b"
    r"|\b(?:full|whole|complete)\s+or\s+(?:partial|fractional)\b"
    r"|\b(?:is|are|be)\s+(?:infinitely\s+)?(?:divisible|fractional|non-?integers?)\b",
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
    """Where the text says in so many words that fractions are welcome ("partial loads are allowed")."""
    whole = _WHOLE_NOT_NEEDED.search(text)
    if whole:
        return formulation.Evidence(start=whole.start(), end=whole.end())
    for found in _DIVISIBLE.finditer(text):
        before = max(0, found.start() - _SENTENCE)
        start = max([before, *(text.rfind(mark, before, found.start()) + 1 for mark in ".!?\n")])
        ends = [text.find(mark, found.end(), found.end() + _SENTENCE) for mark in ".!?\n"]
        end = min((e for e in ends if e >= 0), default=min(len(text), found.end() + _SENTENCE))
        sentence = text[start:end]
        if _WELCOME.search(sentence) and not _DENIED.search(sentence):
            return formulation.Evidence(start=start + len(sentence) - len(sentence.lstrip()), end=end)
    return None


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
