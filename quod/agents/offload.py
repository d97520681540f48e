"""Blocking work beside the event loop: in a thread whose child processes end when the task is cancelled."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from quod.workers import runner

T = TypeVar("T")

THREADS = 64
"""Threads for blocking work; they mostly wait for child processes, whose number the tools' limits bound."""

_pool = concurrent.futures.ThreadPoolExecutor(THREADS, thread_name_prefix="quod")


async def offload(function: Callable[..., T], *arguments: Any) -> T:
    """`function(*arguments)` in a thread.

    When the awaiting task is cancelled, the processes that the function runs through `quod.workers.runner`
    are killed, and the cancellation goes on only after they are gone.
    """
    cancellation = runner.Cancellation()

    def body() -> T:
        with cancellation.active():
            return function(*arguments)

    future = asyncio.get_running_loop().run_in_executor(_pool, contextvars.copy_context().run, body)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        cancellation.cancel()
        await asyncio.wait([future])
        if not future.cancelled():
            future.exception()  # looked at, so that nobody warns that it was not
        raise


def run_sync(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end from synchronous code, also where a loop runs already (a notebook)."""
    if not _in_loop():
        return asyncio.run(main)
    return _beside(main)


def _beside(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a loop of another thread; an interrupt of this one cancels it and waits."""
    found: concurrent.futures.Future[T] = concurrent.futures.Future()
    ready: concurrent.futures.Future[Callable[[], object]] = concurrent.futures.Future()

    async def watched() -> T:
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None
        ready.set_result(lambda: loop.call_soon_threadsafe(task.cancel))
        return await main

    def body() -> None:
        try:
            found.set_result(asyncio.run(watched()))
        except BaseException as error:
            found.set_exception(error)

    thread = threading.Thread(target=body, name="quod-loop")
    thread.start()
    try:
        return found.result()
    except BaseException:
        if not found.done():
            ready.result()()
        raise
    finally:
        thread.join()


def _in_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
