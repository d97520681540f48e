"""An improving direction that never leaves the feasible set: the proof that an objective is unbounded."""

from __future__ import annotations

from typing import Any

import flint

from quod.certificates import reading
from quod.certificates.program import Program, holds


def check(form: Program, document: Any) -> None:
    """Raises CertificateRejected unless the ray keeps every row and bound and improves the objective.

    With a feasible point and rational data this also proves integer models unbounded: some multiple of the
    ray is
    integral.
    """
    ray: dict[int, flint.fmpq] = {}
    for name, entry in reading.mapping(document, "ray", (), None).items():
        column = form.column.get(name)
        if column is None:
            reading.reject("ray", f"{name[:80]!r} is not a column of the standard form")
        ray[column] = reading.number(entry, f"ray, column {name}", decimals=False)
    for column, step in ray.items():
        falls = step < 0 and form.lower[column] is not None
        rises = step > 0 and form.upper[column] is not None
        if falls or rises:
            side = "lower" if falls else "upper"
            reading.reject("ray", f"column {form.names[column]} moves by {step} against its {side} bound")
    for name, number in form.row.items():
        row = form.rows[number]
        moved = flint.fmpq(0)
        for column, coefficient in row.terms.items():
            if column in ray:
                moved = reading.guard(moved + coefficient * ray[column])
        if not holds(moved, row.comparison, strict=False):
            reading.reject("ray", f"row {name} moves by {moved}, {row.comparison} 0 is needed")
    gain = flint.fmpq(0)
    for column, coefficient in form.cost.items():
        gain = reading.guard(gain + coefficient * ray.get(column, flint.fmpq(0)))
    if gain >= 0:
        reading.reject("ray", f"the objective does not improve along it (it moves by {gain * form.sign})")
