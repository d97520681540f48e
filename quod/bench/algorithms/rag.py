"""Retrieval-augmented generation: a passcode whose digits are told in sentences all over a text."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from quod.bench.algorithms import base, replies, texts
from quod.models import base as models
from quod.models import parametric

RETRIEVE = (
    "Copy from the text every whole sentence about the passcode of one thing, one sentence on each line. "
    "Answer with the word none if there is no such sentence."
)
ANSWER = (
    "The sentences in the text tell the digits of a passcode, by position, in no order. "
    "Answer with the digits from first to last and nothing else; write 0 for a digit that is not told."
)
_DIGIT = re.compile(r"Digit (\d{1,3}) of the passcode of the (\w+ \w+) is (\d)\.")


@dataclass(frozen=True)
class Instance:
    """A text, the thing asked for, and its passcode."""

    text: str
    thing: str
    answer: str


class Rag:
    """Half-overlapping windows of m characters give sentences; one last call reads the passcode in them."""

    name = "rag"
    unit = "characters"
    overlap = True
    binary = frozenset({"exact_match"})

    def __init__(
        self,
        error: parametric.ErrorRate | None = None,
        *,
        final_error: parametric.ErrorRate | None = None,
        digits: int = 10,
    ) -> None:
        self.error = error or parametric.ErrorRate(scale=40000, power=1.0)
        self.final_error = final_error or parametric.ErrorRate(scale=2000, power=1.0)
        self.digits = digits

    def generate(self, n: int, draw: random.Random) -> Instance:
        """Sentences about the digits of 24 passcodes; those of one of them are complete."""
        thing = draw.choice(texts.THINGS)
        others = [other for other in texts.THINGS if other != thing]
        passcode = "".join(str(draw.randrange(10)) for _ in range(self.digits))
        needles = [_sentence(i + 1, thing, digit) for i, digit in enumerate(passcode)]

        def filler() -> str:
            return _sentence(draw.randint(1, self.digits), draw.choice(others), str(draw.randrange(10)))

        return Instance(texts.haystack(n, needles, filler, draw), thing, passcode)

    def ask(self, instance: Instance, start: int, end: int) -> models.Request:
        """Retrieve from one window."""
        after = f"\n\nWhich sentences are about the passcode of the {instance.thing}?"
        return base.request(RETRIEVE, instance.text[start:end], after=after)

    def read(self, text: str) -> list[str] | None:
        """The sentences; None for a reply without a word."""
        return replies.sentences(text) if text.strip() else None

    def right(self, instance: Instance, start: int, end: int, value: Any | None) -> bool:
        """Whether exactly the sentences of the window about the thing were found."""
        return value is not None and set(value) == set(_about(instance.text[start:end], instance.thing))

    def vote(self, values: Sequence[Any]) -> Any | None:
        """The most frequent set of sentences."""
        winner = replies.majority([tuple(value) for value in values])
        return None if winner is None else list(winner)

    def merge(self, instance: Instance, values: Sequence[list[str] | None]) -> list[str]:
        """Every sentence once, in order of the windows."""
        return list(dict.fromkeys(sentence for value in values for sentence in value or ()))[:500]

    def final(self, instance: Instance, merged: list[str]) -> models.Request:
        """Ask for the passcode that the sentences tell."""
        after = f"\n\nWhat is the passcode of the {instance.thing}? It has {self.digits} digits."
        return base.request(ANSWER, "\n".join(merged), after=after)

    def read_final(self, text: str) -> str | None:
        """The last digits."""
        return replies.last_digits(text)

    def score(self, instance: Instance, answer: str | None) -> base.Scores:
        """Share of wrong digits (one that is missing is wrong), and whether all are right."""
        found = (answer or "").ljust(len(instance.answer), "?")
        wrong = sum(a != b for a, b in zip(found, instance.answer, strict=False))
        return {"error": wrong / len(instance.answer), "exact_match": float(answer == instance.answer)}

    def skills(self) -> Sequence[parametric.Skill]:
        """Each sentence is missed, and each digit of the last call changed, with the rate of its call."""

        def retrieve(content: str, rate: float, draw: random.Random) -> str:
            thing = content.rpartition("passcode of the ")[2].rstrip("?")
            found = _about(base.text_of(content, RETRIEVE) or "", thing)
            return "\n".join(sentence for sentence in found if draw.random() >= rate) or "none"

        def final_size(content: str) -> float | None:
            text = base.text_of(content, ANSWER)
            return None if text is None else len(text.splitlines())

        def answer(content: str, rate: float, draw: random.Random) -> str:
            told = {int(i): digit for i, _, digit in _DIGIT.findall(base.text_of(content, ANSWER) or "")}
            digits = [told.get(i + 1, "0") for i in range(self.digits)]
            return "".join(str(draw.randrange(10)) if draw.random() < rate else digit for digit in digits)

        return [
            parametric.Skill("rag: retrieve", base.characters_after(RETRIEVE), retrieve, self.error),
            parametric.Skill("rag: answer", final_size, answer, self.final_error),
        ]


def _sentence(position: int, thing: str, digit: str) -> str:
    return f"Digit {position} of the passcode of the {thing} is {digit}."


def _about(text: str, thing: str) -> list[str]:
    return [match.group(0) for match in _DIGIT.finditer(text) if match.group(2) == thing]
