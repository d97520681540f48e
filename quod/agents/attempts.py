"""One tool call with its timeout and retries; however it ends is data."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from quod import errors

MAX_VALUE = 64_000_000
"""Characters of the JSON of one output."""
MAX_MESSAGE = 2000
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
"""Seconds before the first repetition, doubled for each further one."""
REPEATED = (errors.ToolFailed, errors.Unavailable)
"""Errors after which a call may be tried again."""


@dataclass(frozen=True)
class Policy:
    """How calls of one tool are made.

    At most `concurrency` at the same time; each attempt for `timeout` seconds; ToolFailed and Unavailable are
    tried again up to `retries` times, after a short pause that doubles. None: no limit.
    """

    concurrency: int | None = None
    timeout: float | None = None
    retries: int = 0


@dataclass(frozen=True)
class Ended:
    """How a task ended: with a JSON value, or with an error after `attempts` calls."""

    value: Any = None
    error: Exception | None = None
    attempts: int = 0


async def attempt(call: Callable[[], Awaitable[Any]], policy: Policy) -> Ended:
    """Call until it succeeds, fails for good, or the retries are used up.

    Never raises an Exception; what is none (a cancellation, KeyboardInterrupt) goes through.
    """
    for number in range(1, policy.retries + 2):
        try:
            value = as_json(await _within(policy.timeout, call))
        except Exception as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():  # the call answered its cancellation with this error
                raise asyncio.CancelledError from error
            if number > policy.retries or not isinstance(error, REPEATED):
                return Ended(error=error, attempts=number)
            await asyncio.sleep(min(FIRST_PAUSE * 2 ** (number - 1), LONGEST_PAUSE))
        else:
            return Ended(value, attempts=number)
    raise AssertionError("the last attempt returns")


def as_json(value: Any) -> Any:
    """A copy of `value` as JSON has it: tuples are lists, keys are text.

    Raises TypeError or ValueError for what JSON cannot say (also NaN), and for what is longer than MAX_VALUE.
    """
    if value is None or isinstance(value, bool):
        return value
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"the tool gave a value that is not JSON: {error}") from error
    if len(text) > MAX_VALUE:
        raise ValueError(f"the tool gave {len(text)} characters of JSON; at most {MAX_VALUE} are kept")
    return json.loads(text)


def describe(error: BaseException) -> str:
    """The message of an error for the joiner and the trace; of others than quod's with their type."""
    try:
        text = str(error)
    except Exception:
        text = "(its message cannot be read)"
    if not isinstance(error, errors.QuodError):
        text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return text if len(text) <= MAX_MESSAGE else text[:MAX_MESSAGE] + " …"


async def _within(seconds: float | None, call: Callable[[], Awaitable[Any]]) -> Any:
    if seconds is None:
        return await call()
    try:
        async with asyncio.timeout(seconds) as scope:
            return await call()
    except TimeoutError:
        if scope.expired():
            raise errors.LimitExceeded("seconds", None, seconds) from None
        raise
