"""Sorting: n whole numbers; pieces are sorted by the model and merged by a program, or by the model too."""

from __future__ import annotations

import heapq
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from quod.bench.algorithms import base, replies
from quod.models import base as models
from quod.models import parametric

INSTRUCTION = (
    "Sort the numbers in the text in ascending order; keep repeated ones. "
    "Answer with the sorted list in square brackets and nothing else."
)
MERGE = (
    "Each line of the text is a list of numbers in ascending order. Merge them into one list in ascending "
    "order; keep repeated numbers. Answer with that list in square brackets and nothing else."
)
LARGEST = 999


@dataclass(frozen=True)
class Instance:
    """Numbers between 0 and LARGEST, in no order."""

    numbers: tuple[int, ...]


class Sorting:
    """Sorted pieces, merged; an exact merge does not make the largest error of a piece larger."""

    name = "sorting"
    unit = "numbers"
    overlap = False
    binary = frozenset({"exact_match", "length_mismatch"})

    def __init__(self, error: parametric.ErrorRate | None = None) -> None:
        self.error = error or parametric.ErrorRate(scale=2000, power=1.3)

    def generate(self, n: int, draw: random.Random) -> Instance:
        """n numbers, uniform."""
        return Instance(tuple(draw.randint(0, LARGEST) for _ in range(n)))

    def ask(self, instance: Instance, start: int, end: int) -> models.Request:
        """Sort one piece."""
        return base.request(INSTRUCTION, ", ".join(map(str, instance.numbers[start:end])))

    def read(self, text: str) -> list[int] | None:
        """The last list in brackets."""
        return replies.last_list(text)

    def right(self, instance: Instance, start: int, end: int, value: Any | None) -> bool:
        """Whether the piece is sorted without a lost or invented number."""
        return bool(value == sorted(instance.numbers[start:end]))

    def vote(self, values: Sequence[Any]) -> Any | None:
        """The most frequent list."""
        winner = replies.majority([tuple(value) for value in values])
        return None if winner is None else list(winner)

    def merge(self, instance: Instance, values: Sequence[list[int] | None]) -> list[int]:
        """Merge of the pieces as they are: one that is not in order leaves a whole that is not."""
        return list(heapq.merge(*(value for value in values if value is not None)))

    def final(self, instance: Instance, merged: Any) -> models.Request | None:
        """No last call."""
        return None

    def read_final(self, text: str) -> list[int] | None:
        """No last call."""
        return None

    def score(self, instance: Instance, answer: list[int] | None) -> base.Scores:
        """Differences to the right order, over LARGEST; the error is the mean one.

        The fuzzy answer is cut or filled up with its last number to the right length.
        """
        wanted, found = sorted(instance.numbers), list(answer or [])
        fuzzy = (found + [found[-1] if found else 0] * len(wanted))[: len(wanted)]
        differences = [min(1.0, abs(a - b) / LARGEST) for a, b in zip(fuzzy, wanted, strict=True)]
        falls = sum(max(0, a - b) for a, b in pairwise(found))
        return {
            "error": sum(differences) / len(differences),
            "largest_error": max(differences),
            "exact_match": float(found == wanted),
            "length_mismatch": float(len(found) != len(wanted)),
            "length_difference": abs(len(found) - len(wanted)) / len(wanted),
            "non_monotonicity": min(1.0, falls / LARGEST),
        }

    def skills(self) -> Sequence[parametric.Skill]:
        """Each number is lost, repeated or changed with the rate, a third of it each."""

        def size(content: str) -> float | None:
            numbers = _numbers(content)
            return None if numbers is None else len(numbers)

        def answer(content: str, rate: float, draw: random.Random) -> str:
            return _told(sorted(_numbers(content) or []), rate, draw)

        return [parametric.Skill("sorting", size, answer, self.error)]


class SortingMergedByModel(Sorting):
    """Sorted pieces, merged by one more call of the model, which can make errors of its own."""

    name = "sorting_merged_by_model"

    def __init__(
        self, error: parametric.ErrorRate | None = None, *, merge_error: parametric.ErrorRate | None = None
    ) -> None:
        super().__init__(error)
        self.merge_error = merge_error or parametric.ErrorRate(scale=20000, power=1.0)

    def merge(self, instance: Instance, values: Sequence[list[int] | None]) -> Any:
        """The pieces as they are."""
        return [value for value in values if value is not None]

    def final(self, instance: Instance, merged: Any) -> models.Request | None:
        """Ask for one list; it is asked for a single piece too, as a part of the algorithm."""
        return base.request(MERGE, "\n".join(str(piece) for piece in merged))

    def read_final(self, text: str) -> list[int] | None:
        """The last list in brackets."""
        return replies.last_list(text)

    def skills(self) -> Sequence[parametric.Skill]:
        """Sorting as before; merging loses, repeats or changes numbers with its own rate."""

        def numbers(content: str) -> list[int] | None:
            text = base.text_of(content, MERGE)
            return None if text is None else [int(found) for found in re.findall(r"-?\d+", text)]

        def size(content: str) -> float | None:
            found = numbers(content)
            return None if found is None else len(found)

        def answer(content: str, rate: float, draw: random.Random) -> str:
            return _told(sorted(numbers(content) or []), rate, draw)

        return [*super().skills(), parametric.Skill("sorting: merge", size, answer, self.merge_error)]


def _numbers(content: str) -> list[int] | None:
    text = base.text_of(content, INSTRUCTION)
    return None if text is None else [int(part) for part in text.split(",")]


def _told(numbers: Sequence[int], rate: float, draw: random.Random) -> str:
    """The list with faults: each number is lost, repeated or changed with a third of the rate."""
    told: list[int] = []
    for number in numbers:
        fault = draw.choice("lrc") if draw.random() < rate else ""
        changed = min(LARGEST, max(0, number + draw.randint(-200, 200)))
        told += {"l": [], "r": [number, number], "c": [changed], "": [number]}[fault]
    return f"[{', '.join(map(str, told))}]"
