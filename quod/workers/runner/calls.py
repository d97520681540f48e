"""Python functions in killable children."""

from __future__ import annotations

import fcntl
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any, TypeVar

from quod import errors
from quod.workers.runner import cancellation, child, supervisor
from quod.workers.runner.limits import Limits, child_numbers

T = TypeVar("T")

_START = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[1]); "
    "from quod.workers.runner import child; child.main()"
)


def call(
    function: Callable[..., T],
    *arguments: Any,
    limits: Limits | None = None,
    on_report: Callable[[Any], None] | None = None,
    what: str = "the child process",
) -> T:
    """`function(*arguments)`, computed in its own process.

    The function must be importable by name (not a lambda, not defined in the main script); arguments and
    value are pickled. Everything the child prints, on either stream, is kept for messages and never reaches
    this process's streams. `on_report` receives what the function passes to `runner.report`. `what` names the
    child in messages.

    Raises what the function raised if that was a QuodError; LimitExceeded when a limit ended it; ToolFailed
    for every other end, with the signal or exit code and the last lines; Cancelled (see `Cancellation`).
    """
    cancellation.check()
    supervisor.check()
    limits = limits or Limits()
    request = pickle.dumps((_importable_name(function), arguments), protocol=pickle.HIGHEST_PROTOCOL)
    replies = _Replies(on_report, what)
    watched = _start(request, replies, limits)
    if replies.error is None and replies.value is None:
        watched.raise_for_limits()
        raise errors.ToolFailed(f"{what} {watched.describe_end()}", tool=what)
    if replies.error is not None:
        raise _rebuilt(replies.error, limits, what)
    assert replies.value is not None
    result: T = pickle.loads(replies.value)
    return result


def _importable_name(function: Callable[..., Any]) -> str:
    module, name = function.__module__, function.__qualname__
    if module == "__main__" or "<" in name:
        raise errors.InvalidInput(
            f"{module}.{name} cannot run in a child process; define it at the top of an importable module"
        )
    return f"{module}:{name}"


def _start(request: bytes, replies: _Replies, limits: Limits) -> supervisor.Child:
    request_read, request_write = _pipe()
    reply_read, reply_write = _pipe()
    ours = {request_write, reply_read}
    theirs = {request_read, reply_write}
    numbers = [str(number) for number in child_numbers(limits)]
    descriptors = [str(request_read), str(reply_write)]
    try:
        with subprocess.Popen(
            [sys.executable, "-c", _START, json.dumps(sys.path), *numbers, *descriptors],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
            pass_fds=tuple(theirs),
            env=child.environment(),
            bufsize=0,
        ) as started:
            _close(theirs)
            watched = supervisor.Child(started, limits)
            watched.read(reply_read, replies.feed)
            watched.write(request_write, request, lambda: _close(ours, request_write))
            watched.wait()
    finally:
        _close(theirs)
        _close(ours)
    return watched


def _pipe() -> tuple[int, int]:
    """A pipe that is not in the way of the child's streams, even where this process has closed its own."""
    low = os.pipe()
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3) for fd in low]
    for fd in low:
        os.close(fd)
    return high[0], high[1]


def _close(descriptors: set[int], *only: int) -> None:
    for fd in [fd for fd in descriptors if not only or fd in only]:
        descriptors.discard(fd)
        os.close(fd)


class _Replies:
    """Takes the child's messages apart; the last one is its value or its error."""

    def __init__(self, on_report: Callable[[Any], None] | None, what: str) -> None:
        self.value: bytes | None = None
        self.error: dict[str, Any] | None = None
        self._on_report, self._what = on_report, what
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= child.HEADER.size:
            kind, length = child.HEADER.unpack_from(self._buffer)
            if kind not in child.KINDS:
                raise errors.ToolFailed(f"{self._what} sent a message that cannot be read", tool=self._what)
            end = child.HEADER.size + length
            if len(self._buffer) < end:
                return
            self._take(kind, bytes(self._buffer[child.HEADER.size : end]))
            del self._buffer[:end]

    def _take(self, kind: bytes, payload: bytes) -> None:
        if kind == child.VALUE:
            self.value = payload
        elif kind == child.ERROR:
            self.error = pickle.loads(payload)
        elif self._on_report is not None:
            self._on_report(pickle.loads(payload))


def _rebuilt(error: dict[str, Any], limits: Limits, what: str) -> errors.QuodError:
    """The child's exception as one of ours, with its attributes; anything foreign becomes ToolFailed."""
    foreign = (
        not error["class"] and limits.memory_mb is not None and supervisor.speaks_of_memory(error["message"])
    )
    if error["class"] == "MemoryError" or foreign:
        return errors.LimitExceeded("memory_mb", None, limits.memory_mb or 0)
    kind = getattr(errors, error["class"], None)
    if isinstance(kind, type) and issubclass(kind, errors.QuodError):
        rebuilt = kind.__new__(kind)
        errors.QuodError.__init__(rebuilt, error["message"])
        rebuilt.__dict__.update(error["state"])
        return rebuilt
    return errors.ToolFailed(f"{what} failed: {error['message']}", tool=what)
