"""Replies that are kept and used again: one call for equal questions, also at the same time."""

from __future__ import annotations

import asyncio
import hashlib
import json
import urllib.parse
from collections.abc import Callable
from typing import Any

from quod import errors, jobs
from quod.models import base, store


def question(model: str, request: base.Request, max_tokens: int) -> str:
    """The canonical JSON of what is asked: everything that can change a reply but the URL and the sample.

    `max_tokens` is what holds where the request says nothing. The order of keys does not count.
    """
    temperature = None if request.temperature is None else float(request.temperature)
    document: dict[str, Any] = {
        "model": model,
        "messages": [dict(message) for message in request.messages],
        "schema": request.schema,
        "temperature": temperature,
        "max_tokens": request.max_tokens or max_tokens,
        "seed": request.seed,
        "stop": list(request.stop),
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def place(url: str) -> str:
    """The URL as it stands in the cache: without user, password and query, which can be secret."""
    parts = urllib.parse.urlsplit(url)
    host = parts.netloc.rpartition("@")[2].lower()
    return urllib.parse.urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))


class Cache:
    """A store, and the calls that are under way."""

    def __init__(self, kept: store.Store) -> None:
        self.store = kept
        self.flights: dict[tuple[asyncio.AbstractEventLoop, str], asyncio.Future[base.Reply | None]] = {}


class Cached:
    """A model whose replies are kept.

    `url` is where the model is; `model` makes new replies, and when it is None nothing is asked and a
    missing reply is Misconfigured. Then `url` may be None as well: the reply of any endpoint counts, unless
    several endpoints gave different ones. Replies from the cache are told to `count` and cost nothing.
    """

    def __init__(
        self,
        name: str,
        url: str | None,
        model: base.ChatModel | None,
        cache: Cache,
        *,
        max_tokens: int = 4096,
        count: Callable[[jobs.Usage], None] = lambda usage: None,
    ) -> None:
        self.name = name
        self._url = None if url is None else place(url)
        self._model, self._cache = model, cache
        self._max_tokens, self._count = max_tokens, count

    async def complete(self, request: base.Request, on_text: base.OnText | None = None) -> base.Reply:
        """See `ChatModel.complete`; a kept reply comes in one piece."""
        asked = question(self.name, request, self._max_tokens)
        flight_key = (asyncio.get_running_loop(), f"{self._url} {request.sample} {asked}")
        flights = self._cache.flights
        while flight_key in flights:
            shared = await asyncio.shield(flights[flight_key])
            if shared is not None:  # else who asked first gave up
                return self._again(shared, on_text)
        flight = flight_key[0].create_future()
        flights[flight_key] = flight
        try:
            reply, kept = await self._find(asked, request, on_text)
        except Exception as error:
            flight.set_exception(error)
            flight.exception()  # there may be nobody else to tell
            raise
        else:
            flight.set_result(reply)
        finally:
            if not flight.done():
                flight.set_result(None)
            del flights[flight_key]
        return self._again(reply, on_text) if kept else reply

    async def _find(
        self, asked: str, request: base.Request, on_text: base.OnText | None
    ) -> tuple[base.Reply, bool]:
        """The reply, and whether it was kept."""
        key = hashlib.sha256(asked.encode()).hexdigest()
        found = await asyncio.to_thread(self._cache.store.find, key, request.sample)
        own = [item for item in found if self._url in (None, item.url)]
        if own:
            self._unambiguous(own)
            return own[0].reply, True
        if self._model is None or self._url is None:
            raise self._missing(request, [item.url for item in found])
        reply = await self._model.complete(request, on_text)
        if _worth_keeping(reply):
            await asyncio.to_thread(self._cache.store.put, key, self._url, request.sample, asked, reply)
        return reply, False

    def _again(self, reply: base.Reply, on_text: base.OnText | None) -> base.Reply:
        usage = jobs.Usage(cached_replies=1)
        self._count(usage)
        if on_text is not None and reply.text:
            on_text(reply.text)
        return base.Reply(text=reply.text, finish_reason=reply.finish_reason, usage=usage)

    def _unambiguous(self, found: list[store.Found]) -> None:
        if len({(item.reply.text, item.reply.finish_reason) for item in found}) > 1:
            places = " and ".join(item.url for item in found)
            raise errors.Misconfigured(
                f"QUOD_CACHE=replay: {self.name} answered differently at {places}; set QUOD_MODEL_URL to one "
                "of them",
                setting="model_url",
            )

    def _missing(self, request: base.Request, elsewhere: list[str]) -> errors.Misconfigured:
        last = request.messages[-1]["content"] if request.messages else ""
        words = " ".join(last[:400].split())[:80]
        message = (
            f"QUOD_CACHE=replay: {self._cache.store.path} has no reply of {self.name} to {words!r} (sample "
            f"{request.sample})"
        )
        if elsewhere:
            message += (
                f" from {self._url}, but one from {elsewhere[0]}; set QUOD_MODEL_URL to that, or to nothing"
            )
        else:
            message += "; record it with QUOD_CACHE=on"
        return errors.Misconfigured(message, setting="cache")


def _worth_keeping(reply: base.Reply) -> bool:
    """Refusals, truncated and empty replies are accidents that another call can mend."""
    return bool(reply.text.strip()) and reply.finish_reason not in ("length", *base.REFUSALS)
