"""What a sandboxed program may read: its interpreter, the packages beside it, and the system's libraries."""

from __future__ import annotations

import functools
import os
import sys
from pathlib import Path

_SYSTEM = ("/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib")
_ZONES = "/usr/share/zoneinfo"
_OF_A_PREFIX = ("bin", "lib", "lib32", "lib64", "pyvenv.cfg")
"""Not the whole prefix: an environment made inside a project would show the project, keys and all."""

DEVICES = ("/dev/null", "/dev/random", "/dev/urandom")
"""Not /dev/zero: shared mappings of it are memory that can be kept without being resident anywhere."""


@functools.cache
def readable() -> tuple[str, ...]:
    """Existing files and folders without symlinks in their paths, none below another."""
    found = {os.path.realpath(path) for path in (*_SYSTEM, _ZONES, *_own()) if os.path.exists(path)}
    return tuple(sorted(path for path in found if not any(str(up) in found for up in Path(path).parents)))


def aliases() -> tuple[tuple[str, str], ...]:
    """Other names of places of the interpreter, and the real ones: (name, real)."""
    pairs = ((path, os.path.realpath(path)) for path in _own() if os.path.exists(path))
    return tuple(sorted((name, real) for name, real in pairs if name != real and not os.path.islink(name)))


def links() -> tuple[tuple[str, str], ...]:
    """Symlinks under which readable places are known: (name, target)."""
    found = {name: os.readlink(name) for name in (*_SYSTEM, *_own()) if os.path.islink(name)}
    for program in _chain(sys.executable):
        if not any(
            program.startswith(f"{place}/") for place in (*readable(), *(name for name, _ in aliases()))
        ):
            found[program] = os.readlink(program)
    return tuple(sorted(found.items()))


def _own() -> list[str]:
    """Places of this Python beyond the system's own, by the names it knows them by."""
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    others = sorted(prefixes - {"/", "/usr", "/usr/local"})
    return [os.path.join(prefix, name) for prefix in others for name in _OF_A_PREFIX] + [
        os.path.realpath(sys.executable)
    ]


def _chain(path: str) -> list[str]:
    """`path` and what it leads to, as long as those are symlinks."""
    steps: list[str] = []
    while os.path.islink(path) and len(steps) < 40:
        steps.append(path)
        path = os.path.normpath(os.path.join(os.path.dirname(path), os.readlink(path)))
    return steps
