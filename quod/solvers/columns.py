"""Bounds of the columns of a variable (docs/formulation.md §2)."""

from __future__ import annotations

import math
from fractions import Fraction

from quod.solvers.formulation import Variable


def bounds(variable: Variable) -> tuple[Fraction | None, Fraction | None]:
    """Bounds of a variable's columns: binary within [0, 1], integers rounded inwards, None for none."""
    low = None if variable.lower is None else Fraction(variable.lower)
    high = None if variable.upper is None else Fraction(variable.upper)
    if variable.domain == "binary":
        low = Fraction(0) if low is None else max(low, Fraction(0))
        high = Fraction(1) if high is None else min(high, Fraction(1))
    if variable.domain != "real":
        low = None if low is None else Fraction(math.ceil(low))
        high = None if high is None else Fraction(math.floor(high))
    return low, high
