"""One external process under limits: own session, deadline, capped output, nothing left behind."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from quod import errors

_CHUNK = 1 << 16
_TICK = 0.05
_DRAIN = 1.0
_NO_MEMORY = re.compile(r"bad_alloc|MemoryError|annot allocate memory|ut of memory|failed to map segment")


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a child may use; None means no limit.

    `seconds`: wall clock. `memory_mb`: address space of each process in MiB. `cpu_seconds`: CPU time of each
    process. `output_bytes`: what is kept of each output stream, its end. `grace`: seconds between the polite
    signal (SIGTERM) and SIGKILL.
    """

    seconds: float | None = None
    memory_mb: int | None = None
    cpu_seconds: int | None = None
    output_bytes: int = 1 << 20
    grace: float = 1.0


@dataclasses.dataclass(frozen=True)
class Completed:
    """A process that ended by itself: `returncode` is negative for a signal, as in `subprocess`."""

    returncode: int
    stdout: bytes
    stderr: bytes
    truncated: bool
    seconds: float
    memory_mb: float


class Tail:
    """Keeps the last `limit` bytes that were fed to it."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.total = 0
        self._kept = bytearray()

    def feed(self, data: bytes) -> None:
        """Append `data`, dropping the oldest bytes beyond twice the limit."""
        self.total += len(data)
        self._kept += data
        if len(self._kept) > 2 * self.limit:
            del self._kept[: -self.limit]

    def value(self) -> bytes:
        """The last `limit` bytes."""
        return bytes(self._kept[-self.limit :]) if self.limit else b""


def run(
    command: Sequence[str],
    *,
    limits: Limits | None = None,
    input: bytes = b"",
    env: Mapping[str, str] | None = None,
    cwd: str | Path | None = None,
) -> Completed:
    """Run an external program to its end; its exit status is the caller's to judge.

    Raises LimitExceeded (`seconds`, `memory_mb`, `cpu_seconds`) when a limit stopped it, Misconfigured when
    the program is not installed. The program and everything in its process group is gone on return.
    """
    limits = limits or Limits()
    program = shutil.which(command[0], path=None if env is None else env.get("PATH"))
    if program is None:
        raise errors.Misconfigured(f"the program {command[0]!r} was not found; install it or correct PATH")
    confine = str(Path(__file__).with_name("confine.py"))
    numbers = [str(number) for number in child_numbers(limits)]
    started = [sys.executable, "-I", "-S", confine, *numbers, program, *command[1:]]
    out = Tail(limits.output_bytes)
    with subprocess.Popen(
        started,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env=env,
        cwd=cwd,
        bufsize=0,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        child = Child(process, limits)
        child.read(process.stdout.fileno(), out.feed)
        child.write(process.stdin.fileno(), input, process.stdin.close)
        child.wait()
    child.raise_for_limits()
    error_output = child.stderr.value()
    truncated = max(out.total, child.stderr.total) > limits.output_bytes
    return Completed(process.returncode, out.value(), error_output, truncated, child.seconds, child.memory_mb)


def child_numbers(limits: Limits) -> tuple[int, int, int]:
    """Parent, memory in bytes and CPU seconds: the arguments of `confine.confine`."""
    return os.getpid(), (limits.memory_mb or 0) << 20, int(limits.cpu_seconds or 0)


class Child:
    """Watches one started process that leads its own session until it ends or a limit ends it.

    Streams are read and written without blocking, so a full pipe on either side stops nobody. An exception in
    a reader (and KeyboardInterrupt) kills the whole process group before it goes on to the caller.
    """

    def __init__(self, process: subprocess.Popen[bytes], limits: Limits) -> None:
        self.process, self.limits = process, limits
        self.stderr = Tail(limits.output_bytes)
        self.seconds = self.memory_mb = 0.0
        self.timed_out = False
        self._started = time.monotonic()
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
        self._selector.register(fd, selectors.EVENT_WRITE, _Writer(fd, data, close))

    def wait(self) -> None:
        """Serve the streams until the process is gone. Sets `seconds`, `memory_mb`, `timed_out`."""
        try:
            with _exit_notice(self.process.pid, self._selector):
                self._watch()
        except BaseException:
            self._signal(signal.SIGKILL)
            raise
        finally:
            self._reap()
            self._selector.close()

    def _watch(self) -> None:
        deadline = None if self.limits.seconds is None else self._started + self.limits.seconds
        kill_at: float | None = None
        while not _has_exited(self.process.pid):
            self._serve(_TICK)
            now = time.monotonic()
            if kill_at is not None and now >= kill_at:
                self._signal(signal.SIGKILL)
            elif kill_at is None and deadline is not None and now >= deadline:
                self.timed_out = True
                self._signal(signal.SIGTERM)
                kill_at = now + self.limits.grace
        self._signal(signal.SIGKILL)  # what the process left behind in its group
        drained = time.monotonic() + _DRAIN
        while self._reading() and time.monotonic() < drained:
            self._serve(_TICK)

    def _reading(self) -> bool:
        keys = self._selector.get_map().values()
        return any(key.events & selectors.EVENT_READ and key.data for key in keys)

    def _serve(self, timeout: float) -> None:
        for key, _ in self._selector.select(timeout):
            if isinstance(key.data, _Writer):
                if key.data.step():
                    self._selector.unregister(key.fd)
                    key.data.close()
            elif key.data is not None:
                self._read_some(key.fd, key.data)

    def _read_some(self, fd: int, sink: Callable[[bytes], object]) -> None:
        try:
            data = os.read(fd, _CHUNK)
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
            _, status, usage = os.wait4(self.process.pid, 0)
            self.process.returncode = os.waitstatus_to_exitcode(status)
            self.memory_mb = usage.ru_maxrss / (1024 if sys.platform != "darwin" else 1 << 20)
        self.seconds = time.monotonic() - self._started

    def raise_for_limits(self) -> None:
        """Raises LimitExceeded if a limit ended the process."""
        limits, code = self.limits, self.process.returncode
        if self.timed_out and limits.seconds is not None:
            raise errors.LimitExceeded("seconds", self.seconds, limits.seconds)
        if limits.cpu_seconds is not None and code == -signal.SIGXCPU:
            raise errors.LimitExceeded("cpu_seconds", None, limits.cpu_seconds)
        last = self.stderr.value()[-4096:].decode(errors="replace")
        if code != 0 and limits.memory_mb is not None and speaks_of_memory(last):
            raise errors.LimitExceeded("memory_mb", None, limits.memory_mb)

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


def speaks_of_memory(text: str) -> bool:
    """Whether a failed program's last words are those of one whose memory ran out."""
    return _NO_MEMORY.search(text) is not None


class _Writer:
    def __init__(self, fd: int, data: bytes, close: Callable[[], None]) -> None:
        self.fd, self.rest, self.close = fd, memoryview(data), close

    def step(self) -> bool:
        """Write what fits; True when nothing is left or nobody reads."""
        try:
            while self.rest:
                self.rest = self.rest[os.write(self.fd, self.rest[:_CHUNK]) :]
        except BlockingIOError:
            return False
        except BrokenPipeError:
            pass
        return True


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
