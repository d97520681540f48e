"""Access to language models: the protocol that every model client follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from quod import jobs

Message = Mapping[str, str]
"""`role` ("system", "user" or "assistant") and `content`."""


@dataclass(frozen=True)
class Reply:
    """What a model answered; `finish_reason` is "length" when the reply was cut off, else as reported."""

    text: str
    finish_reason: str = "stop"
    usage: jobs.Usage = field(default_factory=jobs.Usage)


class ChatModel(Protocol):
    """One model behind one endpoint."""

    def complete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Reply:
        """Answer `messages`, as JSON that fits the JSON schema `schema` where the endpoint can enforce it.

        Raises Unavailable (try again later), Misconfigured (a setting is wrong) or ToolFailed (refused).
        """
