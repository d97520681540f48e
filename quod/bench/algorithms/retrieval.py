"""Retrieval: find one code in n characters full of similar codes, or say that it is not there."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from quod.bench.algorithms import base, replies, texts
from quod.models import base as models
from quod.models import parametric

INSTRUCTION = (
    "Find the access code of one thing in the text. "
    "Answer with its six digits, or with the word none if the text does not tell it."
)
NONE = "none"
_CODE = re.compile(r"The access code of the (\w+ \w+) is (\d{6})\.")


@dataclass(frozen=True)
class Instance:
    """A text, the thing asked for, and its code (None: the text does not tell it)."""

    text: str
    thing: str
    answer: str | None


class Retrieval:
    """Windows of m characters, half overlapping; the majority of the windows that give a code wins.

    Small windows are many, and each can invent a code; large ones miss it: the error falls, then rises.
    """

    name = "retrieval"
    unit = "characters"
    overlap = True
    binary = frozenset({"error", "exact_match", "hallucination"})

    def __init__(
        self, error: parametric.ErrorRate | None = None, *, invented: float = 0.01, absent: float = 0.5
    ) -> None:
        self.error = error or parametric.ErrorRate(scale=20000, power=1.0)
        self.invented = invented
        """Chance that the scripted model gives a code for a window without it."""
        self.absent = absent
        """Share of inputs that do not tell the code."""

    def generate(self, n: int, draw: random.Random) -> Instance:
        """Sentences about 23 of 24 things, and at most one about the last."""
        thing = draw.choice(texts.THINGS)
        others = [other for other in texts.THINGS if other != thing]
        answer = None if draw.random() < self.absent else _random_code(draw)
        needles = [] if answer is None else [_sentence(thing, answer)]

        def filler() -> str:
            return _sentence(draw.choice(others), _random_code(draw))

        return Instance(texts.haystack(n, needles, filler, draw), thing, answer)

    def ask(self, instance: Instance, start: int, end: int) -> models.Request:
        """Look into one window."""
        after = f"\n\nWhat is the access code of the {instance.thing}?"
        return base.request(INSTRUCTION, instance.text[start:end], after=after)

    def read(self, text: str) -> str | None:
        """A code, "none", or None for a reply that is neither."""
        code = replies.last_code(text)
        return code if code or NONE not in text[: replies.LONGEST].lower() else NONE

    def right(self, instance: Instance, start: int, end: int, value: Any | None) -> bool:
        """Whether the window was read right."""
        return bool(value == (_code(instance.text[start:end], instance.thing) or NONE))

    def vote(self, values: Sequence[Any]) -> Any | None:
        """The most frequent reply."""
        return replies.majority(values)

    def merge(self, instance: Instance, values: Sequence[str | None]) -> str | None:
        """The code that most windows give, None when no window gives one."""
        return replies.majority([value for value in values if value is not None and value != NONE])

    def final(self, instance: Instance, merged: Any) -> None:
        """No last call."""

    def read_final(self, text: str) -> None:
        """No last call."""

    def score(self, instance: Instance, answer: str | None) -> base.Scores:
        """Exact match where there is a code, hallucination where there is none; the error covers both."""
        right = float(answer == instance.answer)
        there = instance.answer is not None
        return {
            "error": 1 - right,
            "exact_match": right if there else None,
            "hallucination": None if there else 1 - right,
        }

    def skills(self) -> Sequence[parametric.Skill]:
        """A code that is there is missed with the rate; one that is not is invented with its own chance."""

        def answer(content: str, rate: float, draw: random.Random) -> str:
            thing = content.rpartition("access code of the ")[2].rstrip("?")
            code = _code(base.text_of(content, INSTRUCTION) or "", thing)
            if code is None:
                return _random_code(draw) if draw.random() < self.invented else NONE
            return NONE if draw.random() < rate else code

        return [parametric.Skill(self.name, base.characters_after(INSTRUCTION), answer, self.error)]


def _sentence(thing: str, code: str) -> str:
    return f"The access code of the {thing} is {code}."


def _random_code(draw: random.Random) -> str:
    return f"{draw.randrange(10**6):06d}"


def _code(text: str, thing: str) -> str | None:
    return next((code for name, code in _CODE.findall(text) if name == thing), None)
