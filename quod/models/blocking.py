"""Calls asynchronous models from synchronous code."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
import weakref
from collections.abc import Coroutine
from typing import Any, TypeVar

from quod.workers.runner import cancellation

T = TypeVar("T")


class Loop:
    """Runs coroutines for other threads: on `loop`, or on one of its own that lives as long as this object.

    With a `loop` given, `run` has to be called from another thread than the loop's.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._lock = threading.Lock()
        self._loop = loop

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The result of `coroutine`, or its exception; an interrupt or a cancelled context gives it up."""
        loop = self._started()
        if asyncio._get_running_loop() is loop:
            coroutine.close()
            raise RuntimeError("call this from another thread than the loop's: it would wait for itself")
        future = asyncio.run_coroutine_threadsafe(coroutine, loop)
        try:
            patience = 0.05 if cancellation.current() else None
            while not concurrent.futures.wait([future], patience).done:
                cancellation.check()
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                ready, loop = threading.Event(), asyncio.new_event_loop()
                thread = threading.Thread(target=_serve, args=(loop, ready), name="quod-models", daemon=True)
                thread.start()
                ready.wait()
                weakref.finalize(self, _stop, loop, thread)
                self._loop = loop
            return self._loop


def _serve(loop: asyncio.AbstractEventLoop, ready: threading.Event) -> None:
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.get_loop().call_soon(ready.set)
        loop.run_forever()


def _stop(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
    loop.call_soon_threadsafe(loop.stop)
    if thread is not threading.current_thread():  # the last reference may die anywhere
        thread.join(5.0)
