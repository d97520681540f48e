"""OpenAI's chat-completions protocol: a request as its JSON body, and what is read from the answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from quod import jobs
from quod.models import base, endpoint


class NotACompletion(ValueError):
    """The answer is not a chat completion."""


class BrokenOff(ConnectionError):
    """The stream ended before the reply did."""


class ListenerFailed(Exception):
    """`on_text` raised `error`, which is its own affair and not the endpoint's."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


def body(request: base.Request, model: str, max_tokens: int, dialect: endpoint.Dialect) -> dict[str, Any]:
    """Arguments of the library's `chat.completions.create`; what is None is left to the endpoint.

    Samples of a seeded request get successive seeds, because equal seeds would give equal replies.
    """
    found: dict[str, Any] = {
        "model": model,
        "messages": [dict(message) for message in request.messages],
        dialect.length: request.max_tokens or max_tokens,
    }
    if request.temperature is not None:
        found["temperature"] = request.temperature
    if request.seed is not None:
        found["seed"] = request.seed + request.sample
    if request.stop:
        found["stop"] = list(request.stop)
    if request.schema is not None and dialect.grammar == "response_format":
        shape = {"name": "reply", "schema": dict(request.schema), "strict": False}
        found["response_format"] = {"type": "json_schema", "json_schema": shape}
    elif request.schema is not None and dialect.grammar == "structured_outputs":
        found["extra_body"] = {"structured_outputs": {"json": dict(request.schema)}}
    return found


def reply(completion: Any) -> base.Reply:
    """Of an answer in one piece. Raises NotACompletion."""
    try:
        choice = completion.choices[0]
        text, refusal = choice.message.content, getattr(choice.message, "refusal", None)
        return _reply(text or "", refusal, choice.finish_reason, completion.usage)
    except (AttributeError, IndexError, TypeError):
        raise NotACompletion("the answer is not a chat completion") from None


async def streamed(chunks: AsyncIterator[Any], on_text: base.OnText) -> base.Reply:
    """Of an answer in pieces, which `on_text` is given as they come.

    Raises NotACompletion, BrokenOff and ListenerFailed.
    """
    pieces, refusals = list[str](), list[str]()
    finish_reason, counted = None, None
    async for chunk in chunks:
        try:
            counted = getattr(chunk, "usage", None) or counted
            if not chunk.choices:  # the last one, which has the usage
                continue
            choice = chunk.choices[0]
            piece, refusal = choice.delta.content, getattr(choice.delta, "refusal", None)
            finish_reason = choice.finish_reason or finish_reason
        except (AttributeError, IndexError, TypeError):
            raise NotACompletion("the answer is not a stream of chat completions") from None
        if refusal:
            refusals.append(refusal)
        if piece:
            pieces.append(piece)
            try:
                on_text(piece)
            except Exception as error:
                raise ListenerFailed(error) from None
    if finish_reason is None:
        raise BrokenOff("the stream ended before the reply did")
    return _reply("".join(pieces), "".join(refusals), finish_reason, counted)


def _reply(text: str, refusal: str | None, finish_reason: str | None, counted: Any) -> base.Reply:
    if refusal:
        text, finish_reason = text or refusal, "refusal"
    return base.Reply(text=text, finish_reason=finish_reason or "stop", usage=_usage(counted))


def _usage(counted: Any) -> jobs.Usage:
    """Tokens as reported; zeros where the endpoint reports none."""
    return jobs.Usage(
        model_calls=1,
        input_tokens=_count(counted, "prompt_tokens"),
        output_tokens=_count(counted, "completion_tokens"),
        cached_tokens=_count(counted, "prompt_tokens_details", "cached_tokens"),
        reasoning_tokens=_count(counted, "completion_tokens_details", "reasoning_tokens"),
    )


def _count(found: Any, *path: str) -> int:
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else getattr(found, name, None)
    return found if isinstance(found, int) and found > 0 else 0
