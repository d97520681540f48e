"""When an outcome counts as right, under our rule and under the rules in use elsewhere."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

NO_OPTIMUM = ("infeasible", "unbounded", "infeasible_or_unbounded")


@dataclass(frozen=True)
class Ending:
    """How a solve ended: termination, and the objective where there is an optimum."""

    termination: str
    objective: float | None = None

    @classmethod
    def of(cls, document: Mapping[str, Any] | None) -> Ending | None:
        """From the JSON form of a record; None stays None."""
        return None if document is None else cls(document["termination"], document.get("objective"))


def _relative(tolerance: float) -> Callable[[float, float], bool]:
    return lambda found, wanted: math.isclose(found, wanted, rel_tol=tolerance, abs_tol=1e-7)


def _absolute(found: float, wanted: float) -> bool:
    return abs(found - wanted) < 0.1


def _rounded(found: float, wanted: float) -> bool:
    near, target = round(found), round(wanted)
    return abs(near) <= 0.05 if target == 0 else abs((near - target) / target) <= 0.05


STRICT = "rel_1e-6"
RULES: dict[str, Callable[[float, float], bool]] = {
    STRICT: _relative(1e-6),
    "rel_1e-4": _relative(1e-4),
    "rel_1pct": _relative(1e-2),
    "abs_0.1": _absolute,
    "round_5pct": _rounded,
}
"""`STRICT` is the rule of quod's reports; the others are shown so that numbers can be compared."""


def right(found: Ending | None, wanted: Ending | None, rule: str = STRICT) -> bool:
    """Whether `found` is the outcome `wanted`.

    Optima are compared by `rule`; infeasible and unbounded problems are right when both end the same way. No
    outcome is never right.
    """
    if found is None or wanted is None:
        return False
    if found.objective is None or wanted.objective is None:
        return found.objective is wanted.objective and _same_end(found.termination, wanted.termination)
    return RULES[rule](found.objective, wanted.objective)


def to_float(value: Any) -> float | None:
    """An objective of a result: exact text or a number."""
    if value is None:
        return None
    return float(Fraction(value)) if isinstance(value, str) else float(value)


def _same_end(found: str, wanted: str) -> bool:
    if wanted == "no_optimum":  # a key that only says that there is none
        return found in NO_OPTIMUM
    return found == wanted and found in NO_OPTIMUM
