"""Typed reading of untrusted JSON values: every mistake is a CertificateRejected that names the place."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any, NoReturn

import flint

from quod import errors, numbers

MAX_MESSAGE = 1000
"""Characters of a message; it may quote numbers of any length."""
MAX_BITS = 200_000
"""Size of the numerator or denominator of any number that occurs."""


def reject(where: str, message: str) -> NoReturn:
    """Raise CertificateRejected `where: message`."""
    raise errors.CertificateRejected(f"{where}: {message}"[:MAX_MESSAGE])


def shown(value: Any) -> str:
    """The value, or what it is, short enough for a message."""
    if isinstance(value, str | int | float | bool) or value is None:
        return repr(value)[:80] if not isinstance(value, int) or abs(value) < 10**30 else "a long number"
    return (
        "an object"
        if isinstance(value, dict)
        else "a list"
        if isinstance(value, list)
        else type(value).__name__
    )


def mapping(
    value: Any, where: str, required: Iterable[str] = (), optional: Iterable[str] | None = ()
) -> dict[str, Any]:
    """An object with the fields `required` and perhaps `optional` ones (None: any)."""
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        reject(where, f"an object is expected, not {shown(value)}")
    needed = set(required)
    for key in required:
        if key not in value:
            reject(where, f"the field {key!r} is missing")
    if optional is not None:
        allowed = needed.union(optional)
        for key in value:
            if key not in allowed:
                reject(where, f"the field {key[:80]!r} is not known")
    return value


def array(value: Any, where: str) -> list[Any]:
    """A list."""
    if not isinstance(value, list | tuple):
        reject(where, f"a list is expected, not {shown(value)}")
    return list(value)


def text(value: Any, where: str) -> str:
    """A string."""
    if not isinstance(value, str):
        reject(where, f"a text is expected, not {shown(value)}")
    return value


def word(value: Any, where: str, choices: Iterable[str]) -> str:
    """One of a few strings."""
    allowed = tuple(choices)
    if not isinstance(value, str) or value not in allowed:
        reject(where, f"{shown(value)} is not one of {', '.join(allowed)}")
    return value


def number(value: Any, where: str, *, decimals: bool = True) -> flint.fmpq:
    """An exact number from text or a JSON number; a JSON float counts as the decimal it prints as and is
    refused with `decimals=False`, where a claim must be exact."""
    if isinstance(value, str):
        parsed = _from_text(value)
        if parsed is not None:
            return parsed
    elif isinstance(value, int) and not isinstance(value, bool):
        if value.bit_length() <= MAX_BITS:
            return flint.fmpq(value)
    elif isinstance(value, float):
        if not decimals:
            reject(
                where, f'{shown(value)} is a floating-point number; an exact claim holds text such as "40/3"'
            )
        try:
            exact = numbers.exact(value)
        except errors.InvalidInput:
            reject(where, f"{shown(value)} is not a finite number")
        return flint.fmpq(exact.numerator, exact.denominator)
    reject(where, f"{shown(value)} is not an exact finite number")


@functools.lru_cache(maxsize=65536)
def _from_text(value: str) -> flint.fmpq | None:
    try:
        exact = numbers.exact(value)
    except errors.InvalidInput:
        return None
    return flint.fmpq(exact.numerator, exact.denominator)


def guard(value: flint.fmpq, where: str = "number") -> flint.fmpq:
    """The same number, unless it has grown past MAX_BITS."""
    if value.height_bits() > MAX_BITS:
        reject(where, f"a number of more than {MAX_BITS} bits occurs")
    return value
