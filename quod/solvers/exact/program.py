"""A linear program in exact arithmetic: minimization form, sparse by rows and by columns."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from flint import fmpq

from quod.solvers.standard import Array, StandardForm

ZERO = fmpq(0)
Entries = list[tuple[int, fmpq]]
Bounds = Sequence[fmpq | None]


@dataclasses.dataclass(frozen=True)
class Program:
    """min cost·x subject to rows[i]·x ⋈ rhs[i] and lower <= x <= upper; n columns, m rows.

    `sense[i]` is -1 for <=, 0 for ==, +1 for >=. A maximization was negated: `sign` is -1 then, and the value
    in the model's own sense is `sign * (cost·x) + constant`. A missing bound is None.
    """

    cost: list[fmpq]
    lower: list[fmpq | None]
    upper: list[fmpq | None]
    integer: list[bool]
    rows: list[Entries]
    columns: list[Entries]
    sense: list[int]
    rhs: list[fmpq]
    sign: int
    constant: fmpq

    @classmethod
    def of(cls, form: StandardForm) -> Program:
        """From an exact standard form of kind lp or milp."""
        sign = 1 if form.sense == "minimize" else -1
        rows: list[Entries] = []
        columns: list[Entries] = [[] for _ in range(form.shape[1])]
        indices, data, indptr = form.indices.tolist(), list(form.data), form.indptr.tolist()
        for i in range(form.shape[0]):
            span = slice(indptr[i], indptr[i + 1])
            entries = [(j, value) for j, value in zip(indices[span], data[span], strict=True) if value]
            rows.append(entries)
            for j, value in entries:
                columns[j].append((i, value))
        return cls(
            cost=[sign * value for value in form.cost],
            lower=list(form.lower),
            upper=list(form.upper),
            integer=form.integer.tolist(),
            rows=rows,
            columns=columns,
            sense=form.row_sense.tolist(),
            rhs=list(form.rhs),
            sign=sign,
            constant=fmpq(form.constant),
        )

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return len(self.rhs), len(self.cost)

    def value(self, point: Sequence[fmpq]) -> fmpq:
        """cost·point, without the constant."""
        return sum((c * point[j] for j, c in enumerate(self.cost) if c), ZERO)

    def in_model_sense(self, value: fmpq) -> fmpq:
        """A value of cost·x as the model states it: sign and constant restored."""
        return self.sign * value + self.constant

    def admits(self, point: Sequence[fmpq]) -> bool:
        """Whether `point` (n,) satisfies every bound, integrality and row."""
        for j, value in enumerate(point):
            low, high = self.lower[j], self.upper[j]
            if (low is not None and value < low) or (high is not None and value > high):
                return False
            if self.integer[j] and value.q != 1:
                return False
        for entries, sense, rhs in zip(self.rows, self.sense, self.rhs, strict=True):
            activity = sum((a * point[j] for j, a in entries), ZERO)
            if (sense <= 0 and activity > rhs) or (sense >= 0 and activity < rhs):
                return False
        return True


def dual_bound(
    program: Program,
    multipliers: Mapping[int, fmpq],
    lower: Bounds,
    upper: Bounds,
    *,
    objective: bool = True,
) -> fmpq | None:
    """The weak-duality bound of `docs/certificates.md`; None stands for minus infinity.

    `multipliers` must have the sign that the sense of their row asks for. Without `objective` the cost is
    taken as zero: a positive bound then proves that no point satisfies rows and bounds.
    """
    total = ZERO
    reduced: dict[int, fmpq] = dict(enumerate(program.cost)) if objective else {}
    for i, y in multipliers.items():
        total += y * program.rhs[i]
        for j, a in program.rows[i]:
            reduced[j] = reduced.get(j, ZERO) - y * a
    for j, d in reduced.items():
        if d:
            bound = lower[j] if d > 0 else upper[j]
            if bound is None:
                return None
            total += d * bound
    return total


def float_form(form: StandardForm) -> StandardForm:
    """The exact form rounded to float64, for solvers."""
    infinity = np.inf
    return dataclasses.replace(
        form,
        cost=_floats(form.cost),
        constant=float(form.constant),
        lower=np.array([-infinity if value is None else float(value) for value in form.lower]),
        upper=np.array([infinity if value is None else float(value) for value in form.upper]),
        rhs=_floats(form.rhs),
        data=_floats(form.data),
        quadratic=[(i, j, float(q)) for i, j, q in form.quadratic],
    )


def _floats(values: Array) -> Array:
    return np.array([float(value) for value in values], dtype=np.float64)
