"""A model that answers from a script, for tests and examples without an endpoint."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Sequence

from quod import errors, jobs
from quod.models import base, pricing

Answer = str | base.Reply | Exception
Script = Sequence[Answer] | Callable[[base.Request], Answer | Awaitable[Answer]]


class ScriptedModel:
    """Answers the n-th request with the n-th of `replies`, or with what the function `replies` returns.

    A text counts as one call with a token for every four characters. An exception is raised. When the
    script is over, the last reply is given again if `repeat_last`, else ToolFailed is raised. `requests` is
    what was asked so far. A reply starts after `first_token_seconds` and comes at one token (four
    characters) each `seconds_per_token`, streamed or not. A budget of money needs a `price`.
    """

    def __init__(
        self,
        replies: Script = (),
        *,
        name: str = "scripted",
        repeat_last: bool = False,
        seconds_per_token: float = 0.0,
        first_token_seconds: float = 0.0,
        price: pricing.Price | None = None,
    ) -> None:
        self.name, self.price = name, price
        self.requests: list[base.Request] = []
        self._replies = replies
        self._repeat_last = repeat_last
        self._per_token, self._first_token = seconds_per_token, first_token_seconds

    async def complete(self, request: base.Request, on_text: base.OnText | None = None) -> base.Reply:
        """See `ChatModel.complete`."""
        self.requests.append(request)
        answer = await self._answer(request, len(self.requests) - 1)
        if isinstance(answer, Exception):
            raise answer
        reply = answer if isinstance(answer, base.Reply) else _reply(request, answer)
        if self._first_token:
            await asyncio.sleep(self._first_token)
        for start in range(0, len(reply.text), 4):
            if self._per_token:
                await asyncio.sleep(self._per_token)
            if on_text:
                on_text(reply.text[start : start + 4])
        return reply

    async def _answer(self, request: base.Request, place: int) -> Answer:
        if callable(self._replies):
            found = self._replies(request)
            return await found if inspect.isawaitable(found) else found
        if place < len(self._replies):
            return self._replies[place]
        if self._repeat_last and self._replies:
            return self._replies[-1]
        raise errors.ToolFailed("the script has no more replies", tool=self.name)


def _reply(request: base.Request, text: str) -> base.Reply:
    asked = sum(len(message["content"]) for message in request.messages)
    usage = jobs.Usage(model_calls=1, input_tokens=-(-asked // 4), output_tokens=-(-len(text) // 4))
    return base.Reply(text=text, usage=usage)
