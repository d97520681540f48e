"""The suite `optibench`: linear and nonlinear problems, with and without tables, with expected values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from quod.bench import engine, nl4opt, worker


def run_optibench(
    data: str | Path,
    key: str | Path | None = None,
    drafter: str = "template",
    limit: int | None = None,
    jobs: int = 1,
    resume: str | Path | None = None,
    *,
    overrides: dict[str, Any] | None = None,
    progress: engine.Progress | None = None,
    solve: worker.Solve | None = None,
) -> dict[str, Any]:
    """Run a drafter on OptiBench; the report is that of `nl4opt`; `by_category` has OptiBench's types."""
    return nl4opt.run_nl4opt(
        data, key, drafter, limit, jobs, resume,
        suite="optibench", overrides=overrides, progress=progress, solve=solve,
    )  # fmt: skip
