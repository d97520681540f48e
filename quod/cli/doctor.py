"""`quod doctor`: what is installed, which parts work, how to get the rest."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.metadata
import json
import platform
from collections.abc import Callable
from typing import Annotated

import typer

from quod import errors, jobs, settings
from quod.cli import show
from quod.workers import sandbox

EXAMPLE = {
    "variables": [{"name": "x", "domain": "integer"}, {"name": "y", "domain": "integer"}],
    "objective": {"sense": "maximize", "expression": "5*x + 4*y"},
    "constraints": [
        {"name": "labour", "expression": "6*x + 4*y <= 24"},
        {"name": "material", "expression": "x + 2*y <= 6"},
    ],
}


@dataclasses.dataclass(frozen=True)
class Finding:
    """One line of the report; `needed` parts decide the exit code."""

    part: str
    works: bool
    detail: str
    needed: bool = True


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as one JSON document.")] = False,
) -> None:
    """Show what is installed, which parts work, and how to get the rest."""
    findings = [probe() for probe in PROBES]
    if as_json:
        print(json.dumps([dataclasses.asdict(finding) for finding in findings], indent=1))
    else:
        out = show.console()
        for finding in findings:
            mark = (
                "[green]ok[/]" if finding.works else "[red]missing[/]" if finding.needed else "[yellow]off[/]"
            )
            out.print(f"{mark:>16}  {finding.part}: {finding.detail}")
    raise typer.Exit(3 if any(f.needed and not f.works for f in findings) else 0)


def _python() -> Finding:
    return Finding("python", True, f"{platform.python_version()} on {platform.system()} {platform.machine()}")


def _solve_and_check() -> Finding:
    """The whole path on a small integer program: solve in a child, certify, check."""
    from quod import client  # slow to import, and what is being tested

    try:
        with client.Client(checkpoints="none") as quod:
            result = quod.solve(formulation=EXAMPLE)
            verdict = result.check()
    except errors.QuodError as error:
        return Finding("solve and check", False, str(error))
    right = result.status is jobs.Status.SOLVED and (result.answer or {}).get("objective") == "20"
    return Finding(
        "solve and check", right, f"a small integer program: {verdict.strength} certificate accepted"
    )


def _package(name: str, purpose: str, extra: str | None = None) -> Callable[[], Finding]:
    def probe() -> Finding:
        try:
            importlib.import_module(name)
        except ImportError as error:
            fix = f"pip install 'quod[{extra}]'" if extra else "reinstall quod"
            return Finding(purpose, False, f"{error}; {fix}", needed=extra is None)
        return Finding(purpose, True, f"{name} {_version(name)}", needed=extra is None)

    return probe


def _version(module: str) -> str:
    for distribution in importlib.metadata.packages_distributions().get(module, []):
        return importlib.metadata.version(distribution)
    return ""


def _model() -> Finding:
    """Only says what is set; a model is asked when a job needs one."""
    try:
        current = settings.load()
    except errors.Misconfigured as error:
        return Finding("settings", False, str(error))
    if current.model_url and current.model:
        return Finding("language model", True, f"{current.model} at {current.model_url}", needed=False)
    fix = "set QUOD_MODEL_URL and QUOD_MODEL for `--drafter openai`"
    return Finding("language model", False, f"not set; {fix}", needed=False)


def _sandbox() -> Finding:
    """Which back end generated code runs in, what that one leaves open, and why others do not work."""
    part = "sandbox for generated code"
    try:
        found = sandbox.active(settings.load().sandbox)
    except errors.Misconfigured as error:
        return Finding(part, False, str(error), needed=False)
    problems = [
        f"{other.name} does not work here: {other.problem}" for other in sandbox.known() if other.problem
    ]
    uncovered = f"{found.name}; it does not cover: {'; '.join(found.does_not_cover)}"
    return Finding(part, found.name != "none", ". ".join([uncovered, *problems]), needed=False)


PROBES: list[Callable[[], Finding]] = [
    _python,
    _package("highspy", "LP, MILP, QP solver"),
    _package("flint", "exact arithmetic"),
    _package("pyomo", "model export"),
    _package("pycrfsuite", "template reader"),
    _package("pyscipopt", "nonlinear and MINLP solver", extra="nonlinear"),
    _sandbox,
    _model,
    _solve_and_check,
]
