"""What an attack is: a program that really tries, and how to tell from outside whether it succeeded."""

from __future__ import annotations

import dataclasses
import textwrap
from typing import Any

PRELUDE = """
import ctypes, errno, fcntl, json, mmap, os, resource, signal, socket, struct
import subprocess, sys, threading, time
W = json.load(sys.stdin)
NR = W["nr"]
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long

def breach(*evidence):
    print("BREACH", *evidence, flush=True)

def raw(name, *arguments):
    ctypes.set_errno(0)
    given = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    return libc.syscall(ctypes.c_long(NR[name]), *given)

def tried(function, *arguments, **options):
    try:
        return function(*arguments, **options)
    except Exception as problem:
        print(type(problem).__name__, problem)
        return None

def steal(path, dir_fd=None):
    fd = os.open(path, os.O_RDONLY, dir_fd=dir_fd)
    print(os.read(fd, 1 << 16))
    os.close(fd)
"""
"""Before every attack: W is what the attacker knows of the world outside; `breach` is a claim of success."""


@dataclasses.dataclass(frozen=True)
class Attack:
    """One program.

    `loose`: "yes" if it must succeed without a sandbox (which shows that the test can fail), "root" if only
    for root, "no" if that cannot be shown or must not be tried. `limits`: changes to the test's limits.
    `ends_by`: what must be in Run.limit, where the attack is one on limits. `signal`: what must kill it.
    """

    name: str
    source: str
    loose: str = "yes"
    limits: dict[str, Any] = dataclasses.field(default_factory=dict)
    ends_by: tuple[str | None, ...] = ()
    signal: int | None = None

    @property
    def program(self) -> str:
        return PRELUDE + textwrap.dedent(self.source)
