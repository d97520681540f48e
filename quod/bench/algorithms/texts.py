"""Texts of sentences that look alike, with some that matter: a needle among needles."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

COLOURS = ("red", "green", "blue", "yellow", "black", "white")
OBJECTS = ("lamp", "truck", "chair", "door")
THINGS = tuple(f"{colour} {thing}" for colour in COLOURS for thing in OBJECTS)


def haystack(n: int, needles: Sequence[str], filler: Callable[[], str], draw: random.Random) -> str:
    """Exactly n characters of sentences, `needles` whole and at random places among those of `filler`.

    Raises ValueError when the needles do not fit.
    """
    room = n - sum(len(needle) + 1 for needle in needles)
    if room < 0:
        raise ValueError(f"{len(needles)} sentences do not fit into {n} characters")
    others: list[str] = []
    while room > 0:
        sentence = filler()[: max(0, room - 1)]
        others.append(sentence)
        room -= len(sentence) + 1
    # The last of the others is cut short and stays last.
    whole = [*others[:-1], *needles]
    draw.shuffle(whole)
    return "".join(sentence + " " for sentence in [*whole, *others[-1:]])
