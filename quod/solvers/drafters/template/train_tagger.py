"""Trains taggers: one on everything, and for fitting the rest one per fold that has not seen the fold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pycrfsuite

from quod.solvers.drafters.template.context import Context, make_context
from quod.solvers.drafters.template.corpus import Example
from quod.solvers.drafters.template.tagger import Tagger, features, prepare

FOLDS = 5
_BLOCK = 15  # neighbouring texts are often variants of each other and share a fold
_ITERATIONS = 100


def fold_of(position: int) -> int:
    """The fold of the text at a position."""
    return position // _BLOCK % FOLDS


def labelled(examples: Iterable[Example]) -> list[tuple[list[list[str]], list[str]]]:
    """Feature rows and labels (IOB) per text, on the reader's own tokens."""
    rows = []
    for example in examples:
        tokens, numbers = prepare(example.text)
        labels = ["O"] * len(tokens)
        for label, start, end in example.spans:
            inside = [t.index for t in tokens if t.start < end and t.end > start]
            for k, i in enumerate(inside):
                labels[i] = ("B-" if k == 0 else "I-") + label
        rows.append((features(tokens, numbers), labels))
    return rows


def train_tagger(examples: Sequence[Example], model: Path) -> None:
    """Trains a tagger on the examples and writes it to `model`."""
    trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
    trainer.set_params({"c1": 0.08, "c2": 0.02, "max_iterations": _ITERATIONS, "feature.minfreq": 2})
    for rows, labels in labelled(examples):
        trainer.append(rows, labels)
    partial = model.with_suffix(".partial")
    trainer.train(str(partial))
    partial.replace(model)


def train_fold(examples: Sequence[Example], fold: int, folder: Path) -> Path:
    """The tagger of a fold, trained without its texts; one that `folder` holds already is used again."""
    model = folder / f"fold{fold}.crfsuite"
    if not model.exists():
        train_tagger([e for i, e in enumerate(examples) if fold_of(i) != fold], model)
    return model


def jackknifed(examples: Sequence[Example], folder: Path) -> list[Context]:
    """Every text tagged by a tagger that has not seen it."""
    taggers = [Tagger(train_fold(examples, fold, folder)) for fold in range(FOLDS)]
    contexts = []
    for i, example in enumerate(examples):
        tokens, numbers = prepare(example.text)
        contexts.append(make_context(example.text, tokens, numbers, taggers[fold_of(i)].tag(tokens, numbers)))
    return contexts
