"""The standard form of a linear or quadratic model: columns, rows and an objective as sparse arrays.

`docs/formulation.md` §2–4 defines it. The same arrays hold float64 (for solvers) or exact rationals
(dtype object, `flint.fmpq`, for proofs).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclasses.dataclass(frozen=True)
class StandardForm:
    """min/max cost·x + constant (+ quadratic) subject to rows and bounds; n columns, m rows, CSR by rows.

    Missing bounds are ∓inf in the float form and None in the exact form.
    """

    kind: Literal["lp", "milp", "qp", "miqp"]
    sense: Literal["minimize", "maximize"]
    cost: Array  # (n,) as declared, not negated
    constant: Any
    lower: Array  # (n,)
    upper: Array  # (n,)
    integer: npt.NDArray[np.bool_]  # (n,)
    row_sense: npt.NDArray[np.int8]  # (m,) -1 for <=, 0 for ==, +1 for >=
    rhs: Array  # (m,)
    indptr: npt.NDArray[np.int64]  # (m + 1,)
    indices: npt.NDArray[np.int32]  # (nnz,)
    data: Array  # (nnz,)
    quadratic: list[tuple[int, int, Any]]  # objective terms q·x_i·x_j with i <= j, each pair once
    declared_columns: int  # the rest linearise abs, min, max
    declared_rows: int
    column_name: Callable[[int], str]  # names are made on demand: a million of them cost more than the model
    row_name: Callable[[int], str]

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return len(self.rhs), len(self.cost)
