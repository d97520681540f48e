"""Isolation by Landlock and seccomp: restrictions that a process puts on itself; no privilege is needed."""

from __future__ import annotations

import ctypes
import functools
import marshal
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from quod.workers.runner import process
from quod.workers.sandbox import base, folders, measure, seccomp, syscalls

_ENTER = Path(__file__).with_name("enter.py")
_CREATE_RULESET, _VERSION = 444, 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_DIR, _REMOVE_FILE = (1 << bit for bit in range(6))
_MAKE_DIR, _MAKE_REG, _MAKE_SYM, _REFER, _TRUNCATE = 1 << 7, 1 << 8, 1 << 12, 1 << 13, 1 << 14
_LIBRARY_FILE = _EXECUTE | _READ_FILE
_LIBRARY = _LIBRARY_FILE | _READ_DIR
_WORK = (
    _READ_FILE | _WRITE_FILE | _TRUNCATE | _READ_DIR | _REMOVE_DIR | _REMOVE_FILE
    | _MAKE_DIR | _MAKE_REG | _MAKE_SYM | _REFER
)  # fmt: skip
_DEVICE = {"/dev/null": _READ_FILE | _WRITE_FILE | _TRUNCATE}


_ALWAYS_OPEN = (
    "bugs of the Linux kernel",
    "side channels (timing, caches, the load of the machine)",
    "whether a file outside exists, its size, owner and times, and where a symlink leads",
    "whether a process id is in use, and its scheduling",
    "children of a program that may have some, when quod itself is killed: they live on",
    "short excess: disk space, files and threads are measured every 50 ms, folders that move within a second",
    "processor time of children that live less than 50 ms and that nobody waits for",
)
_SINCE = {
    2: "moving files between folders of the work folder: this kernel refuses it",
    5: "requests to devices: only the system-call filter refuses them",
    6: "signals between a program's own processes: refused, as this kernel cannot confine them",
}
"""By the version of Landlock's interface that ends it."""


@functools.cache
def abi() -> int:
    """The version of Landlock's interface in this kernel; 0 when there is none."""
    if not sys.platform.startswith("linux"):
        return 0
    return max(0, int(ctypes.CDLL(None, use_errno=True).syscall(_CREATE_RULESET, None, 0, _VERSION)))


class Landlock:
    """Files by Landlock, all else by the system-call filter and limits; root's capabilities are dropped."""

    name = "landlock"

    def missing(self) -> str | None:
        """That the architecture is unknown or the kernel has no Landlock."""
        if abi() == 0:
            return "this kernel has no Landlock (Linux 5.13 or newer with `landlock` in its list of LSMs)"
        return syscalls.unknown_machine()

    def does_not_cover(self) -> tuple[str, ...]:
        """What one process's restrictions leave open, and what this kernel's version of Landlock lacks."""
        return _ALWAYS_OPEN + tuple(text for since, text in _SINCE.items() if abi() < since)

    def launch(self, place: base.Place, python: Sequence[str]) -> base.Launch:
        """The interpreter, started through enter.py."""
        machine = os.uname().machine
        rules = [(path, _LIBRARY if os.path.isdir(path) else _LIBRARY_FILE) for path in folders.readable()]
        rules += [(path, _DEVICE.get(path, _READ_FILE)) for path in folders.DEVICES]
        rules += [(str(place.program), _READ_FILE), (str(place.work), _WORK)]
        config = {
            "confine": str(process.CONFINE),
            "abi": abi(),
            "rules": rules,
            "work": str(place.work),
            "filter": seccomp.program(
                machine, fork=place.limits.processes > 1, signals=_signals(place.limits)
            ),
        }
        return base.Launch(
            [*python, str(place.program)],
            home=str(place.work),
            program=str(place.program),
            used=measure.Meter(place.work_fd, place.limits.file_mb << 20),
            through=(str(_ENTER), marshal.dumps(config).hex()),
        )

    def returncode(self, code: int) -> int:
        """As it is."""
        return code


def _signals(limits: base.Limits) -> bool:
    """Signals to its own children need a kernel that keeps them from all others (ABI 6)."""
    return limits.processes > 1 and abi() >= 6
