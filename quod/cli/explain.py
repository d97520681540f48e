"""`quod explain`: the model in readable mathematics, each row beside the sentence it was read from."""

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
    from quod.solvers.formulation import Evidence, Formulation


def explain(
    path: Annotated[str, typer.Argument(metavar="FILE", help="A result, certificate or formulation, or -.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print rows, mathematics and sources as JSON.")
    ] = False,
    latex: Annotated[bool, typer.Option(help="Mathematics as LaTeX.")] = False,
) -> None:
    """Show the model in readable mathematics with the source sentence beside every row."""
    from quod.solvers import formulation as formulations
    from quod.solvers import mathematics, tables

    folder = None if path == "-" else Path(path).parent
    model = tables.load(formulations.parse(find_formulation(files.read_json(path))), folder)
    rows = [
        {
            "row": row.name,
            "mathematics": row.latex if latex else row.text,
            "source": _source(model, row.evidence),
        }
        for row in mathematics.rows(model)
    ]
    if as_json:
        print(json.dumps({"rows": rows, "conventions": _conventions(model)}, indent=1, ensure_ascii=False))
        return
    table = rich.table.Table(show_edge=False, pad_edge=False, box=None, header_style="bold")
    for title in ("row", "mathematics", "source"):
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*(rich.markup.escape(row[key]) for key in ("row", "mathematics", "source")))
    out = show.console()
    out.soft_wrap = False
    out.print(table)
    for line in _conventions(model):
        out.print(f"read as: {rich.markup.escape(line)}")


def find_formulation(document: Any) -> Any:
    """The formulation inside a result, a certificate, or the document itself."""
    if not isinstance(document, dict):
        raise errors.InvalidInput("this is not a result, certificate or formulation")
    certificate = document.get("certificate")
    for holder in (certificate, document):
        if isinstance(holder, dict):
            for name in ("formulation", "candidate"):
                if isinstance(holder.get(name), dict):
                    return holder[name]
    if "objective" not in document:
        raise errors.InvalidInput("there is no formulation in this document; it has no field 'objective'")
    return document


def _source(model: Formulation, evidence: list[Evidence]) -> str:
    from quod.solvers import sentences

    if not model.text or not evidence:
        return ""
    return " … ".join(sentences.around(model.text, evidence))


def _conventions(model: Formulation) -> list[str]:
    return [
        f"{item.kind} of {', '.join(item.targets)}: {item.reading} (could be {item.alternative}"
        + (f"; {item.note})" if item.note else ")")
        for item in model.conventions
    ]
