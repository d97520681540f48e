"""Access to language models: the protocol that every model client follows."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from quod import jobs

Message = Mapping[str, str]
"""`role` ("system", "user" or "assistant") and `content`."""
REFUSALS = ("content_filter", "refusal")
"""Values of `finish_reason` that mean: the model or its provider does not want to answer."""
OnText = Callable[[str], None]
"""Called with each piece of a reply while it arrives."""


@dataclass(frozen=True)
class Request:
    """One question to a model.

    `schema` is a JSON schema that the reply should fit; an endpoint that cannot enforce it is told in words
    or not at all, so every reply is validated. `temperature`, `max_tokens` and `seed` are the endpoint's
    defaults when None. `sample` numbers repeated questions from 0: replies to the same question with another
    sample number are independent draws.
    """

    messages: Sequence[Message]
    schema: Mapping[str, Any] | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    stop: Sequence[str] = ()
    sample: int = 0


def instructed(
    instructions: str, data: Mapping[str, Any], schema: Mapping[str, Any] | None = None
) -> Request:
    """Instructions, and beside them `data` as one JSON document: what stands in it is never instructions."""
    return Request(
        [
            {"role": "system", "content": instructions},
            {"role": "user", "content": json.dumps(data, ensure_ascii=False)},
        ],
        schema=schema,
        temperature=0.0,
    )


@dataclass(frozen=True)
class Reply:
    """What a model answered.

    `finish_reason` is "length" when the reply was cut off, "refusal" when `text` is the model's reason not to
    answer, else as reported.
    """

    text: str
    finish_reason: str = "stop"
    usage: jobs.Usage = field(default_factory=jobs.Usage)


class ChatModel(Protocol):
    """One model behind one endpoint, or something that wraps one (a cache, a budget)."""

    name: str

    async def complete(self, request: Request, on_text: OnText | None = None) -> Reply:
        """Answer `request`; with `on_text` the pieces of the reply are handed over as they arrive.

        Raises Unavailable (try again later), Misconfigured (a setting is wrong), LimitExceeded (a budget ran
        out) or ToolFailed (refused).
        """
