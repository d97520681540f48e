"""What all models at one endpoint share in one event loop: connections, a limit of calls, what it refuses."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import openai

Grammar = Literal["response_format", "structured_outputs", "none"]


class Slots:
    """A limit of calls at the same time, first come first served; each caller brings its own limit."""

    def __init__(self) -> None:
        self._active = 0
        self._waiting: collections.deque[tuple[int, asyncio.Future[None]]] = collections.deque()

    @contextlib.asynccontextmanager
    async def held(self, limit: int) -> AsyncIterator[None]:
        """Wait until fewer than `limit` calls run, then be one of them."""
        await self._acquire(limit)
        try:
            yield
        finally:
            self._active -= 1
            self._hand_on()

    async def _acquire(self, limit: int) -> None:
        if not self._waiting and self._active < limit:
            self._active += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((limit, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # the slot came in the moment of the cancellation
                self._active -= 1
            turn.cancel()
            self._hand_on()
            raise

    def _hand_on(self) -> None:
        while self._waiting:
            limit, turn = self._waiting[0]
            if not turn.done():
                if self._active >= limit:
                    return
                self._active += 1
                turn.set_result(None)
            self._waiting.popleft()


@dataclass
class Dialect:
    """What a model at an endpoint takes; learned from refusals, so that each is met once."""

    grammar: Grammar = "response_format"
    length: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    stream_usage: bool = True


class Connections:
    """The connections that models with the same key and limits share, until the last of them is closed.

    They are closed at the end of the event loop at the latest: `asyncio.run` ends the asynchronous generators
    of its loop, and this object keeps one that closes the connections at its own end.
    """

    def __init__(self, client: openai.AsyncOpenAI, forget: Callable[[], object]) -> None:
        self.client = client
        self.users: weakref.WeakSet[object] = weakref.WeakSet()
        self._keeper = self._kept(forget)

    async def open(self) -> None:
        """Let the event loop know that there is something to close."""
        await anext(self._keeper)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._keeper.aclose()

    async def _kept(self, forget: Callable[[], object]) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            forget()
            await self.client.close()


@dataclass
class Endpoint:
    """State of one URL in one event loop."""

    url: str
    slots: Slots = field(default_factory=Slots)
    dialects: dict[str, Dialect] = field(default_factory=dict)
    learning: asyncio.Lock = field(default_factory=asyncio.Lock)
    connections: dict[tuple[str | None, float, int], Connections] = field(default_factory=dict)

    def dialect(self, model: str) -> Dialect:
        """Of the model with that name at this endpoint."""
        return self.dialects.setdefault(model, Dialect())

    async def client(self, user: object, key: str | None, timeout: float, retries: int) -> openai.AsyncOpenAI:
        """The library's client with these limits, for `user` until it is released."""
        limits = (key, timeout, retries)
        if limits not in self.connections:
            import openai  # a second of imports that only users of a model should pay

            # Local servers need no key, but the library insists on one.
            client = openai.AsyncOpenAI(
                base_url=self.url, api_key=key or "none", timeout=timeout, max_retries=retries
            )
            shared = Connections(client, lambda: self.connections.pop(limits, None))
            self.connections[limits] = shared
            await shared.open()
        self.connections[limits].users.add(user)
        return self.connections[limits].client

    async def release(self, user: object) -> None:
        """Close what nobody but `user` used."""
        for shared in list(self.connections.values()):
            if user in shared.users:
                shared.users.discard(user)
                if not shared.users:
                    await shared.aclose()


_endpoints: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Endpoint]] = (
    weakref.WeakKeyDictionary()
)


def at(url: str) -> Endpoint:
    """The shared state of `url` in the running event loop."""
    of_loop = _endpoints.setdefault(asyncio.get_running_loop(), {})
    return of_loop.setdefault(url.rstrip("/"), Endpoint(url))
