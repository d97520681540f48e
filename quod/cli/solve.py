"""`quod solve`: a problem in words or a formulation in, an answer with a certificate out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quod import errors, jobs
from quod.cli import files, show

if TYPE_CHECKING:
    from quod import client


def solve(
    problem: Annotated[
        str | None,
        typer.Argument(metavar="TEXT|FILE|-", help="The problem in words, a text file, or - for stdin."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON document.")] = False,
    formulation: Annotated[
        Path | None, typer.Option(help="Solve this formulation (JSON) instead of reading the words.")
    ] = None,
    drafter: Annotated[str | None, typer.Option(help="Who reads the words: template or openai.")] = None,
    time_limit: Annotated[float | None, typer.Option(help="Seconds for one solve.")] = None,
    memory_limit: Annotated[int | None, typer.Option(help="MiB of memory for the solver process.")] = None,
    threads: Annotated[int | None, typer.Option(help="Threads of the solver.")] = None,
    gap: Annotated[float | None, typer.Option(help="Relative gap at which a MILP search may stop.")] = None,
    export: Annotated[
        Path | None, typer.Option(help="Also write the model: FILE.py (Pyomo), FILE.lp or FILE.mps.")
    ] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write the result JSON here.")] = None,
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
    for target, option in ((output, "--output"), (export, "--export")):
        if target is not None:
            _check_place(target, option)
    if export is not None:
        _check_ending(export)
    overrides = {
        "drafter": drafter,
        "time_limit": time_limit,
        "memory_limit_mb": memory_limit,
        "threads": threads,
        "gap": gap,
    }
    from quod import client  # half a second of imports that the other commands do without

    with client.Client(**overrides) as quod, show.progress() as progress:
        result = quod.solve(text, formulation=document, base_dir=folder, progress=progress)
    failure = _write(result, output, export)
    if as_json:
        print(result.model_dump_json(indent=1))
    else:
        show.result(result)
    if failure is not None:
        print(f"quod: {failure}", file=sys.stderr)
        raise typer.Exit(failure.exit_code)
    raise typer.Exit(0 if result.status is jobs.Status.SOLVED else 1)


def _write(result: client.Result, output: Path | None, export: Path | None) -> errors.QuodError | None:
    """Save the result and the model; what went wrong is returned: the answer is printed all the same."""
    try:
        if output is not None:
            result.save(output)
        if export is not None:
            _export(result, export)
    except OSError as error:
        return errors.InvalidInput(f"cannot write {error.filename}: {error.strerror}")
    except errors.QuodError as error:
        return error
    return None


def _check_place(target: Path, option: str) -> None:
    """Before anything runs: the answer would be lost."""
    if target.is_dir():
        raise errors.InvalidInput(f"{target} is a folder; name a file in it", field=option)
    if not target.parent.is_dir():
        raise errors.InvalidInput(f"there is no folder {target.parent}", field=option)


def _check_ending(export: Path) -> None:
    """Before anything runs: the model could not be written afterwards."""
    from quod.solvers import export as exporter

    if export.suffix.lower() not in exporter.WRITERS:
        known = ", ".join(exporter.WRITERS)
        raise errors.InvalidInput(f"{export.name} ends in none of {known}", field="--export")


def _export(result: client.Result, target: Path) -> None:
    from quod.solvers import export, formulation

    document = result.certificate.formulation if result.certificate else result.candidate
    if document is None:
        raise errors.InvalidInput("there is no formulation to export", field="--export")
    export.export(formulation.parse(document), target)
