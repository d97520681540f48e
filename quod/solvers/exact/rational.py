"""Floats as the simple fractions they probably stand for."""

from __future__ import annotations

import math

from flint import fmpq

_TOLERANCE = 1e-9


def rational(value: float, tolerance: float = _TOLERANCE) -> fmpq:
    """The first convergent of the continued fraction of `value` within `tolerance` (relative above 1).

    Multipliers of small models are fractions with small denominators, which this finds; a wrong guess only
    weakens a bound, and every bound is computed exactly afterwards.
    """
    if abs(value) < tolerance:
        return fmpq(0)
    nearest = round(value)
    allowed = tolerance * max(1.0, abs(value))
    if abs(value - nearest) <= allowed:
        return fmpq(nearest)
    before, current = (1, 0), (math.floor(value), 1)
    rest = value - current[0]
    while abs(value - current[0] / current[1]) > allowed and rest > 0 and current[1] < 1 << 50:
        inverse = 1.0 / rest
        digit = math.floor(inverse)
        rest = inverse - digit
        before, current = current, (digit * current[0] + before[0], digit * current[1] + before[1])
    return fmpq(*current)


def gcd(values: list[fmpq]) -> fmpq:
    """The greatest rational g with every value a whole multiple of it; 0 without nonzero values."""
    denominator = math.lcm(*(int(value.q) for value in values)) if values else 1
    return fmpq(math.gcd(*(int(value.p) * (denominator // int(value.q)) for value in values)), denominator)


def round_up(value: fmpq, grid: fmpq) -> fmpq:
    """The least multiple of `grid` (positive) that is at least `value`."""
    return (value / grid).ceil() * grid
