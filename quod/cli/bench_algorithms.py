"""`quod bench algorithms`: how large the pieces of a task should be, measured."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quod import errors

if TYPE_CHECKING:
    from quod.bench.algorithms.sweep import Grid, Measured

PARAMETRIC = "parametric"

Task = Annotated[
    str, typer.Option("--task", help="counting, sorting, retrieval, rag, all, or sorting_merged_by_model.")
]
Sizes = Annotated[str, typer.Option("--n", help="Sizes of the input, separated by commas.")]
Pieces = Annotated[str, typer.Option("--m", help="Sizes of the pieces, separated by commas.")]
Parallel = Annotated[str, typer.Option("--p", help="Calls at once, separated by commas.")]
Trials = Annotated[int, typer.Option("--trials", min=1, help="Inputs for each n, m and p.")]
Samples = Annotated[
    int, typer.Option("--samples", min=1, help="Replies for each piece; the majority counts.")
]
Seed = Annotated[int, typer.Option("--seed", help="Of the inputs and of the scripted model.")]
ModelName = Annotated[str, typer.Option("--model", help="parametric (scripted) or openai (settings).")]
MaxError = Annotated[float | None, typer.Option("--max-error", min=0, max=1, help="Bound for the advice.")]
Output = Annotated[Path | None, typer.Option("-o", "--output", help="File for the report as JSON.")]
Plot = Annotated[Path | None, typer.Option("--plot", help="Folder for one drawing (SVG) of each task.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the report as one JSON document.")]


def algorithms(
    task: Task = "all",
    n: Sizes = "",
    m: Pieces = "",
    p: Parallel = "1,4",
    trials: Trials = 6,
    samples: Samples = 1,
    seed: Seed = 0,
    model: ModelName = PARAMETRIC,
    max_error: MaxError = None,
    output: Output = None,
    plot: Plot = None,
    as_json: AsJson = False,
) -> None:
    """Counting, sorting, retrieval and RAG in pieces of size m: error, cost and latency, fitted.

    Exit code 1 when a budget ended the sweep before its end; the report then holds what was measured.
    """
    from quod.bench.algorithms import plot as drawing
    from quod.bench.algorithms import summary, sweep, tables

    names = list(sweep.ALGORITHMS) if task == "all" else [task]
    given = {"n": _numbers(n, "n"), "m": _numbers(m, "m"), "p": _numbers(p, "p")}
    grids = [sweep.grid(name, **given, trials=trials, samples=samples) for name in names]
    if model not in (PARAMETRIC, "openai"):
        raise errors.InvalidInput(f"{model!r} is neither {PARAMETRIC} nor openai", field="--model")
    name, measured = asyncio.run(_measure(grids, model, seed))
    when = datetime.now(UTC).date().isoformat()
    report = summary.report(measured, model=name, seed=seed, when=when, max_error=max_error)
    if output is not None:
        _write(output, json.dumps(report, indent=1) + "\n")
    for drawn in report["fits"]["tasks"] if plot is not None else ():
        assert plot is not None
        plot.mkdir(parents=True, exist_ok=True)
        _write(plot / f"{drawn}.svg", drawing.draw(report, drawn))
    if as_json:
        print(json.dumps(report, indent=1))
    else:
        tables.show(report)
    if measured.ended is not None:
        raise typer.Exit(1)


async def _measure(grids: list[Grid], model: str, seed: int) -> tuple[str, Measured]:
    """The name of the model and what was measured with it."""
    from quod import settings
    from quod.bench.algorithms import sweep
    from quod.models import roles

    def progress(line: str) -> None:
        print(line, file=sys.stderr)

    if model == PARAMETRIC:
        scripted = sweep.scripted(seed)
        return scripted.name, await sweep.run(grids, scripted, seed=seed, progress=progress)
    # Fewer calls at once than p would be measured as slower calls, and replies from the cache as faster ones.
    most = max(settings.load().model_concurrency, *(p for grid in grids for p in grid.p))
    models = roles.Models(settings.load(model_concurrency=most, cache="off"))
    try:
        endpoint = models.get("planner")
        return endpoint.name, await sweep.run(grids, endpoint, seed=seed, progress=progress)
    finally:
        await models.aclose()


def _numbers(text: str, option: str) -> list[int]:
    try:
        found = [int(part) for part in text.split(",") if part.strip()]
    except ValueError:
        message = f"{text!r} is not whole numbers separated by commas"
        raise errors.InvalidInput(message, field=f"--{option}") from None
    if any(number < 1 for number in found):
        raise errors.InvalidInput(f"{text!r} holds a number below 1", field=f"--{option}")
    return found


def _write(path: Path, text: Any) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise errors.InvalidInput(f"cannot write {path}: {error.strerror}", field="--output") from None
