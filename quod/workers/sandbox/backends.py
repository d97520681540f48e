"""Which back ends this machine has, found out by running a program in each."""

from __future__ import annotations

import dataclasses
import functools

from quod import errors
from quod.workers.sandbox import base, bubblewrap, landlock, programs, unconfined

ISOLATIONS: tuple[base.Isolation, ...] = (bubblewrap.Bubblewrap(), landlock.Landlock())
"""The best first; a new back end is one more entry."""

NONE = unconfined.Unconfined()

PROBE = """
import json, os, socket

def refused(attempt, *arguments):
    try:
        attempt(*arguments)
    except OSError:
        return True
    return False

def start():
    if (pid := os.fork()) == 0:
        os._exit(0)
    os.waitpid(pid, 0)

json.dump({
    "network": not refused(socket.socket),
    "other files": not refused(os.listdir, "/etc"),
    "processes": not refused(start),
}, open("result.json", "w"))
"""
"""Writes what it could do and should not be able to."""


@dataclasses.dataclass(frozen=True)
class Backend:
    """A back end on this machine; `problem` says why it does not work, None if it does."""

    name: str
    does_not_cover: tuple[str, ...]
    problem: str | None = None


def isolation(name: str) -> base.Isolation:
    """The back end of that name. Raises InvalidInput for an unknown one."""
    for found in (*ISOLATIONS, NONE):
        if found.name == name:
            return found
    names = ", ".join(found.name for found in (*ISOLATIONS, NONE))
    raise errors.InvalidInput(f"there is no back end {name!r}; there are: auto, {names}", field="backend")


@functools.cache
def probed(name: str) -> Backend:
    """What a try of the back end shows; tried once in a process."""
    found = isolation(name)
    if found is NONE:
        return Backend(name, found.does_not_cover())
    problem = found.missing()
    if problem is None:
        problem = _try(found)
    return Backend(name, found.does_not_cover(), problem)


def _try(found: base.Isolation) -> str | None:
    try:
        run = programs.run(found, PROBE, "", base.Limits(processes=1))
    except errors.QuodError as error:
        return str(error)
    if not run.ok or not isinstance(run.value, dict):
        last = run.stderr.strip().splitlines()[-1:] or [f"exit code {run.returncode}"]
        return f"a small program did not run in it: {last[0]}"
    open_ones = [name for name, is_open in run.value.items() if is_open]
    return f"it does not keep a program from: {', '.join(open_ones)}" if open_ones else None


def known() -> tuple[Backend, ...]:
    """Every back end that isolates, tried on this machine, the best first."""
    return tuple(probed(found.name) for found in ISOLATIONS)


def active(setting: str = "auto") -> Backend:
    """The back end that generated code runs in under `setting`: a name, or `auto` for the best that works.

    Raises Misconfigured, with each back end's reason, when none works.
    """
    if setting != "auto":
        found = probed(setting)
        if found.problem is None:
            return found
        failed = [found]
    else:
        failed = []
        for candidate in ISOLATIONS:
            found = probed(candidate.name)
            if found.problem is None:
                return found
            failed.append(found)
    reasons = "; ".join(f"{found.name}: {found.problem}" for found in failed)
    raise errors.Misconfigured(
        f"no sandbox works here ({reasons}); {bubblewrap.INSTALL}, "
        "or set QUOD_SANDBOX=none to run generated code without any isolation",
        setting="QUOD_SANDBOX",
    )
