"""The certificate of a computation: a program, run again in the sandbox, gives the claimed output and value.

The program is a stranger's. It never runs outside a sandbox because a document or a `.env` file says so; only
QUOD_SANDBOX=none in this process's environment permits that, and only where no back end works.
"""

from __future__ import annotations

import dataclasses
import math
import os
import platform
from typing import Any

import flint

from quod import errors
from quod.certificates import reading
from quod.certificates.verdict import Verdict
from quod.workers import sandbox

Document = dict[str, Any]

MAX_PROGRAM = 1 << 20
"""Bytes of a program, in UTF-8."""
MAX_STDIN = 16 << 20
"""Bytes of its standard input, in UTF-8."""
SLACK = 3
"""The time limits are this many times those of the document: another machine may be slower."""
CAPS = {
    "seconds": 60,
    "cpu_seconds": 60,
    "memory_mb": 4096,
    "processes": 16,
    "file_mb": 64,
    "work_mb": 256,
    "output_bytes": 1 << 20,
}
"""What the checker allows at most, whatever the document asks for."""
_SETTINGS = ("auto", "bubblewrap", "landlock", "none")
_EVIDENCE = ("program", "stdin", "python", "sandbox", "limits")


def check(certificate: Document, result: Document | None) -> Verdict:
    """Run the program again and compare. Raises CertificateRejected, Misconfigured without a sandbox."""
    claim = reading.mapping(certificate["claim"], "claim", ("termination", "output", "value"))
    reading.word(claim["termination"], "claim.termination", ("computed",))
    output = reading.text(claim["output"], "claim.output")
    evidence = reading.mapping(certificate["evidence"], "evidence", _EVIDENCE)
    program = _source(evidence["program"], "evidence.program", MAX_PROGRAM)
    stdin = _source(evidence["stdin"], "evidence.stdin", MAX_STDIN)
    python = _line(reading.text(evidence["python"], "evidence.python")[:40])
    reading.text(evidence["sandbox"], "evidence.sandbox")
    limits = allowed(evidence["limits"])
    if result is not None:
        _answer(result, claim)
    run = sandbox.run_python(program, stdin=stdin, limits=limits, backend=backend())
    _compare(run, output, claim["value"], python)
    where = "without any isolation" if run.backend == "none" else f"in a sandbox ({run.backend})"
    lines = (
        "the program, run again, gives exactly the claimed output and value",
        f"it ran {where} with Python {platform.python_version()} for {run.seconds:.2f} s",
    )
    return Verdict(
        certificate["kind"], certificate["strength"], lines, {"program_bytes": len(program.encode())}
    )


def allowed(limits: Any) -> sandbox.Limits:
    """The limits under which the checker runs the program: those of the document, within CAPS."""
    given = reading.mapping(limits, "evidence.limits", CAPS)
    chosen = {}
    for name, cap in CAPS.items():
        value = reading.number(given[name], f"evidence.limits.{name}")
        if value <= 0:
            reading.reject(f"evidence.limits.{name}", "is not positive")
        slack = SLACK if name.endswith("seconds") else 1
        chosen[name] = max(1, math.ceil(float(min(value * slack, flint.fmpq(cap)))))
    return dataclasses.replace(sandbox.Limits(), **chosen)


def backend() -> str:
    """The sandbox that the checker uses. Raises Misconfigured when none works, or the setting is unknown.

    Only the environment of this process is asked, no file; what it permits with `none` is used last.
    """
    setting = os.environ.get("QUOD_SANDBOX") or "auto"
    if setting not in _SETTINGS:
        known = ", ".join(_SETTINGS)
        raise errors.Misconfigured(f"QUOD_SANDBOX: {setting[:40]!r} is not one of {known}", setting="sandbox")
    if setting not in ("auto", "none"):
        return sandbox.active(setting).name
    try:
        return sandbox.active("auto").name
    except errors.Misconfigured as error:
        if setting == "none":
            return setting
        told = f"{error}; the checker takes this from the environment only, from no file and no argument"
        raise errors.Misconfigured(told, setting="sandbox") from None


def same(first: Any, second: Any) -> bool:
    """Whether two JSON values are the same, type by type; 1 is not True.

    A number with a decimal point is the text that Python prints: quod reads such numbers from files as text.
    """
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)
    if isinstance(first, list | tuple) and isinstance(second, list | tuple):
        return len(first) == len(second) and all(map(same, first, second))
    first, second = (repr(item) if isinstance(item, float) else item for item in (first, second))
    return type(first) is type(second) and bool(first == second)


def _source(value: Any, where: str, limit: int) -> str:
    text = reading.text(value, where)
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        reading.reject(where, "is not a text that can be written as UTF-8")
    if size > limit:
        reading.reject(where, f"has {size} bytes; at most {limit} are run")
    return text


def _answer(result: Document, claim: Document) -> None:
    """The answer holds the claimed value, the claimed output, or both, and nothing else."""
    answer = reading.mapping(result.get("answer"), "answer", (), ("value", "output"))
    if not answer:
        reading.reject("answer", "says nothing")
    for name, shown in answer.items():
        if not same(shown, claim[name]):
            reading.reject(
                f"answer.{name}", f"is {reading.shown(shown)}, but {_other(claim[name])} was computed"
            )


def _compare(run: sandbox.Run, output: str, value: Any, python: str) -> None:
    here = platform.python_version()
    versions = "" if python == here else f" (made with Python {python}, run again with {here})"
    if run.limit is not None:
        reading.reject("program", f"run again, it was ended by the limit on {run.limit}{versions}")
    if not run.ok or run.returncode != 0:
        last = (run.stderr.strip().splitlines() or ["no message"])[-1]
        reading.reject("program", f"run again, it failed: {_line(last[:300])}{versions}")
    if run.truncated:
        reading.reject("program", "run again, it printed more than is kept, so that it cannot be compared")
    if run.stdout != output:
        at = next((k for k, (a, b) in enumerate(zip(run.stdout, output, strict=False)) if a != b), None)
        place = min(len(run.stdout), len(output)) if at is None else at
        found, claimed = (text[place : place + 40] for text in (run.stdout, output))
        reading.reject(
            "claim.output",
            f"differs at character {place + 1}: claimed {claimed!r}, printed {found!r}{versions}",
        )
    if not same(run.value, value):
        reading.reject(
            "claim.value", f"is {_other(value)}, but the program wrote {_other(run.value)}{versions}"
        )


def _other(value: Any) -> str:
    if not isinstance(value, dict | list):
        return reading.shown(value)
    try:
        return repr(value)[:200]
    except ValueError:  # a number too long to be written
        return reading.shown(value)


def _line(text: str) -> str:
    """A program's or document's words, without what would steer a terminal."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
