"""Counting: how many digits does a string of n characters hold? Pieces are counted, the counts added."""

from __future__ import annotations

import random
import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from quod.bench.algorithms import base, replies
from quod.models import base as models
from quod.models import parametric

INSTRUCTION = "Count the digits (0 to 9) in the text. Answer with one whole number and nothing else."


@dataclass(frozen=True)
class Instance:
    """A string and the number of digits in it."""

    text: str
    answer: int


class Counting:
    """k = ⌈n/m⌉ disjoint pieces; the error is |ŷ − y| / n."""

    name = "counting"
    unit = "characters"
    overlap = False
    binary = frozenset({"exact_match"})

    def __init__(self, error: parametric.ErrorRate | None = None) -> None:
        self.error = error or parametric.ErrorRate(scale=1000, power=1.0)

    def generate(self, n: int, draw: random.Random) -> Instance:
        """n characters, a digit or a letter with equal chance."""
        text = "".join(draw.choice(draw.choice((string.digits, string.ascii_letters))) for _ in range(n))
        return Instance(text, _digits(text))

    def ask(self, instance: Instance, start: int, end: int) -> models.Request:
        """Count in one piece."""
        return base.request(INSTRUCTION, instance.text[start:end])

    def read(self, text: str) -> int | None:
        """The last whole number."""
        return replies.last_integer(text)

    def right(self, instance: Instance, start: int, end: int, value: Any | None) -> bool:
        """Whether the count of the piece is right."""
        return bool(value == _digits(instance.text[start:end]))

    def vote(self, values: Sequence[Any]) -> Any | None:
        """The most frequent count."""
        return replies.majority(values)

    def merge(self, instance: Instance, values: Sequence[int | None]) -> int:
        """The sum; a piece without a count adds nothing."""
        return sum(value for value in values if value is not None)

    def final(self, instance: Instance, merged: Any) -> None:
        """No last call."""

    def read_final(self, text: str) -> None:
        """No last call."""

    def score(self, instance: Instance, answer: int | None) -> base.Scores:
        """Normalised error, and whether the count is right."""
        found = answer or 0
        error = abs(found - instance.answer) / len(instance.text)
        return {"error": min(1.0, error), "exact_match": float(found == instance.answer)}

    def skills(self) -> Sequence[parametric.Skill]:
        """A count with a normal error; the rate is its standard deviation over the length of the piece."""

        def answer(content: str, rate: float, draw: random.Random) -> str:
            text = base.text_of(content, INSTRUCTION) or ""
            return str(max(0, round(_digits(text) + draw.gauss(0, rate * len(text)))))

        return [parametric.Skill(self.name, base.characters_after(INSTRUCTION), answer, self.error)]


def _digits(text: str) -> int:
    return sum(character in string.digits for character in text)
