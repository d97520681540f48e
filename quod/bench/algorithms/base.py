"""What the four algorithms have in common: generate, cut, ask, read, merge, score."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from quod.models import base, parametric

Scores = Mapping[str, float | None]
"""Metrics of one answer; `error` is the one that is fitted, in [0, 1]; None where it does not apply."""


class Algorithm(Protocol):
    """A parallel algorithm: pieces of an input go to the model, a program merges what comes back.

    Values that `read` and `merge` give are JSON; None stands for a reply that says nothing usable. `final`
    is the request of a last call that needs the merged value, None when the merged value is the answer.
    """

    name: str
    unit: str
    """Of n and m: "characters" or "numbers"."""
    overlap: bool
    """Whether pieces overlap by half, so that what stands across a cut is whole in some piece."""
    binary: frozenset[str]
    """Metrics that are 0 or 1 for one answer."""

    def generate(self, n: int, draw: random.Random) -> Any:
        """An input of size n together with its right answer."""

    def ask(self, instance: Any, start: int, end: int) -> base.Request:
        """The request for the piece [start, end)."""

    def read(self, text: str) -> Any | None:
        """The value in a reply; never raises."""

    def right(self, instance: Any, start: int, end: int, value: Any | None) -> bool:
        """Whether `value` is right for the piece."""

    def vote(self, values: Sequence[Any]) -> Any | None:
        """One value out of those of several samples of a piece."""

    def merge(self, instance: Any, values: Sequence[Any | None]) -> Any:
        """The value of the whole out of those of the pieces, in order."""

    def final(self, instance: Any, merged: Any) -> base.Request | None:
        """The request of a last call."""

    def read_final(self, text: str) -> Any | None:
        """The answer in the reply to the last call; never raises."""

    def score(self, instance: Any, answer: Any | None) -> Scores:
        """Metrics of an answer."""

    def skills(self) -> Sequence[parametric.Skill]:
        """How the scripted model answers the requests of this algorithm."""


def request(instruction: str, text: str, *, after: str = "") -> base.Request:
    """A request with one user message: instruction, text between marks, and what comes after it."""
    content = f"{instruction}\n\n<text>\n{text}\n</text>{after}"
    return base.Request(messages=[{"role": "user", "content": content}], temperature=0.0)


def text_of(content: str, instruction: str) -> str | None:
    """The text between the marks of a request with this instruction, None for any other message."""
    if not content.startswith(instruction):
        return None
    return content.partition("<text>\n")[2].rpartition("\n</text>")[0]


def characters_after(instruction: str) -> Callable[[str], float | None]:
    """The size of a sub-task given with `instruction`: characters of its text, None for other requests."""

    def size(content: str) -> float | None:
        text = text_of(content, instruction)
        return None if text is None else len(text)

    return size
