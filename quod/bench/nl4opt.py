"""The suite `nl4opt`: word problems against the official declarations, and against another key row by row."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from quod import errors, settings
from quod.bench import datasets, engine, summary, worker
from quod.solvers.drafters import base


def run_nl4opt(
    data: str | Path,
    key: str | Path | None = None,
    drafter: str = "template",
    limit: int | None = None,
    jobs: int = 1,
    resume: str | Path | None = None,
    *,
    suite: str = "nl4opt",
    overrides: dict[str, Any] | None = None,
    progress: engine.Progress | None = None,
    solve: worker.Solve | None = None,
) -> dict[str, Any]:
    """Run a drafter on the problems of `data` and score it; see `summary.summarize` for the report.

    `data`: NL4Opt's official format, or rows of question and results. `key`: rows of question and results in
    the same order; its own text is read where it differs, and scored against its own objective. `limit`: only
    the first problems. `overrides`: settings. Raises InvalidInput for unusable files, Misconfigured and
    Unavailable for a model.
    """
    problems = datasets.load(data)
    keys = [own for _, own in datasets.pair(problems, datasets.load(key))] if key else problems
    chosen = settings.load(**{**(overrides or {}), "drafter": drafter})
    items = _items(problems, keys)[:limit]
    _refuse_misfits(items, drafter)
    records = engine.run(items, chosen, jobs=jobs, resume=resume, progress=progress, solve=solve)
    return summary.summarize(records, suite=suite, drafter=drafter)


def _items(problems: Sequence[datasets.Problem], keys: Sequence[datasets.Problem]) -> list[worker.Item]:
    return [
        worker.Item(
            index=index,
            id=problem.id,
            category=problem.category or own.category,
            text=problem.text,
            key_text=own.text if own.text.strip() != problem.text.strip() else None,
            record=problem.record,
            expected=_expected(own),
            linear="nonlinear" not in problem.category,
        )
        for index, (problem, own) in enumerate(zip(problems, keys, strict=True))
    ]


def _expected(own: datasets.Problem) -> dict[str, Any] | None:
    if not own.has_key:
        return None
    # A key without a number says that there is no optimum.
    return {"termination": "no_optimum" if own.expected is None else "optimal", "objective": own.expected}


def _refuse_misfits(items: Sequence[worker.Item], drafter: str) -> None:
    """Unknown drafters, and `gold` without declarations, are refused before anything runs."""
    names = [name.strip() for name in drafter.split(",")]
    for name in names:
        if name not in base.DRAFTERS:
            base.create(name)  # raises, naming those there are
    if "gold" in names and len(names) > 1:
        raise errors.InvalidInput("the drafter `gold` is the reference; run it alone", field="drafter")
    if drafter == "gold" and any(item.record is None for item in items):
        raise errors.InvalidInput("the drafter `gold` needs data with official declarations", field="data")
