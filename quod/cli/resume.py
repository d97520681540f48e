"""`quod resume`: go on with a job whose process died."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from quod.cli import outcome, show


def resume(
    job: Annotated[
        str | None, typer.Argument(metavar="JOB", help="The id of a job; without one they are listed.")
    ] = None,
    as_json: outcome.AsJson = False,
    output: outcome.Output = None,
) -> None:
    """Go on with a job of this machine that was interrupted; what had ended is not run again."""
    outcome.check_place(output, "--output")
    from quod import client  # half a second of imports that the other commands do without

    with client.Client() as quod, show.progress() as progress:
        if job is None:
            _list(quod.unfinished(), as_json)
            return
        result = quod.resume(job, progress=progress)
    outcome.deliver(result, as_json=as_json, output=output)


def _list(found: list[str], as_json: bool) -> None:
    if as_json:
        print(json.dumps({"unfinished": found}))
        return
    for name in found:
        print(name)
    if not found:
        show.console(stderr=True).print("no job of this machine was interrupted")
