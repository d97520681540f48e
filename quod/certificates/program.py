"""The standard form: a sparse exact linear program in minimization form (docs/formulation.md §3-4)."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence

import flint

from quod.certificates import algebra, reading
from quod.certificates.algebra import ZERO, Affine, NotLinear
from quod.certificates.model import Expanded

Terms = dict[int, flint.fmpq]


@dataclasses.dataclass(frozen=True)
class LinearRow:
    """Σ terms[j]·x_j ⋈ rhs, ⋈ in <= >= ==."""

    comparison: str
    terms: Terms
    rhs: flint.fmpq


@dataclasses.dataclass
class Program:
    """minimize cost·x + constant over rows and bounds; `sign` is -1 for a declared maximization."""

    sign: int
    cost: Terms
    constant: flint.fmpq
    lower: list[flint.fmpq | None]
    upper: list[flint.fmpq | None]
    integer: list[bool]
    names: list[str]
    column: dict[str, int]
    rows: list[LinearRow]
    row: dict[str, int]
    closed: int
    """Strict rows whose closure was taken."""

    def counts(self) -> dict[str, int]:
        """Columns, rows and nonzeros."""
        return {
            "columns": len(self.names),
            "rows": len(self.rows),
            "nonzeros": sum(len(r.terms) for r in self.rows),
        }


def standard_form(expanded: Expanded) -> Program:
    """Linearise, close or tighten strict rows, negate a maximization. Raises NotLinear naming the row."""
    return _Builder(expanded).program


class _Builder:
    """Declared rows first, then the rows of the extrema: of the objective, then of each row."""

    def __init__(self, expanded: Expanded) -> None:
        model = expanded.model
        sign = 1 if model.sense == "minimize" else -1
        self.program = Program(
            sign, {}, ZERO, list(model.lower), list(model.upper), list(model.integer), list(model.names),
            dict(model.column), [], {}, 0,
        )  # fmt: skip
        self._later: list[tuple[str, LinearRow]] = []
        objective = self._linear("objective", expanded.objective, sign)
        self.program.cost = {column: sign * value for column, value in objective.terms.items()}
        self.program.constant = sign * objective.constant
        for row in expanded.rows:
            self._declared(row.name, row.comparison, row.value)
        for name, extra in self._later:
            self._add(name, extra)

    def _declared(self, name: str, comparison: str, value: Affine) -> None:
        strict = comparison in ("<", ">")
        integral = is_integral(value, self.program.integer)
        direction = {"<": 1, "<=": 1, ">": -1, ">=": -1, "==": 0}[comparison]
        linear = self._linear(name, value, direction)
        closed = comparison + "=" if strict else comparison
        if strict and integral:
            self._add(name, tightened(comparison, linear))
        else:
            self.program.closed += strict
            self._add(name, LinearRow(closed, linear.terms, -linear.constant))

    def _linear(self, name: str, value: Affine, direction: int) -> Affine:
        """The value with each extremum replaced by a column; direction·value is minimized or at most 0."""
        return self._replaced(name, value, direction, itertools.count(1))

    def _replaced(self, name: str, value: Affine, direction: int, numbers: Iterator[int]) -> Affine:
        result = Affine(value.constant, dict(value.terms))
        for weight, extremum in value.extrema:
            if weight * direction * _curvature(extremum) <= 0:
                raise NotLinear(f"{name}: a {extremum.kind} (or abs) stands where it is not convex")
            label = f"{name}#{next(numbers)}"
            column = self._column(label)
            result.terms[column] = weight
            self._arguments(name, label, column, extremum, numbers)
        return result

    def _arguments(
        self, name: str, label: str, column: int, extremum: algebra.Extremum, numbers: Iterator[int]
    ) -> None:
        factor = flint.fmpq(_curvature(extremum))  # max: e - t <= 0, min: t - e <= 0
        for position, argument in enumerate(extremum.arguments, start=1):
            signed = Affine()
            signed.absorb(argument, factor)
            linear = self._replaced(name, signed, 1, numbers)
            linear.terms[column] = -factor
            self._later.append((f"{label}.{position}", LinearRow("<=", linear.terms, -linear.constant)))

    def _column(self, label: str) -> int:
        program = self.program
        if label in program.column:
            reading.reject(label, "the name of a new column is taken")
        program.column[label] = len(program.names)
        program.names.append(label)
        program.lower.append(None)
        program.upper.append(None)
        program.integer.append(False)
        return len(program.names) - 1

    def _add(self, name: str, row: LinearRow) -> None:
        if name in self.program.row:
            reading.reject(name, "two rows have this name")
        self.program.row[name] = len(self.program.rows)
        self.program.rows.append(row)


def _curvature(extremum: algebra.Extremum) -> int:
    return 1 if extremum.kind == "max" else -1


def is_integral(value: Affine, integer: Sequence[bool]) -> bool:
    """Whether a strict row keeps its strict meaning: no real column and no extremum occurs in it."""
    return not value.extrema and all(integer[column] for column in value.terms)


def tightened(comparison: str, linear: Affine) -> LinearRow:
    """A strict row over integer columns (or none) as the equivalent closed row with coprime integer
    coefficients."""
    scale = 1 / grid(linear.terms.values()) if linear.terms else algebra.ONE
    terms = {column: scale * value for column, value in linear.terms.items()}
    rhs = -scale * linear.constant
    if comparison == "<":
        return LinearRow("<=", terms, flint.fmpq(rhs.ceil() - 1))
    return LinearRow(">=", terms, flint.fmpq(rhs.floor() + 1))


def grid(values: Iterable[flint.fmpq]) -> flint.fmpq:
    """The greatest common divisor of rationals, not all zero: the largest g with every value in g·ℤ."""
    numerators, denominator = 0, 1
    for value in values:
        common = math.lcm(denominator, int(value.q))
        if common.bit_length() > reading.MAX_BITS:
            reading.reject("coefficients", f"their common denominator has more than {reading.MAX_BITS} bits")
        numerators = math.gcd(numerators * (common // denominator), int(value.p) * (common // int(value.q)))
        denominator = common
    return flint.fmpq(numerators, denominator)


def violated(expanded: Expanded, point: Sequence[flint.fmpq]) -> str | None:
    """What a point of the declared columns violates, extrema evaluated as such; None when it is feasible."""
    model = expanded.model
    for name, lower, upper, integer, value in zip(
        model.names, model.lower, model.upper, model.integer, point, strict=True
    ):
        if lower is not None and value < lower:
            return f"column {name} is {value}, below its lower bound {lower}"
        if upper is not None and value > upper:
            return f"column {name} is {value}, above its upper bound {upper}"
        if integer and value.q != 1:
            return f"column {name} is {value}, not an integer"
    for row in expanded.rows:
        value = row.value.at(point)
        if not holds(value, row.comparison, is_integral(row.value, model.integer)):
            return f"row {row.name} is violated: left minus right is {value}, {row.comparison} 0 is needed"
    return None


def holds(value: flint.fmpq, comparison: str, strict: bool) -> bool:
    """value ⋈ 0; the closure of < and > unless `strict`."""
    if comparison == "==":
        return bool(value == 0)
    if strict and value == 0 and comparison in ("<", ">"):
        return False
    return bool(value <= 0) if comparison in ("<", "<=") else bool(value >= 0)
