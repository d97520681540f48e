"""Coverage: every number and every comparison phrase of the text is used by an element, or there is a reason.

What no element uses is the commonest mistake of a reading, and it is found without knowing what the text
means. Coverage does not show that a number is used *rightly*.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from quod.solvers import claims, comparisons, not_data
from quod.solvers.drafters.template import numbers as text_numbers
from quod.solvers.drafters.template import tokens
from quod.solvers.formulation import Formulation

Kind = Literal["number", "comparison"]
_NEAR = 40  # characters between a number and a comparison that are told together
_BREAK = re.compile(r"[.;?!,](?=\s)")
MESSAGES = 50
"""So many missing items are told one by one, the rest is counted."""


@dataclass(frozen=True, slots=True)
class Item:
    """A number or comparison phrase `text[start:end]` of the problem and what became of it.

    `element` is the first user ("constraint c2", "objective", "parameter budget"), `users` are all of them;
    `reason` says why none is needed. Neither: the item is missing.
    """

    kind: Kind
    text: str
    start: int
    end: int
    value: Fraction | None = None
    element: str | None = None
    reason: str | None = None
    users: tuple[str, ...] = ()

    @property
    def is_missing(self) -> bool:
        """Used by nothing, and for no known reason."""
        return self.element is None and self.reason is None


@dataclass(frozen=True)
class Coverage:
    """All items of a text in order."""

    items: tuple[Item, ...]
    text: str = ""

    @property
    def missing(self) -> list[str]:
        """One message in the user's words for each number and comparison that nothing uses."""
        pieces = _joined([item for item in self.items if item.is_missing], self.text)
        messages = [_message(self.text, *piece) for piece in pieces[:MESSAGES]]
        if len(pieces) > MESSAGES:
            messages.append(f"{len(pieces) - MESSAGES} more numbers and comparisons of the text are not used")
        return messages

    @property
    def several(self) -> list[Item]:
        """Items that more than one element uses: often right ("at most 50 of each"), worth a look."""
        return [item for item in self.items if len(item.users) > 1]


def check(formulation: Formulation) -> Coverage:
    """The coverage of `formulation.text`; empty when there is no text. Time grows linearly with the text."""
    text = formulation.text
    if not text:
        return Coverage(())
    numbers = text_numbers.find_numbers(text, tokens.tokenize(text))
    phrases = comparisons.find(text, numbers)
    users = claims.of_numbers(formulation, numbers)
    given = _given_reasons(formulation)
    governed = {p.number: p for p in phrases if p.number is not None}
    names = not_data.labels(formulation, text)
    facts = not_data.facts(formulation, text, numbers)
    found: list[Item] = []
    for i, number in enumerate(numbers):
        item = Item("number", number.text, number.start, number.end, number.value)
        place = not_data.Place(text, number, governed.get(i), facts)
        automatic = None if users[i] else _reason(place, names)
        found.append(_decided(item, users[i], given, automatic))
    by_phrase = claims.of_phrases(formulation, phrases, numbers, users)
    for phrase, users_of in zip(phrases, by_phrase, strict=True):
        item = Item("comparison", phrase.text, phrase.start, phrase.end)
        inherited = found[phrase.number].reason if phrase.number is not None else None
        automatic = "gives a reason, not a limit" if phrase.background else inherited
        found.append(_decided(item, users_of, given, automatic))
    return Coverage(tuple(sorted(found, key=lambda item: (item.start, item.end))), text)


class _Ranges:
    """Ranges with a reason each, found by position."""

    def __init__(self, ranges: Sequence[tuple[int, int, str]]) -> None:
        self._ranges = sorted(ranges)
        self._starts = [start for start, _, _ in self._ranges]
        self._longest = max((end - start for start, end, _ in self._ranges), default=0)

    def at(self, start: int, end: int) -> str | None:
        i = bisect.bisect_left(self._starts, end) - 1
        while i >= 0 and self._starts[i] > start - self._longest:
            if self._ranges[i][1] > start:
                return self._ranges[i][2]
            i -= 1
        return None


def _given_reasons(formulation: Formulation) -> _Ranges:
    listed = [(u.evidence.start, u.evidence.end, u.reason) for u in formulation.unused]
    return _Ranges([entry for entry in listed if entry[1] - entry[0] <= claims.LONGEST and entry[2].strip()])


def _reason(place: not_data.Place, names: Sequence[tuple[int, int]]) -> str | None:
    i = bisect.bisect_right(names, (place.number.start, len(place.text))) - 1
    if i >= 0 and names[i][1] >= place.number.end:
        return "part of a name"
    return not_data.reason(place)


def _decided(item: Item, users: Sequence[str], given: _Ranges, automatic: str | None) -> Item:
    if users:
        return replace(item, element=users[0], users=tuple(users))
    return replace(item, reason=given.at(item.start, item.end) or automatic)


def _joined(missing: Sequence[Item], text: str) -> list[tuple[Kind, int, int]]:
    """A number and a comparison that miss side by side ("at least 15 %", "two trucks available") are one."""
    pieces: list[tuple[Kind, int, int]] = []
    last: Kind | None = None
    for item in missing:
        near = pieces and item.start - pieces[-1][2] <= _NEAR
        if (
            near
            and last is not None
            and item.kind != last
            and not _BREAK.search(text[pieces[-1][2] : item.start])
        ):
            pieces[-1] = ("comparison", pieces[-1][1], max(item.end, pieces[-1][2]))
            last = None
        else:
            pieces.append((item.kind, item.start, item.end))
            last = item.kind
    return pieces


def _message(text: str, kind: str, start: int, end: int) -> str:
    if text[start - 1 : start] in ("$", "€", "£"):
        start -= 1
    words = " ".join(text[start:end].split())
    left, right = max(0, start - 30), min(len(text), end + 30)
    around = " ".join(text[left:right].split())
    dots = ("… " if left else "") + around + (" …" if right < len(text) else "")
    user = "any constraint" if kind == "comparison" else "any part of the model"
    return f"'{words}' (characters {start}-{end}, in “{dots}”) is not used by {user}"
