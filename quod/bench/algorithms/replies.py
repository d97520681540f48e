"""Reading values out of replies: bounded, never by evaluating them, and never with an exception."""

from __future__ import annotations

import collections
import re
from collections.abc import Hashable, Sequence
from typing import TypeVar

T = TypeVar("T", bound=Hashable)

LONGEST = 100_000
"""Characters of a reply that are looked at."""
_INTEGER = re.compile(r"(?<![\w.])-?\d{1,9}(?![\w]|\.\d)")
_LIST = re.compile(r"\[[^\[\]]*\]")
_CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")
_DIGITS = re.compile(r"(?<!\d)\d{1,100}(?!\d)")


def last_integer(text: str) -> int | None:
    """The last whole number of at most nine digits; models tend to explain first and answer last."""
    found = _INTEGER.findall(text[-LONGEST:])
    return int(found[-1]) if found else None


def last_list(text: str) -> list[int] | None:
    """The whole numbers in the last pair of square brackets; None when anything else stands there."""
    found = _LIST.findall(text[-LONGEST:])
    if not found:
        return None
    parts = [part.strip() for part in found[-1][1:-1].split(",")]
    if parts == [""]:
        return []
    if not all(re.fullmatch(r"-?\d{1,9}", part, re.ASCII) for part in parts):
        return None
    return [int(part) for part in parts]


def last_code(text: str) -> str | None:
    """The last number of exactly six digits."""
    found = _CODE.findall(text[-LONGEST:])
    return found[-1] if found else None


def last_digits(text: str) -> str | None:
    """The last run of at most 100 digits."""
    found = _DIGITS.findall(text[-LONGEST:])
    return found[-1] if found else None


def sentences(text: str, *, most: int = 200) -> list[str]:
    """Lines of a reply without bullets and quotes, at most `most`; none for a reply of "none"."""
    lines = (line.strip().lstrip("-*•").strip(" \t\"'") for line in text[:LONGEST].splitlines())
    return [line[:300] for line in lines if line and line.strip(".").lower() != "none"][:most]


def majority(values: Sequence[T]) -> T | None:
    """The most frequent value, the first of those that are equally frequent; None for no values."""
    return collections.Counter(values).most_common(1)[0][0] if values else None
