"""Exact numbers as they travel through quod: decimals and fractions in text, `Fraction` in memory.

Binary floats never enter a formulation silently: a Python float is read as the shortest decimal that
prints the same (0.1 is 1/10), NaN and infinities are refused.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

from quod import errors

_DECIMAL = re.compile(r"[+-]?(\d{1,4000}(\.\d{0,4000})?|\.\d{1,4000})([eE][+-]?\d{1,3})?")
_FRACTION = re.compile(r"[+-]?\d{1,4000}/\d{1,4000}")


def exact(value: Any, *, field: str | None = None) -> Fraction:
    """Read `value` (int, Fraction, Decimal, float, or text such as "12.5", "1e3", "40/3") exactly.

    Raises InvalidInput, naming `field`, for NaN, infinities, booleans and anything else.
    """
    if isinstance(value, bool):
        raise errors.InvalidInput(f"a number is expected, not {value}", field=field)
    if isinstance(value, int | Fraction):
        return Fraction(value)
    if isinstance(value, Decimal) and value.is_finite():
        return Fraction(value)
    if isinstance(value, float) and math.isfinite(value):
        return Fraction(repr(float(value)))
    if isinstance(value, str):
        text = value.strip()
        if _DECIMAL.fullmatch(text):
            return Fraction(text)
        if _FRACTION.fullmatch(text) and int(text.partition("/")[2]) != 0:
            return Fraction(text)
    shown = repr(value)[:80]
    raise errors.InvalidInput(
        f"{shown} is not an exact finite number; write a decimal or a fraction such as 12.5 or 40/3",
        field=field,
    )


def to_text(value: Fraction | int) -> str:
    """The shortest exact text: `640`, `12.5` is written `25/2`."""
    return str(Fraction(value))


def to_decimal_text(value: Fraction) -> str:
    """For people: `12.5` where the decimal is finite and short, `40/3` otherwise."""
    denominator = value.denominator
    for prime in (2, 5):
        while denominator % prime == 0:
            denominator //= prime
    if denominator != 1 or value.denominator > 10**12:
        return str(value)
    with_digits = Decimal(value.numerator) / Decimal(value.denominator)
    return format(with_digits, "f") if Fraction(with_digits) == value else str(value)
