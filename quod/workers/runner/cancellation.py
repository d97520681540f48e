"""Stopping children from another thread."""

from __future__ import annotations

import contextlib
import contextvars
import os
import threading
from collections.abc import Iterator

_active: contextvars.ContextVar[Cancellation | None] = contextvars.ContextVar("cancellation", default=None)


class Cancelled(BaseException):
    """The work in this thread was cancelled; its child processes are gone."""


class Cancellation:
    """A request to stop, given once and for good; every method may be called from any thread.

    `with cancellation.active():` makes `runner.run` and `runner.call` in that context (and in threads and
    tasks that copy it) obey: `cancel()` kills the process group and Cancelled is raised where it was waited
    for. A call that starts after `cancel()` raises at once and starts nothing.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cancelled = False
        self._wakers: set[int] = set()

    def cancel(self) -> None:
        """Ask everything that runs under this object to stop, now and later."""
        with self._lock:
            self._cancelled = True
            for fd in self._wakers:
                os.write(fd, b"x")
            self._wakers.clear()

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` has been called."""
        return self._cancelled

    def raise_if_cancelled(self) -> None:
        """Raises Cancelled if `cancel` has been called."""
        if self._cancelled:
            raise Cancelled

    @contextlib.contextmanager
    def active(self) -> Iterator[Cancellation]:
        """Within the block, children started in this context obey this object (and it alone)."""
        token = _active.set(self)
        try:
            yield self
        finally:
            _active.reset(token)

    @contextlib.contextmanager
    def notice(self) -> Iterator[int]:
        """A descriptor that becomes readable the moment `cancel` is called, or at once if it has been."""
        read, write = os.pipe()
        try:
            with self._lock:
                if self._cancelled:
                    os.write(write, b"x")
                else:
                    self._wakers.add(write)
            yield read
        finally:
            with self._lock:
                self._wakers.discard(write)
            os.close(read)
            os.close(write)


def current() -> Cancellation | None:
    """What the running context obeys."""
    return _active.get()


def check() -> None:
    """Raises Cancelled if the running context has been cancelled."""
    active = _active.get()
    if active is not None:
        active.raise_if_cancelled()
