"""Running one Python program in a back end."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable, Sequence

from quod import errors
from quod.workers import runner
from quod.workers.sandbox import base, measure, results, workplace

OPEN_FILES = 256
THREADS = 256
"""Threads of all processes together at most; a solver on a large machine starts one per core."""

PYTHON = (sys.executable, "-P", "-s")
"""As `-I`, but with the variables below: `-I` would ignore PYTHONHASHSEED. There is no other environment."""

ENVIRONMENT = {
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUTF8": "1",
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "PATH": "/nonexistent",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
}


_MOST = 0.8
"""Of its CPU seconds must have been seen before SIGXCPU is the limit's, as in the runner."""

_FULL = {errno.EFBIG: "file_mb", errno.ENOSPC: "work_mb"}


def run(isolation: base.Isolation, source: str, stdin: str, limits: base.Limits) -> base.Run:
    """Run `source` in the back end; see `quod.workers.sandbox.run_python`."""
    text, given = _encoded(source, "source"), _encoded(stdin, "stdin")
    with workplace.made() as path:
        (path / "work").mkdir(mode=0o700)
        work = os.open(path / "work", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            place = base.Place(path, limits, work)
            place.program.write_bytes(text)
            place.program.chmod(0o400)
            return _run(isolation, place, given)
        finally:
            os.close(work)


def _encoded(text: str, field: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise errors.InvalidInput("is not text that UTF-8 can hold", field=field) from None


def _run(isolation: base.Isolation, place: base.Place, stdin: bytes) -> base.Run:
    launch = isolation.launch(place, PYTHON)
    seen = _Seen(place.limits, launch.used)
    try:
        done = runner.run(
            launch.command,
            limits=_runner_limits(place.limits, launch.helpers),
            input=stdin,
            env={**ENVIRONMENT, "HOME": launch.home, "TMPDIR": launch.home, "PWD": launch.home},
            cwd=launch.cwd,
            pass_fds=launch.pass_fds,
            through=launch.through,
            watch=seen.look,
            raise_limits=False,
        )
    finally:
        for fd in launch.pass_fds:
            os.close(fd)
    code = isolation.returncode(done.returncode)
    limit = _limit(done, code, seen)
    return base.Run(
        ok=code == 0 and limit is None,
        returncode=code,
        stdout=done.stdout.decode(errors="replace"),
        stderr=done.stderr.decode(errors="replace").replace(launch.program, "program.py"),
        value=results.value(place.work_fd),
        limit=limit,
        truncated=done.truncated,
        seconds=done.seconds,
        memory_mb=max(done.memory_mb, seen.resident / (1 << 20)),
        backend=isolation.name,
        does_not_cover=isolation.does_not_cover(),
    )


def _limit(done: runner.Completed, code: int, seen: _Seen) -> str | None:
    """The limit that ended the program: one that was enforced from here, or that its end speaks of."""
    if done.exceeded is not None:
        return done.exceeded.kind
    if code == -signal.SIGXCPU and seen.cpu_seconds > _MOST * seen.limits.cpu_seconds:
        return "cpu_seconds"
    last = done.stderr[-4096:].decode(errors="replace")
    kinds = (kind for errno, kind in _FULL.items() if code != 0 and f"[Errno {errno}]" in last)
    return next(kinds, None)


def _runner_limits(limits: base.Limits, helpers: int) -> runner.Limits:
    return runner.Limits(
        seconds=limits.seconds,
        memory_mb=limits.memory_mb,
        cpu_seconds=limits.cpu_seconds + 1,  # in case the watch is late
        processes=limits.processes + helpers,
        threads=THREADS + helpers,
        file_mb=limits.file_mb,
        open_files=OPEN_FILES,
        output_bytes=limits.output_bytes,
        grace=0.0,
    )


Used = Callable[[Sequence[runner.Process]], tuple[int, int]]


class _Seen:
    """What the outside sees of a running program."""

    def __init__(self, limits: base.Limits, used: Used) -> None:
        self.limits, self.used = limits, used
        self.resident = 0
        self.cpu_seconds = 0.0
        self._own: dict[tuple[int, int], float] = {}

    def look(self, present: Sequence[runner.Process]) -> errors.LimitExceeded | None:
        """The limit that is exceeded now, if one is."""
        resident = sum(process.resident for process in present)
        self.resident = max(self.resident, resident)
        size, files = self.used(present)
        checks: Sequence[tuple[str, float, float]] = (
            ("cpu_seconds", self._cpu(present), self.limits.cpu_seconds),
            ("memory_mb", resident / (1 << 20), self.limits.memory_mb),
            ("work_mb", size / (1 << 20), self.limits.work_mb),
            ("files", files, measure.FILES_LIMIT),
        )
        for kind, value, limit in checks:
            if value > limit:
                return errors.LimitExceeded(kind, value, limit)
        return None

    def _cpu(self, present: Sequence[runner.Process]) -> float:
        """CPU seconds of all processes there have been: the larger of two sums that each may miss some.

        One has what every process was last seen to have used; the other also that of children too short to
        be seen, if their parents waited for them and are present.
        """
        self._own |= {(process.pid, process.started): process.cpu_seconds for process in present}
        waited = sum(process.cpu_seconds + process.waited_seconds for process in present)
        self.cpu_seconds = max(self.cpu_seconds, waited, sum(self._own.values()))
        return self.cpu_seconds
