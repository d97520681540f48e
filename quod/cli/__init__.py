"""The command line: `quod solve | check | explain | bench | doctor`.

The answer goes to stdout, everything else to stderr. Exit codes: 0 solved or accepted, 1 unsolved or
rejected, 2 bad input, 3 misconfigured, 4 unavailable, 130 interrupted.
"""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from quod import errors
from quod.cli import bench, check, doctor, explain, solve
from quod.version import VERSION

app = typer.Typer(
    name="quod",
    help="Problems in words or formal notation in, answers with certificates out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
)
app.command("solve")(solve.solve)
app.command("check")(check.check)
app.command("explain")(explain.explain)
app.command("doctor")(doctor.doctor)
app.add_typer(bench.app, name="bench")


def _version(wanted: bool) -> None:
    if wanted:
        print(VERSION)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Entry point of the `quod` command: errors become one line on stderr and the documented exit code."""
    try:
        app()
    except errors.QuodError as error:
        report(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("quod: interrupted", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)


def report(error: errors.QuodError) -> None:
    """One line for people; with `--json` also one document on stdout, so that scripts can read it."""
    print(f"quod: {error}", file=sys.stderr)
    if "--json" in sys.argv:
        body = {"type": type(error).__name__, "message": str(error), "field": getattr(error, "field", None)}
        print(json.dumps({"error": body}))
