"""What the scripted server receives and answers, and how an answer looks on the wire."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """One request that the server received; `json` is its parsed body."""

    path: str
    headers: Mapping[str, str]
    json: Mapping[str, Any]

    @property
    def messages(self) -> Sequence[Mapping[str, str]]:
        """The messages of a chat completion."""
        found: Sequence[Mapping[str, str]] = self.json.get("messages", [])
        return found


@dataclass(frozen=True)
class Scripted:
    """One reply of the script.

    `finish_reason="length"` plays a truncated reply, `refusal` a refused one; `status` other than 200 an
    error with `text` as its message; `delay` waits that many seconds first, `seconds_per_token` paces the
    reply (a token is four characters here), streamed or not; `body` sends these bytes instead of a
    completion; `drop` closes the connection without an answer, `break_after` after so many tokens of a
    streamed one. `cached_tokens` are part of `input_tokens`, `reasoning_tokens` of `output_tokens`;
    without `usage` no tokens are reported.
    """

    text: str = ""
    finish_reason: str = "stop"
    status: int = 200
    delay: float = 0.0
    input_tokens: int = 100
    output_tokens: int = 50
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    drop: bool = False
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    usage: bool = True
    refusal: str | None = None
    seconds_per_token: float = 0.0
    break_after: int | None = None

    @property
    def tokens(self) -> list[str]:
        """The text in pieces of four characters."""
        return [self.text[start : start + 4] for start in range(0, len(self.text), 4)]


Script = Sequence[str | Scripted] | Callable[[Request], str | Scripted]
"""Replies in the order of the requests, or a function that finds the reply to each request."""


def completion(reply: Scripted, model: str) -> dict[str, Any]:
    """The body of an answer in one piece."""
    message = {
        "role": "assistant",
        "content": None if reply.refusal else reply.text,
        "refusal": reply.refusal,
    }
    choice = {"index": 0, "message": message, "finish_reason": reply.finish_reason}
    document = {**_head(model), "object": "chat.completion", "choices": [choice]}
    return {**document, "usage": _usage(reply)} if reply.usage else document


def events(reply: Scripted, asked: Mapping[str, Any]) -> Iterator[tuple[bytes, bool]]:
    """The events of a streamed answer to the request `asked`, each with whether it holds a token."""
    head = {**_head(str(asked.get("model"))), "object": "chat.completion.chunk"}

    def event(delta: Mapping[str, Any], finish_reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return _event({**head, "choices": [choice]})

    yield event({"role": "assistant", "content": ""}), False
    if reply.refusal:
        yield event({"refusal": reply.refusal}), False
    for token in reply.tokens if not reply.refusal else []:
        yield event({"content": token}), True
    yield event({}, reply.finish_reason), False
    if reply.usage and (asked.get("stream_options") or {}).get("include_usage"):
        yield _event({**head, "choices": [], "usage": _usage(reply)}), False
    yield b"data: [DONE]\n\n", False


def error(message: str) -> dict[str, Any]:
    """The body of an error."""
    return {"error": {"message": message, "type": "scripted", "code": None}}


def _event(document: Mapping[str, Any]) -> bytes:
    return b"data: " + json.dumps(document).encode() + b"\n\n"


def _head(model: str) -> dict[str, Any]:
    return {"id": "chatcmpl-scripted", "created": int(time.time()), "model": model}


def _usage(reply: Scripted) -> dict[str, Any]:
    return {
        "prompt_tokens": reply.input_tokens,
        "completion_tokens": reply.output_tokens,
        "total_tokens": reply.input_tokens + reply.output_tokens,
        "prompt_tokens_details": {"cached_tokens": reply.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": reply.reasoning_tokens},
    }
