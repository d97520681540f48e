"""Who is in a session, and what they use: read from /proc, so on Linux only; elsewhere nobody is seen."""

from __future__ import annotations

import contextlib
import dataclasses
import os

_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")
_STATE, _PARENT, _SESSION, _USER, _SYSTEM, _THREADS, _STARTED, _RESIDENT = 0, 1, 3, 11, 12, 17, 19, 21
_USER_OF_CHILDREN, _SYSTEM_OF_CHILDREN = 13, 14


@dataclasses.dataclass(frozen=True)
class Process:
    """One process of a session.

    `started`: with `pid`, what names it for good, as pids are used again. `ended`: it is dead and nobody has
    waited for it. `cpu_seconds`: user and system, all its threads. `waited_seconds`: the same of children
    that ended and were waited for. `resident`: bytes of resident memory.
    """

    pid: int
    parent: int
    started: int
    ended: bool
    threads: int
    cpu_seconds: float
    waited_seconds: float
    resident: int


def members(leader: int) -> list[Process]:
    """The processes of the session that `leader` leads, ended ones that nobody has waited for included."""
    found = []
    try:
        entries = os.listdir("/proc")
    except OSError:
        return []
    for entry in entries:
        if entry.isdigit() and (process := _read(entry, leader)) is not None:
            found.append(process)
    return found


def peak_bytes(pid: int) -> int:
    """The most memory that was resident in the process since it became its program; 0 if that is unknown."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/status", "rb") as stream:
        for line in stream:
            if line.startswith(b"VmHWM:"):
                return int(line.split()[1]) << 10
    return 0


def _read(pid: str, session: int) -> Process | None:
    fields = _fields(f"/proc/{pid}/stat")
    if fields is None or int(fields[_SESSION]) != session:
        return None
    threads = int(fields[_THREADS])
    dead = fields[_STATE] in (b"Z", b"X")
    ended = dead and threads <= 1  # the first thread can end before the others, and shows as a zombie then
    resident = _resident_of_others(pid) if dead and not ended else int(fields[_RESIDENT]) * _PAGE
    own = (int(fields[_USER]) + int(fields[_SYSTEM])) / _TICKS
    waited = (int(fields[_USER_OF_CHILDREN]) + int(fields[_SYSTEM_OF_CHILDREN])) / _TICKS
    started = int(fields[_STARTED])
    return Process(int(pid), int(fields[_PARENT]), started, ended, threads, own, waited, resident)


def _resident_of_others(pid: str) -> int:
    """Memory of a process as its living threads see it."""
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            fields = _fields(f"/proc/{pid}/task/{thread}/stat")
            if fields is not None and (pages := int(fields[_RESIDENT])):
                return pages * _PAGE
    return 0


def _fields(path: str) -> list[bytes] | None:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None  # it ended meanwhile
    try:
        text = os.read(fd, 4096)
    except OSError:
        return None
    finally:
        os.close(fd)
    return text[text.rfind(b")") + 2 :].split()  # the name before it may hold spaces and brackets
