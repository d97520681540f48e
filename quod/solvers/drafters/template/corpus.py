"""Training texts: tagged texts of NL4Opt, marked problems of our own, and reference models of both."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from quod.solvers.drafters.template.lexicon import STOP
from quod.solvers.drafters.template.mentions import Variable
from quod.solvers.drafters.template.tagger import prepare

Span = tuple[str, int, int]
_MARK = re.compile(r"\[([vplcon])\|([^\]|]*)\]")
_LABELS = {"v": "VAR", "p": "PARAM", "l": "LIMIT", "c": "CONST_DIR", "o": "OBJ_DIR", "n": "OBJ_NAME"}


@dataclass(frozen=True)
class Reference:
    """A model that a careful reader wrote down for a text."""

    names: tuple[str, ...]
    sense: str
    objective: tuple[Fraction, ...]
    rows: tuple[tuple[tuple[Fraction, ...], str, Fraction], ...]

    @staticmethod
    def parse(line: dict[str, Any]) -> Reference:
        """From {"vars": […], "sense": "max", "obj": […], "cons": [[[…], op, rhs], …]}."""
        rows = tuple((tuple(map(_exact, c[0])), str(c[1]), _exact(c[2])) for c in line["cons"])
        return Reference(tuple(line["vars"]), line["sense"], tuple(map(_exact, line["obj"])), rows)

    def variables(self) -> tuple[Variable, ...]:
        """The named variables as the reader labels them."""
        found = []
        for name in self.names:
            stems = {t.stem for t in prepare(name)[0] if t.stem not in STOP and t.text[0].isalnum()}
            found.append(Variable(name, frozenset(stems), 0, 0))
        return tuple(found)


@dataclass(frozen=True)
class Example:
    """A text with tagged spans and, where known, its reference model."""

    source: str
    text: str
    spans: tuple[Span, ...]
    reference: Reference | None


def _exact(value: float | int | str) -> Fraction:
    return Fraction(str(value)).limit_denominator(10**9)


def read_tagged(path: Path, models: Path) -> list[Example]:
    """Texts of a CoNLL file; line `id` of `models` belongs to the text at that position, from 0."""
    references = {line["id"]: Reference.parse(line) for line in _lines(models) if "skip" not in line}
    return [
        Example("nl4opt", text, tuple(spans), references.get(i))
        for i, (text, spans) in enumerate(_conll(path))
    ]


def read_problems(path: Path) -> list[Example]:
    """Marked problems with their models."""
    return [Example("own", *unmark(line["marked"]), reference=Reference.parse(line)) for line in _lines(path)]


def read_official(path: Path) -> list[Example]:
    """Texts and spans of a file in the format of NL4Opt's second task; its declarations are not used."""
    found = []
    for position, line in enumerate(_lines(path)):
        # A third is kept back: measuring needs texts that nothing was fitted to.
        if position % 3 == 2:
            continue
        record = next(iter(line.values()))
        spans = tuple((s["label"], s["start"], s["end"]) for s in record["spans"])
        found.append(Example("dev", record["document"], spans, None))
    return found


def unmark(marked: str) -> tuple[str, tuple[Span, ...]]:
    """The text without its marks, and the marked spans."""
    text, spans, at = "", list[Span](), 0
    for mark in _MARK.finditer(marked):
        text += marked[at : mark.start()]
        spans.append((_LABELS[mark[1]], len(text), len(text) + len(mark[2])))
        text += mark[2]
        at = mark.end()
    return text + marked[at:], tuple(spans)


def _lines(path: Path) -> Iterable[dict[str, Any]]:
    return (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip())


def _conll(path: Path) -> list[tuple[str, list[Span]]]:
    """Texts with spans (word first, label last, blank line between texts)."""
    documents: list[tuple[str, list[Span]]] = []
    words: list[tuple[str, str]] = []
    for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
        if line.startswith("-DOCSTART-"):
            continue
        parts = line.split()
        if parts:
            words.append((parts[0], parts[-1]))
        elif words:
            documents.append(_join(words))
            words = []
    return documents


def _join(words: list[tuple[str, str]]) -> tuple[str, list[Span]]:
    text, spans = "", list[Span]()
    for word, label in words:
        tight = (
            not text or text[-1] in "$(" or (word in ",.;:?!)%'s" and len(word) <= 2) or word.startswith("'")
        )
        text += word if tight else " " + word
        if label.startswith("B-"):
            spans.append((label[2:], len(text) - len(word), len(text)))
        elif label.startswith("I-") and spans:
            spans[-1] = (spans[-1][0], spans[-1][1], len(text))
    return text, spans
