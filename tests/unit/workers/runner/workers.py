"""Functions that the tests of quod.workers.runner run in children; every one misbehaves in its own way."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Any

from quod import errors
from quod.workers import runner


def add(a: int, b: int) -> int:
    return a + b


def noisy(size: int) -> int:
    """Prints on both streams, below Python's level too, before it answers."""
    print("x" * size)
    os.write(1, b"y" * size)
    sys.stderr.write("z" * size)
    return size


def reports(count: int) -> str:
    for number in range(count):
        print("between messages")
        runner.report({"step": number})
    return "done"


def big(size: int) -> bytes:
    return b"q" * size


def hang(started: str | None = None) -> None:
    if started:
        with open(started, "w", encoding="ascii") as stream:
            stream.write(str(os.getpid()))
    time.sleep(60)


def hang_stubbornly() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(60)


def burn() -> None:
    while True:
        pass


def hog() -> int:
    return len(bytearray(1 << 40))


def die(number: int) -> None:
    os.kill(os.getpid(), number)
    time.sleep(5)


def abort() -> None:
    sys.stderr.write("assertion failed: basis\n")
    os.abort()


def leave(code: int) -> None:
    os._exit(code)


def fail(name: str) -> None:
    if name == "LimitExceeded":
        raise errors.LimitExceeded("nonzeros", 7, 5)
    if name == "InvalidInput":
        raise errors.InvalidInput("no such row", field="constraints.0")
    raise ValueError("a plain mistake")


def unpicklable() -> Any:
    return lambda: None


def leave_a_grandchild(path: str) -> int:
    pid = os.fork()
    if pid == 0:
        time.sleep(60)
        os._exit(0)
    return pid


def call_and_hang(path: str) -> None:
    """For the test of parent death: a child that itself is the parent of a hanging child."""
    runner.call(hang, path)
