"""`quod explain`: the model in readable mathematics, each row beside the sentence it was read from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import rich.table
import typer

from quod import errors
from quod.cli import files, show

if TYPE_CHECKING:
    from quod.solvers.formulation import Formulation


def explain(
    path: Annotated[str, typer.Argument(metavar="FILE", help="A result, certificate or formulation, or -.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print rows, mathematics and sources as JSON.")
    ] = False,
    latex: Annotated[bool, typer.Option(help="Mathematics as LaTeX.")] = False,
) -> None:
    """Show the model in readable mathematics with the source sentence beside every row.

    Of a computation, show the program and what it printed; of several questions, each in turn.
    """
    document = files.read_json(path)
    folder = None if path == "-" else Path(path).parent
    parts = _parts(document)
    told = [_told(part, folder, latex) for _, part in parts]
    if as_json:
        named = [{"question": question, **one} for (question, _), one in zip(parts, told, strict=True)]
        whole = told[0] if parts[0][0] is None else {"parts": named}
        print(json.dumps(whole, indent=1))
        return
    for (question, _), one in zip(parts, told, strict=True):
        if question is not None:
            show.console().print(f"[bold]{show.one_line(question)}[/]")
        _print(one)


def _parts(document: Any) -> list[tuple[str | None, Any]]:
    """What there is to explain; more than one thing only in a certificate of several questions."""
    certificate = _certificate(document)
    if certificate is None or certificate.get("kind") != "conjunction":
        return [(None, document)]
    try:
        parts: list[tuple[str | None, Any]] = [
            (str(part["question"]), part["certificate"]) for part in certificate["evidence"]["parts"]
        ]
    except (KeyError, TypeError):
        parts = []
    if not parts:
        raise errors.InvalidInput("the certificate has no parts; `quod check` tells what is wrong")
    return parts


def _certificate(document: Any) -> dict[str, Any] | None:
    """The certificate in a result, or the document itself if it is one."""
    if not isinstance(document, dict):
        return None
    found = document if "evidence" in document else document.get("certificate")
    return found if isinstance(found, dict) else None


def _told(document: Any, folder: Path | None, latex: bool) -> dict[str, Any]:
    """A formulation row by row, or a program and what it gave."""
    from quod.solvers import formulation as formulations
    from quod.solvers import mathematics, tables

    certificate = _certificate(document)
    if certificate is not None and certificate.get("kind") == "computation":
        try:
            evidence, claim = certificate["evidence"], certificate["claim"]
            return {
                "program": str(evidence["program"]),
                "stdin": str(evidence["stdin"]),
                "output": str(claim["output"]),
                "value": claim["value"],
            }
        except (KeyError, TypeError):
            raise errors.InvalidInput("the certificate has no program; `quod check` tells why") from None
    model = tables.load(formulations.parse(find_formulation(document)), folder)
    rows = [
        {
            "row": row.name,
            "mathematics": row.latex if latex else row.text,
            "source": mathematics.source(model, row),
        }
        for row in mathematics.rows(model)
    ]
    return {"rows": rows, "conventions": _conventions(model)}


def _print(told: dict[str, Any]) -> None:
    out = show.console()
    if "program" in told:
        out.print(show.printable(told["program"].rstrip()))
        for title in ("stdin", "output"):
            if told[title]:
                out.print(f"[bold]{title}:[/]\n{show.printable(told[title].rstrip())}")
        out.print(f"[bold]value:[/] {show.printable(json.dumps(told['value'], ensure_ascii=False))}")
        return
    table = rich.table.Table(show_edge=False, pad_edge=False, box=None, header_style="bold")
    for title in ("row", "mathematics", "source"):
        table.add_column(title, overflow="fold")
    for row in told["rows"]:
        table.add_row(*(show.one_line(row[key]) for key in ("row", "mathematics", "source")))
    out.soft_wrap = False
    out.print(table)
    for line in told["conventions"]:
        out.print(f"read as: {show.one_line(line)}")


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


def _conventions(model: Formulation) -> list[str]:
    return [
        f"{item.kind} of {', '.join(item.targets)}: {item.reading} (could be {item.alternative}"
        + (f"; {item.note})" if item.note else ")")
        for item in model.conventions
    ]
