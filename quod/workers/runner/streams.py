"""The two ends of a child's streams: what is kept of its output, and what is still to be written to it."""

from __future__ import annotations

import os
from collections.abc import Callable

CHUNK = 1 << 16


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


class Writer:
    """Bytes on their way to a descriptor that does not block."""

    def __init__(self, fd: int, data: bytes, close: Callable[[], None]) -> None:
        self.fd, self.rest, self.close = fd, memoryview(data), close

    def step(self) -> bool:
        """Write what fits; True when nothing is left or nobody reads."""
        try:
            while self.rest:
                self.rest = self.rest[os.write(self.fd, self.rest[:CHUNK]) :]
        except BlockingIOError:
            return False
        except BrokenPipeError:
            pass
        return True
