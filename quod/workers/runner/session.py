"""Who is in a session, and what they use: read from /proc, so on Linux only; elsewhere nobody is seen."""

from __future__ import annotations

import dataclasses
import os

_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")
_STATE, _PARENT, _SESSION, _USER, _SYSTEM, _THREADS, _RESIDENT = 0, 1, 3, 11, 12, 17, 21


@dataclasses.dataclass(frozen=True)
class Process:
    """One living process: CPU time in seconds (user and system, all threads), resident memory in bytes."""

    pid: int
    parent: int
    threads: int
    cpu_seconds: float
    resident: int


def members(leader: int) -> list[Process]:
    """The living processes of the session that `leader` leads, zombies left out."""
    found = []
    try:
        entries = os.listdir("/proc")
    except OSError:
        return []
    for entry in entries:
        if entry.isdigit() and (process := _read(entry, leader)) is not None:
            found.append(process)
    return found


def _read(pid: str, session: int) -> Process | None:
    try:
        fd = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None  # it ended meanwhile
    try:
        text = os.read(fd, 4096)
    except OSError:
        return None
    finally:
        os.close(fd)
    fields = text[text.rfind(b")") + 2 :].split()  # the name before it may hold spaces and brackets
    if int(fields[_SESSION]) != session or fields[_STATE] in (b"Z", b"X"):
        return None
    cpu = (int(fields[_USER]) + int(fields[_SYSTEM])) / _TICKS
    resident = int(fields[_RESIDENT]) * _PAGE
    return Process(int(pid), int(fields[_PARENT]), int(fields[_THREADS]), cpu, resident)
