"""A model whose error rate, latency and token use are known functions of the size of what it is asked.

What it cannot stand for: errors of real models are neither independent between requests nor functions of the
size alone, and a real endpoint slows down under load. It is there to test what is built on such models, and
to measure schedulers: it really waits for its replies.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from quod import errors, jobs
from quod.models import base


@dataclass(frozen=True)
class ErrorRate:
    """ε(m) = floor + (m / scale)^power, at most 1, for a sub-task of size m in the unit of the skill."""

    floor: float = 0.0
    scale: float = 1000.0
    power: float = 1.0

    def __call__(self, size: float) -> float:
        """The error rate at this size."""
        return min(1.0, self.floor + math.pow(size / self.scale, self.power))


@dataclass(frozen=True)
class Timing:
    """Seconds of a reply: (base + per_input·input tokens + per_output·output tokens)·noise.

    The noise is log-normal with mean 1; `jitter` is the standard deviation of its logarithm.
    """

    base: float = 0.03
    per_input: float = 0.0001
    per_output: float = 0.001
    jitter: float = 0.0

    def __call__(self, input_tokens: int, output_tokens: int, draw: random.Random) -> float:
        """Seconds that this reply takes."""
        noise = math.exp(draw.gauss(-(self.jitter**2) / 2, self.jitter)) if self.jitter else 1.0
        return (self.base + self.per_input * input_tokens + self.per_output * output_tokens) * noise


@dataclass(frozen=True)
class Skill:
    """One kind of question that the model answers.

    `size` measures the last message, None when it is another kind of question. `answer` gives the reply for
    that message, an error rate and a source of randomness; what the rate means is the skill's own matter.
    """

    name: str
    size: Callable[[str], float | None]
    answer: Callable[[str, float, random.Random], str]
    error: ErrorRate


class ParametricModel:
    """A `ChatModel` with skills instead of weights.

    The same seed and request (its `sample` included) give the same reply after the same time. Tokens are
    `characters_per_token` characters each, rounded up.
    """

    def __init__(
        self,
        skills: Sequence[Skill],
        *,
        timing: Timing | None = None,
        seed: int = 0,
        characters_per_token: float = 4.0,
        name: str = "parametric",
    ) -> None:
        self.name, self.skills, self.seed = name, tuple(skills), seed
        self.timing = timing or Timing()
        self.characters_per_token = characters_per_token

    async def complete(self, request: base.Request, on_text: base.OnText | None = None) -> base.Reply:
        """Wait as long as the reply takes, then give it. Raises ToolFailed when no skill fits."""
        question = request.messages[-1]["content"] if request.messages else ""
        draw = random.Random(self._key(request))
        text = self._answer(question, draw)
        input_tokens = sum(self._tokens(message["content"]) for message in request.messages)
        output_tokens = self._tokens(text)
        finish_reason = "stop"
        if request.max_tokens is not None and output_tokens > request.max_tokens:
            text = text[: int(request.max_tokens * self.characters_per_token)]
            output_tokens, finish_reason = request.max_tokens, "length"
        await asyncio.sleep(self.timing(input_tokens, output_tokens, draw))
        if on_text is not None:
            on_text(text)
        usage = jobs.Usage(model_calls=1, input_tokens=input_tokens, output_tokens=output_tokens)
        return base.Reply(text, finish_reason, usage)

    def _answer(self, question: str, draw: random.Random) -> str:
        for skill in self.skills:
            size = skill.size(question)
            if size is not None:
                return skill.answer(question, skill.error(size), draw)
        known = ", ".join(skill.name for skill in self.skills)
        raise errors.ToolFailed(f"{self.name} has no skill for this request; it knows: {known}")

    def _tokens(self, text: str) -> int:
        return max(1, math.ceil(len(text) / self.characters_per_token))

    def _key(self, request: base.Request) -> int:
        """A number that depends on the request and not on the process."""
        content = [self.seed, request.sample, request.seed, [dict(m) for m in request.messages]]
        digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).digest()
        return int.from_bytes(digest[:8], "big")
