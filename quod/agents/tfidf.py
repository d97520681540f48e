"""Finding the text that is most like another: TF-IDF weights and their cosine.

The baseline retriever of BoostStep (arXiv 2501.03226, section 3), with one change: what a step is *about*
is masked before it is compared. In "hens + ducks <= 120" and in its sentence the numbers become `#` and the
names `_`, so that two steps are alike when they do the same, not when both are about hens. A word that no
stored text has is left out of the query, as usual for TF-IDF.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Protocol

import numpy as np

ARROW = " -> "
"""Stands between the words that a step was made from and the step itself."""
_TOKEN = re.compile(r"\$?\d[\d.,/]*\s?%?|[a-z]\w*|[<>=!]=|\*\*|[^\s\w.,;:()\"']")
_NUMBER = re.compile(r"\$?\d")
_KEPT = frozenset({"sum", "prod", "abs", "min", "max", "minimize", "maximize", "real", "integer", "binary"})
"""Words of a step that say what it does."""


class Retriever(Protocol):
    """Finds the nearest of the texts that it was fitted to; deterministic."""

    def fit(self, texts: Sequence[str]) -> None:
        """Remember `texts` and forget earlier ones."""

    def nearest(self, query: str) -> tuple[int, float] | None:
        """Place of the most similar text and the similarity in [0, 1]; the first of equals, None of none."""


class TfIdf:
    """TF-IDF of single tokens and pairs of neighbours, smooth inverse frequency, compared by cosine."""

    def __init__(self) -> None:
        self._columns: dict[str, int] = {}
        self._weights = np.zeros(0)
        self._texts = np.zeros((0, 0))

    def fit(self, texts: Sequence[str]) -> None:
        """Remember `texts`: one row each of the matrix of weights, of length 1."""
        counted = [_terms(text) for text in texts]
        frequency = Counter(term for terms in counted for term in terms)
        self._columns = {term: column for column, term in enumerate(sorted(frequency))}
        held = np.array([frequency[term] for term in self._columns], dtype=float)
        self._weights = np.log((1 + len(texts)) / (1 + held)) + 1
        self._texts = np.array([self._vector(terms) for terms in counted]).reshape(len(texts), len(held))

    def nearest(self, query: str) -> tuple[int, float] | None:
        """The most similar text by cosine; None when no text shares a term with the query."""
        if not len(self._texts):
            return None
        likeness = self._texts @ self._vector(_terms(query))
        best = int(np.argmax(likeness))
        score = float(likeness[best])
        return (best, min(score, 1.0)) if score > 0 else None

    def _vector(self, terms: Counter[str]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        vector = np.zeros(len(self._columns))
        for term, count in terms.items():
            if term in self._columns:
                column = self._columns[term]
                vector[column] = count * self._weights[column]
        length = math.sqrt(float(vector @ vector))
        return vector / length if length else vector


def masked(text: str) -> list[str]:
    """The tokens of `words -> step` with numbers as `#` (shares as `#%`) and the names of the step as `_`."""
    words, arrow, step = text.lower().rpartition(ARROW)
    names = {name for name in re.findall(r"[a-z_]\w*", step) if name not in _KEPT} if arrow else set()
    pieces = {_stem(piece) for name in names for piece in name.split("_") if len(piece) > 2}
    tokens = [_mask(token, pieces) for token in _TOKEN.findall(words if arrow else text.lower())]
    if arrow:
        tokens += ["->", *("_" if token in names else _mask(token, set()) for token in _TOKEN.findall(step))]
    return [token for place, token in enumerate(tokens) if token != "_" or tokens[place - 1 : place] != ["_"]]


def _mask(token: str, pieces: set[str]) -> str:
    if _NUMBER.match(token):
        return "#%" if token.endswith("%") else "#"
    return "_" if _stem(token) in pieces else token


def _stem(word: str) -> str:
    """English plurals and their singular to one form, no more."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes", "oes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _terms(text: str) -> Counter[str]:
    tokens = masked(text)
    pairs = [f"{first} {second}" for first, second in itertools.pairwise(tokens)]
    return Counter(tokens + pairs)
