"""`quod compute` and `quod ask`: jobs that a language model works on with tools."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

from quod import jobs
from quod.cli import files, outcome, show


def compute(
    question: outcome.Problem,
    as_json: outcome.AsJson = False,
    strategy: outcome.Strategy = None,
    output: outcome.Output = None,
) -> None:
    """Answer a question by a program: a model writes it, a sandbox runs it, the certificate holds both."""
    _run(jobs.Kind.COMPUTE, question, as_json, strategy, output)


def ask(
    problem: outcome.Problem,
    as_json: outcome.AsJson = False,
    strategy: outcome.Strategy = None,
    output: outcome.Output = None,
) -> None:
    """Do whatever kind of job the words ask for, or several together; a model plans it where one is set."""
    _run(jobs.Kind.AUTO, problem, as_json, strategy, output)


def _run(kind: jobs.Kind, words: str, as_json: bool, strategy: str | None, output: Path | None) -> NoReturn:
    outcome.check_place(output, "--output")
    text, _ = files.problem(words)
    from quod import client  # half a second of imports that the other commands do without

    with client.Client(strategy=strategy) as quod, show.progress() as progress:
        result = quod.run(jobs.Job(kind=kind, input=text), progress=progress)
    outcome.deliver(result, as_json=as_json, output=output)
