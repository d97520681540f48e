"""The command line: `quod solve | compute | ask | check | explain | plan | trace | resume | bench | doctor`.

The answer goes to stdout, everything else to stderr. Exit codes: 0 solved or accepted, 1 unsolved or
rejected, 2 bad input, 3 misconfigured, 4 unavailable, 130 interrupted.
"""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from quod import errors
from quod.cli import bench, bench_algorithms, check, compute, doctor, explain, plan, resume, solve, trace
from quod.version import VERSION

INTERRUPTED = 130
_USAGE_ERROR: Any = typer.BadParameter.__mro__[2]
"""What typer raises for a wrong command line; the class has no public name that all its versions share."""

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
app.command("compute")(compute.compute)
app.command("ask")(compute.ask)
app.command("plan")(plan.plan)
app.command("trace")(trace.trace)
app.command("resume")(resume.resume)
app.command("doctor")(doctor.doctor)
bench.app.command("algorithms")(bench_algorithms.algorithms)
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
    """Entry point of the `quod` command: errors go to stderr and become the documented exit code.

    With `--json` every error is also one document on stdout, so that scripts can read it.
    """
    try:
        code = app(standalone_mode=False)
    except errors.QuodError as error:
        print(f"quod: {error}", file=sys.stderr)
        if error.job:
            print(f"quod: when that is mended, `quod resume {error.job}` goes on", file=sys.stderr)
        place = getattr(error, "field", None) or getattr(error, "setting", None)
        _document(type(error).__name__, str(error), place)
        sys.exit(error.exit_code)
    except _USAGE_ERROR as error:
        error.show()
        _document("InvalidInput", error.format_message(), None)
        sys.exit(2)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    if code == INTERRUPTED:
        print("quod: interrupted", file=sys.stderr)
        _document("Interrupted", "interrupted", None)
    sys.exit(code)


def _document(kind: str, message: str, field: str | None) -> None:
    if "--json" in sys.argv:
        print(json.dumps({"error": {"type": kind, "message": message, "field": field}}))
