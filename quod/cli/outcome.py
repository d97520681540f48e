"""What commands that run a job do with its result: save it, print it, end with the documented exit code."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from quod import errors, jobs
from quod.cli import show

if TYPE_CHECKING:
    from quod import client

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as one JSON document.")]
Output = Annotated[Path | None, typer.Option("-o", "--output", help="Write the result JSON here.")]
Strategy = Annotated[
    str | None,
    typer.Option(help="How the job is planned: compiler, react, decompose or vote."),
]
Problem = Annotated[
    str, typer.Argument(metavar="TEXT|FILE|-", help="The problem in words, a text file, or - for stdin.")
]


def check_place(target: Path | None, option: str) -> None:
    """Before anything runs, that a file can be written: the answer would be lost. Raises InvalidInput."""
    if target is None:
        return
    if target.is_dir():
        raise errors.InvalidInput(f"{target} is a folder; name a file in it", field=option)
    if not target.parent.is_dir():
        raise errors.InvalidInput(f"there is no folder {target.parent}", field=option)


def deliver(
    result: client.Result, *, as_json: bool, output: Path | None, export: Path | None = None
) -> NoReturn:
    """Save the result and its model, print the result, and end the command."""
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


def _export(result: client.Result, target: Path) -> None:
    from quod.solvers import export, formulation

    document = result.certificate.formulation if result.certificate else result.candidate
    if document is None:
        raise errors.InvalidInput("there is no formulation to export", field="--export")
    export.export(formulation.parse(document), target)
