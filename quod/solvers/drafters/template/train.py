"""Trains the tagger from NL4Opt's tagged texts.

python -m quod.solvers.drafters.template.train --tags ner_train.txt
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import pycrfsuite

from quod.solvers.drafters.template.tagger import MODEL, features, prepare

Span = tuple[str, int, int]
Document = tuple[str, list[Span]]


def read_conll(path: Path) -> list[Document]:
    """Texts with tagged character spans from a CoNLL file (word first, label last, blank line between texts)."""
    documents: list[Document] = []
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


def _join(words: list[tuple[str, str]]) -> Document:
    text, spans = "", list[Span]()
    for word, label in words:
        tight = not text or text[-1] in "$(" or (word in ",.;:?!)%'s" and len(word) <= 2) or word.startswith("'")
        text += word if tight else " " + word
        if label.startswith("B-"):
            spans.append((label[2:], len(text) - len(word), len(text)))
        elif label.startswith("I-") and spans:
            spans[-1] = (spans[-1][0], spans[-1][1], len(text))
    return text, spans


def examples(documents: Iterable[Document]) -> list[tuple[list[list[str]], list[str]]]:
    """Feature rows and labels (IOB) per document, on the reader's own tokens."""
    rows = []
    for text, spans in documents:
        tokens, numbers = prepare(text)
        labels = ["O"] * len(tokens)
        for label, start, end in spans:
            inside = [t.index for t in tokens if t.start < end and t.end > start]
            for k, i in enumerate(inside):
                labels[i] = ("B-" if k == 0 else "I-") + label
        rows.append((features(tokens, numbers), labels))
    return rows


def train(documents: Sequence[Document], model: Path, *, iterations: int = 120) -> None:
    trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
    trainer.set_params({"c1": 0.08, "c2": 0.02, "max_iterations": iterations, "feature.minfreq": 2})
    for rows, labels in examples(documents):
        trainer.append(rows, labels)
    trainer.train(str(model))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tags", type=Path, required=True, help="CoNLL file with the tagged texts")
    parser.add_argument("--model", type=Path, default=MODEL, help="where the tagger is written")
    arguments = parser.parse_args()
    started = time.monotonic()
    documents = read_conll(arguments.tags)
    train(documents, arguments.model)
    print(f"{len(documents)} texts, {time.monotonic() - started:.0f} s, {arguments.model.stat().st_size} bytes")


if __name__ == "__main__":
    main()
