"""Evaluation of a point within a tolerance, for models that have no exact certificate.

Linear rows are evaluated exactly at the decimals given; other rows in ball arithmetic (`flint.arb`, 128
bits),
so that rounding here can reject a good point but never accept a bad one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import flint

from quod.certificates import algebra, iteration, program, reading
from quod.certificates.model import Model, affine, located

MAX_TOLERANCE = flint.fmpq(1, 10**6)
"""Relative; looser claims are refused."""
_PRECISION = 128


def check(model: Model, point: Sequence[flint.fmpq], objective: flint.fmpq, tolerance: flint.fmpq) -> None:
    """Raises CertificateRejected, naming what fails, unless bounds, integrality, rows and the objective's
    value
    hold within `tolerance`, relative to the magnitude of the bound or row (terms count with max(1, |x|))."""
    if not 0 <= tolerance <= MAX_TOLERANCE:
        reading.reject("claim.tolerance", f"{tolerance} does not lie between 0 and 1e-6")
    _columns(model, point, tolerance)
    with flint.ctx.workprec(_PRECISION):
        _Evaluation(model, point, tolerance).run(objective)


def _columns(model: Model, point: Sequence[flint.fmpq], tolerance: flint.fmpq) -> None:
    for name, lower, upper, integer, value in zip(
        model.names, model.lower, model.upper, model.integer, point, strict=True
    ):
        for bound, excess in ((lower, -1), (upper, 1)):
            if bound is not None and excess * (value - bound) > tolerance * max(algebra.ONE, abs(bound)):
                reading.reject("point", f"column {name} is {_decimal(value)}, past its bound {bound}")
        if integer and abs(value - (value + flint.fmpq(1, 2)).floor()) > tolerance:
            reading.reject("point", f"column {name} is {_decimal(value)}, not an integer")


def _decimal(value: flint.fmpq) -> str:
    """About the value, for messages."""
    return str(flint.arb(value).str(12, radius=False))


class _Evaluation:
    """Rows one by one: as affine functions where they are, else enclosed."""

    def __init__(self, model: Model, point: Sequence[flint.fmpq], tolerance: flint.fmpq) -> None:
        self.model, self.point, self.tolerance = model, point, tolerance
        self.balls = [algebra.Enclosure(flint.arb(x), abs(flint.arb(x)).max(flint.arb(1))) for x in point]
        self.frame = iteration.Frame(algebra.unit, model.declared.used)

    def run(self, objective: flint.fmpq) -> None:
        """All rows and the objective. Raises CertificateRejected."""
        for name, comparison, value in self.model.rows(self.frame):
            where = f"row {name}"
            if not self._holds(self._evaluate(where, value), comparison):
                reading.reject("point", f"{where} is violated by more than the tolerance")
        reached = self._evaluate("objective", lambda: self.model.objective(self.frame))
        if not self._within(algebra.total([(reached, 1), (objective, -1)]), "==", abs(objective)):
            reading.reject("claim.objective", f"{_decimal(objective)} is not the value at the point")

    def _evaluate(self, where: str, value: Callable[[], algebra.Value]) -> algebra.Value:
        self.frame.leaf, self.frame.enclosed = algebra.unit, False
        try:
            return self.frame.attempt(lambda _: located(where, value))
        except algebra.NotLinear:
            self.frame.leaf, self.frame.enclosed = self.balls.__getitem__, True
            return located(where, value)

    def _holds(self, value: algebra.Value, comparison: str) -> bool:
        """value ⋈ 0: exactly for a row without variables, else within the tolerance."""
        if isinstance(value, algebra.Enclosure):
            return self._within(value, comparison)
        function = affine(value)
        if not function.terms and not function.extrema:
            return program.holds(function.constant, comparison, strict=True)
        if comparison in ("<", ">") and program.is_integral(function, self.model.integer):
            row = program.tightened(comparison, function)
            return self._within(algebra.Affine(-row.rhs, row.terms), row.comparison)
        return self._within(function, comparison)

    def _within(self, value: algebra.Value, comparison: str, magnitude: flint.fmpq = algebra.ZERO) -> bool:
        """value ⋈ 0 up to the tolerance times the magnitude of the value's terms (and `magnitude` more)."""
        if isinstance(value, algebra.Enclosure):
            allowed = flint.arb(self.tolerance) * value.scale
            if comparison == "==":
                return bool(abs(value.value) <= allowed)
            return bool(value.value <= allowed if comparison in ("<", "<=") else -value.value <= allowed)
        function = affine(value)
        reached, scale = function.at(self.point), magnitude + function.magnitude(self.point)
        allowed = self.tolerance * scale
        if comparison == "==":
            return bool(abs(reached) <= allowed)
        return bool(reached <= allowed if comparison in ("<", "<=") else -reached <= allowed)
