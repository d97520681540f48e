"""`quod bench SUITE`: measure drafters against public data, with statistics."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(help="Measure drafters against public data.", no_args_is_help=True)

Data = Annotated[
    Path, typer.Option("--data", help="Problems: official NL4Opt JSONL, or rows of question + results.")
]
Key = Annotated[
    Path | None, typer.Option("--key", help="Another key, row by row: rows of question + results.")
]
DrafterName = Annotated[str, typer.Option("--drafter", help="template, openai, pyomo or gold.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="Only the first N problems.")]
Jobs = Annotated[int, typer.Option("--jobs", min=1, help="Processes at once.")]
Resume = Annotated[Path | None, typer.Option("--resume", help="Folder that keeps finished problems.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the report as one JSON document.")]


@app.command()
def nl4opt(
    data: Data,
    key: Key = None,
    drafter: DrafterName = "template",
    limit: Limit = None,
    jobs: Jobs = 1,
    resume: Resume = None,
    as_json: AsJson = False,
) -> None:
    """NL4Opt: word problems against official declarations and other keys."""
    from quod.bench import nl4opt as suite

    _report(suite.run_nl4opt(data, key=key, drafter=drafter, limit=limit, jobs=jobs, resume=resume), as_json)


@app.command()
def optibench(
    data: Data,
    key: Key = None,
    drafter: DrafterName = "template",
    limit: Limit = None,
    jobs: Jobs = 1,
    resume: Resume = None,
    as_json: AsJson = False,
) -> None:
    """OptiBench: linear and nonlinear word problems, with and without tables."""
    from quod.bench import optibench as suite

    _report(
        suite.run_optibench(data, key=key, drafter=drafter, limit=limit, jobs=jobs, resume=resume), as_json
    )


def _report(report: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(report, indent=1))
    else:
        from quod.bench import report as printer

        printer.show(report)
