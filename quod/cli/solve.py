"""`quod solve`: a problem in words or a formulation in, an answer with a certificate out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from quod import errors
from quod.cli import files, outcome, show


def solve(
    problem: Annotated[
        str | None,
        typer.Argument(metavar="TEXT|FILE|-", help="The problem in words, a text file, or - for stdin."),
    ] = None,
    as_json: outcome.AsJson = False,
    formulation: Annotated[
        Path | None, typer.Option(help="Solve this formulation (JSON) instead of reading the words.")
    ] = None,
    drafter: Annotated[
        str | None, typer.Option(help="Who reads the words: template, openai or pyomo.")
    ] = None,
    time_limit: Annotated[float | None, typer.Option(help="Seconds for one solve.")] = None,
    memory_limit: Annotated[int | None, typer.Option(help="MiB of memory for the solver process.")] = None,
    threads: Annotated[int | None, typer.Option(help="Threads of the solver.")] = None,
    gap: Annotated[float | None, typer.Option(help="Relative gap at which a MILP search may stop.")] = None,
    export: Annotated[
        Path | None, typer.Option(help="Also write the model: FILE.py (Pyomo), FILE.lp or FILE.mps.")
    ] = None,
    strategy: outcome.Strategy = None,
    output: outcome.Output = None,
) -> None:
    """Solve an optimization problem and certify the answer."""
    if problem is None and formulation is None:
        raise errors.InvalidInput(
            "give a problem in words, a file, or --formulation FILE", field="TEXT|FILE|-"
        )
    text, folder = files.problem(problem) if problem is not None else (None, None)
    document: dict[str, Any] | None = None
    if formulation is not None:
        document, folder = files.read_json(formulation), formulation.parent
        if not isinstance(document, dict):
            raise errors.InvalidInput(f"{formulation} is not a JSON object", field="--formulation")
    outcome.check_place(output, "--output")
    outcome.check_place(export, "--export")
    if export is not None:
        _check_ending(export)
    overrides = {
        "drafter": drafter,
        "time_limit": time_limit,
        "memory_limit_mb": memory_limit,
        "threads": threads,
        "gap": gap,
        "strategy": strategy,
    }
    from quod import client  # half a second of imports that the other commands do without

    with client.Client(**overrides) as quod, show.progress() as progress:
        result = quod.solve(text, formulation=document, base_dir=folder, progress=progress)
    outcome.deliver(result, as_json=as_json, output=output, export=export)


def _check_ending(export: Path) -> None:
    """Before anything runs: the model could not be written afterwards."""
    from quod.solvers import export as exporter

    if export.suffix.lower() not in exporter.WRITERS:
        known = ", ".join(exporter.WRITERS)
        raise errors.InvalidInput(f"{export.name} ends in none of {known}", field="--export")
