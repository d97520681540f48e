"""A Python session of cells, each run in a sandbox of its own behind all the cells that went well before."""

from __future__ import annotations

import dataclasses
import secrets
from typing import Any

from quod.workers import sandbox

_ENDED = "the program ended itself before its last line; leave exit() and the like away"
TAIL = 4000
"""Characters of output and of a failure that are shown, their end."""

RESULT = """\
# The answer.
import json as _json
import os as _os
import sys as _sys

def _plain(_value):
    if hasattr(_value, "tolist"):
        return _value.tolist()
    if isinstance(_value, (set, frozenset)):
        return sorted(_value)
    return str(_value)

_answer = (
{expression}
)
with open("result.json", "w", encoding="utf-8") as _file:
    _json.dump(_answer, _file, default=_plain, allow_nan=False)
_sys.stdout.flush()
{last}_os._exit(0)
"""
"""The end of a final program; exact fractions become text ("40/3"). Nothing runs after it: what a cell left
for the exit could write another answer."""
_END = "print({mark!r}, file=__import__('sys').__stderr__, flush=True)\n"
"""Shows, in runs that no certificate holds, that the program came to its end."""


class Interpreter:
    """The cells that went well so far, and where they run.

    Every run starts from nothing: the program is the text of all the cells, so what a session found can be
    repeated from that text alone.
    """

    def __init__(self, backend: str = "auto", limits: sandbox.Limits | None = None) -> None:
        self.backend = backend
        self.limits = limits or sandbox.Limits()
        self.cells: list[str] = []
        self.last: sandbox.Run | None = None

    def run(self, cell: str) -> dict[str, Any]:
        """Run one more cell, keep it if it went well, and say what it printed or how it failed."""
        mark, end = f"{secrets.token_hex(8)}\n", secrets.token_hex(8)
        start = f"print({mark.strip()!r}, flush=True)"
        run = self._run("\n\n".join([*self.cells, start, cell, _END.format(mark=end)]), end)
        if run.ok:
            self.cells.append(cell)
        return observed(dataclasses.replace(run, stdout=run.stdout.rpartition(mark)[2]))

    def finish(self, expression: str) -> tuple[str, sandbox.Run]:
        """The whole program with the value of `expression` as its result, and a clean run of it.

        The run is of the same program with a mark on stderr before its last line, and not `ok` without it.
        """
        end = secrets.token_hex(8)
        before, after = RESULT.split("{last}")
        before = "\n\n".join([*self.cells, before.replace("{expression}", expression)])
        return before + after, self._run(before + _END.format(mark=end) + after, end)

    def _run(self, program: str, end: str) -> sandbox.Run:
        run = sandbox.run_python(program, limits=self.limits, backend=self.backend)
        came, _, _ = run.stderr.rpartition(f"{end}\n")
        if f"{end}\n" in run.stderr:
            run = dataclasses.replace(run, stderr=came)
        elif run.ok:
            run = dataclasses.replace(run, ok=False, stderr=_ENDED)
        self.last = run
        return run


def observed(run: sandbox.Run) -> dict[str, Any]:
    """What a program did, short enough to be shown."""
    seen: dict[str, Any] = {"ok": run.ok, "output": run.stdout[-TAIL:]}
    if run.limit is not None:
        seen["limit"] = run.limit
    if not run.ok:
        seen["error"] = run.stderr.strip()[-TAIL:]
    if run.truncated or len(run.stdout) > TAIL:
        seen["note"] = "the output is longer; this is its end"
    return seen


def place(run: sandbox.Run) -> dict[str, Any]:
    """Where a program ran, for results."""
    return {"backend": run.backend, "does_not_cover": list(run.does_not_cover)}
