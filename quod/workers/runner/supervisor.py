"""Watching one child: its streams, its deadline, its limits, and the request to stop it."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence

from quod import errors
from quod.workers.runner import cancellation, session, streams
from quod.workers.runner.limits import Limits

_TICK = 0.05
_DRAIN = 1.0
_SOON = 0.002
_MOST = 0.8
"""Of its CPU seconds must have been used before SIGXCPU is the limit's: any program can send it to itself."""
_NO_MEMORY = re.compile(r"bad_alloc|MemoryError|annot allocate memory|ut of memory|failed to map segment")

_NOT_OURS = (
    "this process does not get the exit status of its child processes: it ignores SIGCHLD or waits for every "
    "child somewhere; set SIGCHLD to its default (signal.SIG_DFL) before quod is used"
)

Watch = Callable[[Sequence[session.Process]], errors.LimitExceeded | None]
"""Looks at the processes of the child's session; what it returns ends the child."""


class Child:
    """Watches one started process that leads its own session until it ends or a limit ends it.

    Streams are read and written without blocking, so a full pipe on either side stops nobody. An exception in
    a reader (and KeyboardInterrupt) kills the whole process group before it goes on to the caller.
    """

    def __init__(self, process: subprocess.Popen[bytes], limits: Limits, watch: Watch | None = None) -> None:
        self.process, self.limits, self.watch = process, limits, watch
        self.stderr = streams.Tail(limits.output_bytes)
        self.seconds = self.memory_mb = self._cpu_seconds = 0.0
        self.exceeded: errors.LimitExceeded | None = None
        self._cancellation = cancellation.current()
        self._started = time.monotonic()
        self._resident = session.peak_bytes(process.pid)
        self._peak_before = _bytes(resource.getrusage(resource.RUSAGE_SELF))
        self._selector = selectors.DefaultSelector()
        assert process.stderr is not None
        self.read(process.stderr.fileno(), self.stderr.feed)

    def read(self, fd: int, sink: Callable[[bytes], object]) -> None:
        """Hand everything that arrives on `fd` to `sink`."""
        os.set_blocking(fd, False)
        self._selector.register(fd, selectors.EVENT_READ, sink)

    def write(self, fd: int, data: bytes, close: Callable[[], None]) -> None:
        """Send `data` to `fd`, then close it."""
        os.set_blocking(fd, False)
        self._selector.register(fd, selectors.EVENT_WRITE, streams.Writer(fd, data, close))

    def wait(self) -> None:
        """Serve the streams until the process is gone. Sets `seconds`, `memory_mb`, `exceeded`.

        Raises Cancelled if the context's Cancellation ended it.
        """
        try:
            with _exit_notice(self.process.pid, self._selector), self._cancel_notice():
                self._watch()
        except BaseException:
            self._signal(signal.SIGKILL)
            raise
        finally:
            try:
                self._reap()
            except ChildProcessError:
                self.process.returncode = -signal.SIGKILL
                raise errors.Misconfigured(_NOT_OURS) from None
            finally:
                self._selector.close()
        if self._cancelled():
            raise cancellation.Cancelled

    def _watch(self) -> None:
        kill_at: float | None = None
        look_at = self._started + _TICK
        while not _has_exited(self.process.pid):
            self._serve(_TICK)
            now = time.monotonic()
            if kill_at is not None:
                if now >= kill_at:
                    self._signal(signal.SIGKILL)
            elif self._cancelled() or self._too_late(now):
                self._signal(signal.SIGTERM if self.limits.grace else signal.SIGKILL)
                kill_at = now + self.limits.grace
            elif now >= look_at:
                self._look()
                look_at = time.monotonic() + _TICK
        self._signal(signal.SIGKILL)  # what the process left behind in its group
        drained = time.monotonic() + _DRAIN
        while self._reading() and time.monotonic() < drained:
            self._serve(_TICK)

    def _cancelled(self) -> bool:
        return self._cancellation is not None and self._cancellation.cancelled

    def _too_late(self, now: float) -> bool:
        seconds = self.limits.seconds
        if seconds is None or now - self._started < seconds:
            return False
        self.exceeded = errors.LimitExceeded("seconds", now - self._started, seconds)
        return True

    def _look(self) -> None:
        """Count what only the outside can count; kill without a polite signal, as it may be multiplying."""
        limits = self.limits
        self._resident = max(self._resident, session.peak_bytes(self.process.pid))
        if limits.processes is None and limits.threads is None and self.watch is None:
            return
        present = session.members(self.process.pid)
        threads = sum(process.threads for process in present if not process.ended)
        counts = (("processes", len(present)), ("threads", threads))
        for kind, count in counts:
            limit = getattr(limits, kind)
            if limit is not None and count > limit:
                self.exceeded = errors.LimitExceeded(kind, count, limit)
        if self.exceeded is None and self.watch is not None:
            self.exceeded = self.watch(present)
        if self.exceeded is not None:
            self._signal(signal.SIGKILL)

    @contextlib.contextmanager
    def _cancel_notice(self) -> Iterator[None]:
        """Wakes the selector when the work is cancelled."""
        if self._cancellation is None:
            yield
            return
        with self._cancellation.notice() as fd:
            self._selector.register(fd, selectors.EVENT_READ, None)
            try:
                yield
            finally:
                with contextlib.suppress(KeyError):
                    self._selector.unregister(fd)

    def _bury_others(self) -> None:
        """Wait for killed ones that still die, and for ended ones that became children of this process.

        They do where it is process 1 of a container, or has asked for the orphans among its descendants.
        """
        if os.getpid() != 1 and (self.limits.processes or 0) <= 1:
            return
        end = time.monotonic() + _DRAIN
        while time.monotonic() < end:
            others = [found for found in session.members(self.process.pid) if found.pid != self.process.pid]
            ours = [found.pid for found in others if found.ended and found.parent == os.getpid()]
            for pid in ours:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)
            if not ours and all(found.ended for found in others):
                return
            time.sleep(_SOON)

    def _reading(self) -> bool:
        keys = self._selector.get_map().values()
        return any(key.events & selectors.EVENT_READ and key.data is not None for key in keys)

    def _serve(self, timeout: float) -> None:
        for key, _ in self._selector.select(timeout):
            if isinstance(key.data, streams.Writer):
                if key.data.step():
                    self._selector.unregister(key.fd)
                    key.data.close()
            elif key.data is None:  # a notice, given once
                self._selector.unregister(key.fd)
            else:
                self._read_some(key.fd, key.data)

    def _read_some(self, fd: int, sink: Callable[[bytes], object]) -> None:
        try:
            data = os.read(fd, streams.CHUNK)
        except BlockingIOError:
            return
        if data:
            sink(data)
        else:
            self._selector.unregister(fd)

    def _signal(self, number: int) -> None:
        if self.process.returncode is None:  # not yet reaped, so the group's number is still ours
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)

    def _reap(self) -> None:
        if self.process.returncode is None:
            self._bury_others()
            _, status, usage = os.wait4(self.process.pid, 0)
            self.process.returncode = os.waitstatus_to_exitcode(status)
            self._cpu_seconds = usage.ru_utime + usage.ru_stime
            peak = _bytes(usage)
            if self._resident and peak <= self._peak_before:
                peak = self._resident  # the system's number begins with that of the process that started it
            self.memory_mb = peak / (1 << 20)
        self.seconds = time.monotonic() - self._started

    def raise_for_limits(self) -> None:
        """Raises LimitExceeded if a limit ended the process."""
        if (exceeded := self.limit_that_ended_it()) is not None:
            raise exceeded

    def limit_that_ended_it(self) -> errors.LimitExceeded | None:
        """The limit that this object enforced, or that the exit status and the last lines speak of."""
        limits, code = self.limits, self.process.returncode
        if self.exceeded is not None:
            return self.exceeded
        worked = self._cpu_seconds > _MOST * (limits.cpu_seconds or 0)
        if limits.cpu_seconds is not None and code == -signal.SIGXCPU and worked:
            return errors.LimitExceeded("cpu_seconds", None, limits.cpu_seconds)
        last = self.stderr.value()[-4096:].decode(errors="replace")
        if code != 0 and limits.memory_mb is not None and speaks_of_memory(last):
            return errors.LimitExceeded("memory_mb", None, limits.memory_mb)
        return None

    def describe_end(self) -> str:
        """How the process ended, for people: "was killed by signal 9 (SIGKILL) from outside"."""
        code = self.process.returncode
        lines = self.stderr.value().decode(errors="replace").strip().splitlines()[-8:]
        last = "\n".join(line[:300] for line in lines)
        if code >= 0:
            text = f"ended with exit code {code}"
        else:
            name = signal.Signals(-code).name if -code in set(signal.Signals) else "?"
            outside = -code in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
            verb = "was killed by" if outside else "crashed with"
            text = f"{verb} signal {-code} ({name})" + (" from outside" if outside else "")
        return f"{text}; its last lines:\n{last}" if last else text


def check() -> None:
    """Raises Misconfigured when this process could not learn how its children end."""
    if signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN:
        raise errors.Misconfigured(_NOT_OURS)


def speaks_of_memory(text: str) -> bool:
    """Whether a failed program's last words are those of one whose memory ran out."""
    return _NO_MEMORY.search(text) is not None


def _bytes(usage: resource.struct_rusage) -> int:
    """The largest resident memory; the unit depends on the system."""
    return usage.ru_maxrss << (0 if sys.platform == "darwin" else 10)


def _has_exited(pid: int) -> bool:
    """Without reaping: the process group's number must stay ours until it has been killed."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


@contextlib.contextmanager
def _exit_notice(pid: int, selector: selectors.BaseSelector) -> Iterator[None]:
    """Wakes the selector when the process ends, where the system can (Linux 5.3); elsewhere the tick does."""
    fd = -1
    with contextlib.suppress(AttributeError, OSError):
        fd = os.pidfd_open(pid)
        selector.register(fd, selectors.EVENT_READ, None)
    try:
        yield
    finally:
        if fd >= 0:
            with contextlib.suppress(KeyError):
                selector.unregister(fd)
            os.close(fd)
