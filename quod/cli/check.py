"""`quod check`: re-check certificates with no solver, no model and no network."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from quod import certificates, errors
from quod.cli import files, show


def check(
    paths: Annotated[
        list[str], typer.Argument(metavar="FILE…", help="Result or certificate files, or - for stdin.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document for all files.")] = False,
) -> None:
    """Check results again, from nothing but the files. Exits 0 if every certificate is accepted.

    A program in a certificate runs again in the sandbox; where none works, it is not judged (exit 3).
    """
    reports = [_one(path) for path in paths]
    if as_json:
        print(json.dumps(reports if len(reports) > 1 else reports[0], indent=1))
    else:
        for report in reports:
            _print(report)
    codes = [report["exit_code"] for report in reports]
    raise typer.Exit(2 if 2 in codes else max(codes))


def _one(path: str) -> dict[str, Any]:
    try:
        document = files.read_json(path)
        verdict = certificates.check(document)
    except errors.CertificateRejected as error:
        return {"file": path, "accepted": False, "reason": str(error), "exit_code": 1}
    except (errors.InvalidInput, errors.Misconfigured) as error:
        return {"file": path, "accepted": False, "reason": str(error), "exit_code": error.exit_code}
    return {
        "file": path,
        "accepted": True,
        "kind": verdict.kind,
        "strength": verdict.strength,
        "proved": list(verdict.summary),
        "does_not_cover": show.not_proved(document.get("certificate") or document),
        "seconds": round(verdict.seconds, 4),
        "exit_code": 0,
    }


def _print(report: dict[str, Any]) -> None:
    out = show.console(stderr=report["exit_code"] > 1)
    name = show.one_line(report["file"])
    if not report["accepted"]:
        word = "not judged" if report["exit_code"] == errors.Misconfigured.exit_code else "rejected"
        out.print(f"[bold red]{word}[/] {name}: {show.one_line(report['reason'])}")
        return
    out.print(f"[bold green]accepted[/] {name}: {report['kind']}, {report['strength']}")
    for line in report["proved"]:
        out.print(f"  {show.one_line(line)}")
    for line in report["does_not_cover"]:
        out.print(f"[dim]  not proved: {show.one_line(line)}[/]")
    sys.stdout.flush()
