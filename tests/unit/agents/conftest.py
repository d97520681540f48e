"""Simulated time for tests of what runs side by side."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any

import pytest


class _Skip(selectors.SelectSelector):
    """Instead of waiting, moves the clock."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        found = super().select(0)
        if timeout is None and not found:
            raise RuntimeError("nothing will ever happen: the run hangs")
        if not found:
            self.now += max(timeout or 0, 0)
        return found


class SimulatedLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer; waiting for nothing is an error, not a hang."""

    def __init__(self) -> None:
        self.skip = _Skip()
        super().__init__(self.skip)

    def time(self) -> float:
        return self.skip.now


def _simulate(main: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        return runner.run(main)


@pytest.fixture(scope="session")
def simulate() -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """`asyncio.run` in simulated time."""
    return _simulate
