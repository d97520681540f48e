"""`quod trace`: what a job did and when, as a table or a picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import rich.markup
import rich.table
import typer

from quod import errors
from quod.cli import files, show

if TYPE_CHECKING:
    from quod.agents.critical import Run

_STYLES = {"ok": "green", "error": "red", "skipped": "dim"}


def trace(
    path: Annotated[str, typer.Argument(metavar="FILE", help="A result of quod, or -.")],
    svg: Annotated[bool, typer.Option("--svg", help="Draw the timeline as SVG.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write there, not to stdout; *.svg means --svg.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print times and critical path as JSON.")] = False,
) -> None:
    """Show the tasks of a job, when each ran, and the chain of tasks that determined its end."""
    from quod.agents import critical, timeline

    svg = svg or (output is not None and output.suffix == ".svg" and not as_json)
    if svg and as_json:
        raise errors.InvalidInput("--svg and --json exclude each other", field="svg")
    if output is not None and not svg and not as_json:
        raise errors.InvalidInput(
            "a table is for the screen; add --svg or --json to write a file", field="output"
        )
    result = files.read_json(path)
    run = critical.read(result)
    if svg:
        _write(timeline.svg(result), output)
    elif as_json:
        _write(json.dumps(_document(run), indent=1, ensure_ascii=False) + "\n", output)
    else:
        _table(run)


def _write(text: str, output: Path | None) -> None:
    if output is None:
        print(text, end="")
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise errors.InvalidInput(f"cannot write {output}: {error.strerror}", field="output") from None


def _document(run: Run) -> dict[str, Any]:
    on = set(run.critical)
    return {
        "seconds": run.end,
        "critical_path": [run.tasks[i].task for i in run.critical],
        "critical_seconds": run.work,
        "tasks": [{**task.model_dump(), "critical": i in on} for i, task in enumerate(run.tasks)],
    }


def _table(run: Run) -> None:
    from quod.agents import timeline

    table = rich.table.Table(show_edge=False, pad_edge=False, box=None, header_style="bold")
    for title in ("round", "task", "tool", "outcome", "start", "took", "needs", ""):
        table.add_column(title, overflow="fold", justify="right" if title in ("start", "took") else "left")
    on = set(run.critical)
    for i, task in enumerate(run.tasks):
        needs = ", ".join(run.tasks[j].task for j in run.needs[i])
        cells = [
            str(task.round), task.task, task.tool, task.outcome, timeline.duration(task.start),
            timeline.duration(task.end - task.start), needs, timeline.short(task.detail or "", 100),
        ]  # fmt: skip
        shown = [rich.markup.escape(timeline.short(cell, 100)) for cell in cells]
        shown[3] = f"[{_STYLES[task.outcome]}]{shown[3]}[/]"
        table.add_row(*shown, style="bold" if i in on else "")
    out = show.console()
    out.soft_wrap = False
    out.print(table)
    for line in _summary(run):
        out.print(rich.markup.escape(line))


def _summary(run: Run) -> list[str]:
    from quod.agents import timeline

    lines = [] if run.recorded else ["the result holds no times; tasks are taken one after another"]
    if run.critical:
        chain = " → ".join(timeline.short(run.tasks[i].task, 10) for i in run.critical[:20])
        more = f" → … {len(run.critical) - 20} more" if len(run.critical) > 20 else ""
        waited = f", {timeline.duration(run.end - run.work)} of waiting" if run.end - run.work > 1e-3 else ""
        total, work = timeline.duration(run.end), timeline.duration(run.work)
        lines.append(f"{total}; critical path {chain}{more}: {work} of work{waited}")
    return lines or ["no tasks ran"]
