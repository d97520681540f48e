"""The few statistics that reports need."""

from __future__ import annotations

import math
from collections.abc import Sequence


def wilson(successes: int, n: int, z: float = 1.959963984540054) -> tuple[float, float] | None:
    """Wilson score interval of a proportion (Wilson, JASA 1927); 95 % by default, None for n = 0."""
    if n == 0:
        return None
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes of {n}")
    share, square = successes / n, z * z
    centre = share + square / (2 * n)
    spread = z * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    scale = 1 + square / n
    low = 0.0 if successes == 0 else (centre - spread) / scale
    high = 1.0 if successes == n else (centre + spread) / scale
    return low, high


def quantile(values: Sequence[float], q: float) -> float | None:
    """The q-quantile with linear interpolation between order statistics; None for no values."""
    if not values:
        return None
    if not 0 <= q <= 1:
        raise ValueError(f"{q} is not between 0 and 1")
    ordered = sorted(values)
    place = q * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def share(part: int, whole: int) -> float | None:
    """`part / whole`, None when there is no whole."""
    return part / whole if whole else None


def risk_coverage(answers: Sequence[tuple[float, bool]], n: int) -> list[dict[str, float]]:
    """Risk–coverage points (El-Yaniv & Wiener, JMLR 2010) of `answers` = (doubt, right) out of n problems.

    One point for each level of doubt, most trusted first: `coverage` is the share of the n problems answered
    with at most that doubt, `risk` the share of wrong ones among them.
    """
    points: list[dict[str, float]] = []
    for doubt in sorted({doubt for doubt, _ in answers}):
        kept = [right for level, right in answers if level <= doubt]
        risk = kept.count(False) / len(kept)
        points.append({"doubt": doubt, "answered": len(kept), "coverage": len(kept) / n, "risk": risk})
    return points
