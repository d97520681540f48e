"""Isolation by namespaces, through the program `bwrap` (bubblewrap)."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Sequence

from quod.workers import runner
from quod.workers.sandbox import base, folders, results, seccomp, syscalls

INSTALL = "install bubblewrap (Debian: apt-get install bubblewrap)"
_WORK = "/quod-work"
_PROGRAM = "/quod-program.py"
_NAMESPACES = (
    "--unshare-user",
    "--unshare-ipc",
    "--unshare-pid",
    "--unshare-net",
    "--unshare-uts",
    "--unshare-cgroup-try",
)


class Bubblewrap:
    """Own namespaces for users, processes, network, IPC and mounts; nothing is mounted but what is readable.

    The work folder is a tmpfs of limited size that goes with the program. Only `result.json` in it is a file
    of this machine, mounted there, so it can be written and not be replaced or removed.
    """

    name = "bubblewrap"

    def missing(self) -> str | None:
        """That bwrap is not installed."""
        if shutil.which("bwrap") is None:
            return f"the program bwrap was not found; {INSTALL}"
        return syscalls.unknown_machine()

    def does_not_cover(self) -> tuple[str, ...]:
        """What namespaces leave open."""
        return (
            "bugs of the Linux kernel",
            "side channels (timing, caches, the load of the machine)",
            "short excess: processor time, threads and numbers of files are measured every 50 ms",
            "processor time of children that live less than 50 ms and that nobody waits for",
        )

    def launch(self, place: base.Place, python: Sequence[str]) -> base.Launch:
        """A command of bwrap."""
        result = place.work / results.NAME
        result.touch(mode=0o600)
        options = [*_NAMESPACES, "--uid", "65534", "--gid", "65534", "--hostname", "sandbox"]
        options += ["--die-with-parent", "--cap-drop", "ALL"]
        for path in folders.readable():
            options += ["--ro-bind", path, path]
        for name, real in folders.aliases():
            options += ["--ro-bind", real, name]
        for name, target in folders.links():
            options += ["--symlink", target, name]
        for device in folders.DEVICES:
            options += ["--dev-bind", device, device]
        options += ["--ro-bind", str(place.program), _PROGRAM]
        options += ["--size", str(place.limits.work_mb << 20), "--tmpfs", _WORK]
        options += ["--bind", str(result), f"{_WORK}/{results.NAME}"]
        filter_fd = _filter(place)
        options += ["--remount-ro", "/", "--chdir", _WORK, "--seccomp", str(filter_fd)]
        command = [shutil.which("bwrap") or "bwrap", *options, "--", *python, _PROGRAM]
        return base.Launch(
            command, home=_WORK, program=_PROGRAM, used=_used, pass_fds=(filter_fd,), helpers=2
        )

    def returncode(self, code: int) -> int:
        """bwrap says 128 + n for a program that signal n ended."""
        return 128 - code if 128 < code < 128 + 65 else code


def _filter(place: base.Place) -> int:
    """A descriptor from which bwrap reads the system-call filter."""
    code = seccomp.program(os.uname().machine, fork=place.limits.processes > 1, signals=True)
    path = place.folder / "filter"
    path.write_bytes(seccomp.packed(code))
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)  # not in the way of the streams, if ours are closed
    os.close(fd)
    return high


def _used(present: Sequence[runner.Process]) -> tuple[int, int]:
    """From outside, through the root folder of one that lives inside; nothing before there is one.

    The size of a tmpfs is limited by itself, the number of files is not.
    """
    for process in present:
        with contextlib.suppress(OSError):
            found = os.statvfs(f"/proc/{process.pid}/root{_WORK}")
            return (found.f_blocks - found.f_bfree) * found.f_frsize, found.f_files - found.f_ffree
    return 0, 0
