"""`quod plan`: the graph of tool calls that a job would run, without running it."""

from __future__ import annotations

import enum
from typing import Annotated

import typer

from quod import jobs
from quod.cli import files, outcome, show


class Kind(enum.StrEnum):
    """Kinds of jobs that can be planned."""

    OPTIMIZE = "optimize"
    COMPUTE = "compute"
    AUTO = "auto"


def plan(
    problem: outcome.Problem,
    kind: Annotated[Kind, typer.Option(help="What the job asks for.")] = Kind.OPTIMIZE,
    strategy: outcome.Strategy = None,
    mermaid: Annotated[bool, typer.Option(help="Print the graph as a Mermaid diagram.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the plan as one JSON document.")] = False,
) -> None:
    """Show the first plan of a job as a graph; a model is asked for it only where it would be in the job."""
    text, _ = files.problem(problem)
    from quod import client  # half a second of imports that the other commands do without
    from quod.agents import outline

    with client.Client(strategy=strategy) as quod, show.progress():
        found = quod.plan(jobs.Job(kind=jobs.Kind(kind.value), input=text))
    if as_json:
        print(found.model_dump_json(indent=1))
    else:
        print(outline.mermaid(found.tasks) if mermaid else outline.outline(found.tasks))
        for problem_line in found.problems:
            show.console(stderr=True).print(f"cannot be read: {problem_line}", markup=False)
    raise typer.Exit(1 if found.problems or not found.tasks else 0)
