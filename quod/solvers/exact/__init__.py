"""Proofs in exact arithmetic that `quod check` accepts: a point, a tree of multipliers, a ray.

`prove` takes an exact standard form; HiGHS guides in floating point, python-flint decides.
"""

from __future__ import annotations

from quod.solvers.exact.proof import Proof
from quod.solvers.exact.prove import numeric, prove, too_large

__all__ = ["Proof", "numeric", "prove", "too_large"]
