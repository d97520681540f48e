"""Trains everything that the template drafter ships, and says how well it then reads.

python -m quod.solvers.drafters.template.train --tags PATH/train.txt

The tags are those of NL4Opt's first task; models of these texts and marked problems of our own come from
the folder `training` of the repository. What is fitted on top of the tagger sees only tags by taggers that
have not seen the text.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from quod.solvers.drafters.template import (
    attach,
    calibrate,
    confidence,
    corpus,
    fit,
    roles,
    tagger,
    train_tagger,
    weights,
)

_DATA = Path(__file__).parents[4] / "training"
_CONFIDENT = 0.9


def main() -> None:
    """Command line: writes the model files beside the code (or into --out)."""
    arguments = _arguments()
    started = time.monotonic()

    def say(message: str) -> None:
        print(f"{time.monotonic() - started:6.0f} s  {message}", flush=True)

    examples = corpus.read_tagged(arguments.tags, arguments.data / "models.jsonl")
    examples += corpus.read_problems(arguments.data / "problems.jsonl")
    if arguments.dev:
        examples += corpus.read_official(arguments.dev)
    say(f"{len(examples)} texts")
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.folds or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        contexts = train_tagger.jackknifed(examples, folder)
    say(f"{train_tagger.FOLDS} taggers, each without a fold")
    if not arguments.keep_tagger:
        train_tagger.train_tagger(examples, arguments.out / tagger.MODEL.name)
        say("tagger")
    # Weights of a stage are in use when the next stage is fitted.
    save(arguments.out / roles.WEIGHTS.name, fit.fit_roles(contexts, examples))
    roles.use(arguments.out / roles.WEIGHTS.name)
    for context in contexts:
        context.chances.clear()
    known = [(c, e.reference) for c, e in zip(contexts, examples, strict=True) if e.reference]
    places = [choice for c, r in known for choice in fit.attachment_choices(c, r)]
    save(arguments.out / attach.WEIGHTS.name, fit.fit(places, decay=0.3))
    attach.use(arguments.out / attach.WEIGHTS.name)
    options = [choice for c, r in known for choice in fit.option_choices(c, r)]
    save(arguments.out / weights.OPTIONS.name, fit.fit(options, decay=0.5))
    weights.use(arguments.out / weights.OPTIONS.name)
    say(f"weights from {len(known)} models")
    found = calibrate.outcomes(contexts, examples)
    save(arguments.out / confidence.WEIGHTS.name, calibrate.fit_confidence(found))
    for line in calibrate.report(found, _CONFIDENT):
        say(line)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tags", type=Path, required=True, help="CoNLL file with NL4Opt's tagged texts")
    parser.add_argument("--data", type=Path, default=_DATA, help="folder of models.jsonl and problems.jsonl")
    parser.add_argument(
        "--dev", type=Path, help="NL4Opt's dev.jsonl: its spans teach, too (every third stays out)"
    )
    parser.add_argument("--out", type=Path, default=tagger.MODEL.parent, help="folder for the files")
    parser.add_argument("--folds", type=Path, help="keep the folds' taggers here, and use those found here")
    parser.add_argument("--keep-tagger", action="store_true", help="fit only what stands on the tagger")
    return parser.parse_args()


def save(path: Path, fitted: dict[str, float]) -> None:
    """Writes weights as JSON, one a line, sorted: a change is a readable diff."""
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(dict(sorted(fitted.items())), indent=0) + "\n", encoding="utf-8")
    partial.replace(path)


if __name__ == "__main__":
    main()
