"""Trains the tagger from NL4Opt's tagged texts.

python -m quod.solvers.drafters.template.train --tags ner_train.txt
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import pycrfsuite

from quod.solvers.drafters.template.tagger import MODEL, features, prepare

Span = tuple[str, int, int]
Document = tuple[str, list[Span]]


def read_conll(path: Path) -> list[Document]:
    """Texts with tagged spans from a CoNLL file (word first, label last, blank line between texts)."""
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
        tight = (
            not text or text[-1] in "$(" or (word in ",.;:?!)%'s" and len(word) <= 2) or word.startswith("'")
        )
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
    """Trains a tagger on the documents and writes it to `model`."""
    trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
    trainer.set_params({"c1": 0.08, "c2": 0.02, "max_iterations": iterations, "feature.minfreq": 2})
    for rows, labels in examples(documents):
        trainer.append(rows, labels)
    trainer.train(str(model))


def main() -> None:
    """Command line: writes the model files beside the code (or into --out)."""
    # Imported here: `fit` trains taggers of its own with this module.
    from quod.solvers.drafters.template import attach, fit, roles, weights

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tags", type=Path, required=True, help="CoNLL file with the tagged texts")
    parser.add_argument("--models", type=Path, help="JSON lines with reference models of the texts")
    parser.add_argument("--out", type=Path, default=MODEL.parent, help="folder that the files are written to")
    arguments = parser.parse_args()
    started = time.monotonic()
    documents = read_conll(arguments.tags)
    train(documents, arguments.out / MODEL.name)
    print(f"tagger: {len(documents)} texts, {time.monotonic() - started:.0f} s", flush=True)
    contexts = fit.jackknifed(documents)
    save(arguments.out / roles.WEIGHTS.name, fit.fit_roles(contexts, documents))
    print(f"roles: {time.monotonic() - started:.0f} s", flush=True)
    if arguments.models:
        lines = [
            json.loads(line) for line in arguments.models.read_text(encoding="utf-8").splitlines() if line
        ]
        known = [(contexts[r["id"]], fit.Reference.parse(r)) for r in lines if not r.get("skip")]
        places = [c for context, reference in known for c in fit.attachment_choices(context, reference)]
        save(arguments.out / attach.WEIGHTS.name, fit.fit(places, decay=0.3))
        options = [c for context, reference in known for c in fit.option_choices(context, reference)]
        save(arguments.out / weights.OPTIONS.name, fit.fit(options, decay=0.5))
        print(f"weights: {len(known)} models, {time.monotonic() - started:.0f} s", flush=True)


def save(path: Path, fitted: dict[str, float]) -> None:
    """Writes weights as JSON, one a line, sorted: a change is a readable diff."""
    path.write_text(json.dumps(dict(sorted(fitted.items())), indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
