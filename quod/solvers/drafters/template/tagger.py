"""The tagger: a linear-chain CRF that marks variables, numbers, limits and objective names.

Labels are those of NL4Opt (VAR, PARAM, LIMIT, CONST_DIR, OBJ_DIR, OBJ_NAME). What the rest of the
reader uses are the marginals, not only the best path: candidates for variables come from both.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pycrfsuite

from quod.solvers.drafters.template.numbers import Number, find_numbers
from quod.solvers.drafters.template.tokens import Token, tokenize

MODEL = Path(__file__).with_name("tagger.crfsuite")
LABELS = ("VAR", "PARAM", "LIMIT", "CONST_DIR", "OBJ_DIR", "OBJ_NAME")
_PER = frozenset(["per", "each", "every", "a", "an", "one", "of"])


@dataclass(frozen=True, slots=True)
class Tagging:
    """Best labels (IOB) and, per token, the marginal of each label in LABELS (B and I added up)."""

    best: tuple[str, ...]
    marginals: np.ndarray


def features(tokens: list[Token], numbers: list[Number]) -> list[list[str]]:
    """CRF features of each token: window, shape, affixes and what the document says elsewhere of the word."""
    kinds = _number_kinds(len(tokens), numbers)
    words = [kinds[t.index] or t.lower for t in tokens]
    roots = [kinds[t.index] or t.root for t in tokens]
    profile = _document_profile(tokens, kinds)
    final = tokens[-1].sentence if tokens else 0
    rows = []
    for i, token in enumerate(tokens):
        row = ["b", f"w={words[i]}", f"r={roots[i]}", f"s3={token.lower[-3:]}", f"sh={_shape(token)}"]
        for d in (-3, -2, -1, 1, 2, 3):
            row.append(f"{d}w={_at(words, i + d)}")
        for d in (-2, -1, 1, 2):
            row.append(f"{d}r={_at(roots, i + d)}")
        row.append(f"-2-1={_at(words, i - 2)}|{_at(words, i - 1)}")
        row.append(f"-10={_at(words, i - 1)}|{words[i]}")
        row.append(f"01={words[i]}|{_at(words, i + 1)}")
        row.append(f"12={_at(words, i + 1)}|{_at(words, i + 2)}")
        row.append(f"-1+1={_at(words, i - 1)}|{_at(words, i + 1)}")
        row.append(f"-4w={_at(words, i - 4)}")
        row.append(f"4w={_at(words, i + 4)}")
        where = "first" if token.sentence == 0 else "last" if token.sentence == final else "mid"
        row.append(f"sent={where}")
        row.append(f"near={_nearest_number(kinds, i)}")
        row += profile[token.stem if not kinds[i] else ""]
        if i:
            row += ["-1" + f for f in profile[tokens[i - 1].stem if not kinds[i - 1] else ""]]
        if i + 1 < len(tokens):
            row += ["1" + f for f in profile[tokens[i + 1].stem if not kinds[i + 1] else ""]]
        rows.append(row)
    return rows


def _number_kinds(count: int, numbers: list[Number]) -> list[str]:
    kinds = [""] * count
    for number in numbers:
        for i in range(number.first, number.last + 1):
            kinds[i] = "#" + number.kind + ("$" if number.money else "") + ("w" if number.worded else "")
    return kinds


def _at(items: list[str], i: int) -> str:
    return items[i] if 0 <= i < len(items) else "-"


def _shape(token: Token) -> str:
    if token.text.isupper():
        return "U1" if len(token.text) == 1 else "U"
    return "Ul" if token.text[:1].isupper() else "l" if token.text.isalpha() else "x"


def _nearest_number(kinds: list[str], i: int) -> str:
    before = next((d for d in range(1, 7) if i >= d and kinds[i - d]), 9)
    after = next((d for d in range(1, 7) if i + d < len(kinds) and kinds[i + d]), 9)
    return f"{min(before, 4)}{min(after, 4)}"


def _document_profile(tokens: list[Token], kinds: list[str]) -> dict[str, list[str]]:
    """How the whole document uses a word: often? after "per" or "each"? after numbers? in the question?"""
    total: Counter[str] = Counter()
    seen: dict[str, Counter[str]] = {}
    final = tokens[-1].sentence if tokens else 0
    for i, token in enumerate(tokens):
        if kinds[i]:
            continue
        total[token.stem] += 1
        marks = seen.setdefault(token.stem, Counter())
        previous = tokens[i - 1].lower if i else "-"
        if previous in _PER:
            marks["per" if previous in ("per", "each", "every") else previous] += 1
        if i and kinds[i - 1]:
            marks["num"] += 1
        if i > 2 and tokens[i - 1].lower == "of" and tokens[i - 2].stem == "unit":
            marks["unitof"] += 1
        if previous in ("and", "or") or (i + 1 < len(tokens) and tokens[i + 1].lower in ("and", "or")):
            marks["and"] += 1
        marks["s0" if token.sentence == 0 else "sN" if token.sentence == final else "sM"] += 1
    profile: dict[str, list[str]] = {"": []}
    for stem, count in total.items():
        row = [f"n={min(count, 5)}"]
        row += [f"d{mark}={min(times, 2)}" for mark, times in sorted(seen[stem].items())]
        profile[stem] = row
    return profile


class Tagger:
    """A trained tagger. Not safe to share between threads: pycrfsuite keeps the sequence in the object."""

    def __init__(self, path: Path = MODEL) -> None:
        self._crf = pycrfsuite.Tagger()
        self._crf.open(str(path))
        self._labels = list(self._crf.labels())

    def tag(self, tokens: list[Token], numbers: list[Number]) -> Tagging:
        """Best path and marginals."""
        if not tokens:
            return Tagging((), np.zeros((0, len(LABELS))))
        self._crf.set(features(tokens, numbers))
        best = tuple(self._crf.tag())
        marginals = np.zeros((len(tokens), len(LABELS)))
        for label in self._labels:
            if label == "O":
                continue
            column = LABELS.index(label[2:])
            marginals[:, column] += [self._crf.marginal(label, i) for i in range(len(tokens))]
        return Tagging(best, marginals)


@lru_cache(maxsize=1)
def shipped() -> Tagger:
    """The tagger whose model file is part of the package."""
    return Tagger()


def prepare(text: str) -> tuple[list[Token], list[Number]]:
    """Tokens and numbers of a text."""
    tokens = tokenize(text)
    return tokens, find_numbers(text, tokens)
