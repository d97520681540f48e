"""Expansion of a formulation to its standard form (docs/formulation.md §2-5), vectorised with NumPy.

Loops become axes of frames, conditions masks, terms (row, column, coefficient) triplets; the same code makes
float64 arrays for solvers and exact rationals for proofs.
"""

from __future__ import annotations

from quod.solvers.expand.assemble import classify, expand
from quod.solvers.expand.data import DEFAULT_MAX_NONZEROS
from quod.solvers.expand.evaluate import Nonlinear

__all__ = ["DEFAULT_MAX_NONZEROS", "Nonlinear", "classify", "expand"]
