"""What a sandboxed program may read: its interpreter, the packages beside it, and the system's libraries."""

from __future__ import annotations

import functools
import os
import sys
from pathlib import Path

from quod import errors

_SYSTEM = ("/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib")
_ZONES = "/usr/share/zoneinfo"
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")


@functools.cache
def readable() -> tuple[str, ...]:
    """Existing files and folders without symlinks in their paths, none below another.

    Of a prefix that is the system's own only the libraries and the interpreter are taken. Raises
    Misconfigured when a prefix of this Python holds somebody's home, which must not become readable.
    """
    found = {os.path.realpath(path) for path in (*_SYSTEM, _ZONES) if os.path.exists(path)}
    for prefix in {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}:
        real = os.path.realpath(prefix)
        if real not in ("/", "/usr", "/usr/local"):
            _refuse_homes(real)
            found.add(real)
    found.add(os.path.realpath(sys.executable))
    return tuple(sorted(path for path in found if not any(str(up) in found for up in Path(path).parents)))


def links() -> tuple[tuple[str, str], ...]:
    """Symlinks that make readable places reachable under their usual names: (name, target)."""
    names = [*_SYSTEM, sys.prefix, sys.base_prefix]
    found = {name: os.readlink(name) for name in names if os.path.islink(name)}
    for program in _chain(sys.executable):
        if not any(program.startswith(place + "/") for place in readable()):
            found[program] = os.readlink(program)
    return tuple(sorted(found.items()))


def _chain(path: str) -> list[str]:
    """`path` and what it leads to, as long as those are symlinks."""
    steps: list[str] = []
    while os.path.islink(path) and len(steps) < 40:
        steps.append(path)
        path = os.path.normpath(os.path.join(os.path.dirname(path), os.readlink(path)))
    return steps


def _refuse_homes(prefix: str) -> None:
    home = os.path.realpath(os.path.expanduser("~"))
    if home == prefix or home.startswith(prefix.rstrip("/") + "/"):
        raise errors.Misconfigured(
            f"Python's prefix {prefix} holds the home folder {home}, which the sandbox would show "
            "to programs; install quod in a virtual environment of its own, or set QUOD_SANDBOX=none",
            setting="QUOD_SANDBOX",
        )
