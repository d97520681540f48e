"""Exact linear forms with extrema as leaves of the pointwise walk: one row at a time.

It answers what a single row needs before it goes to Pyomo: is it linear, are its extrema convex, how is a
strict comparison closed (docs/formulation.md §3-4).
"""

from __future__ import annotations

import dataclasses
import math
from fractions import Fraction
from typing import Any

from quod.solvers.pointwise import Key, Leaves

Column = tuple[str, Key]


class NotLinear(Exception):
    """The row is not linear."""


@dataclasses.dataclass(frozen=True)
class Extremum:
    """max or min of linear forms."""

    kind: str
    arguments: tuple[Linear, ...]


@dataclasses.dataclass(frozen=True)
class Linear:
    """constant + Σ coefficient·column + Σ weight·extremum; nothing has weight zero."""

    constant: Fraction
    terms: dict[Column, Fraction]
    extrema: tuple[tuple[Fraction, Extremum], ...] = ()

    def plus(self, other: Linear, factor: Fraction) -> Linear:
        """self + factor · other."""
        if factor == 0:
            return self
        terms = dict(self.terms)
        for column, coefficient in other.terms.items():
            terms[column] = terms.get(column, Fraction(0)) + factor * coefficient
        terms = {column: value for column, value in terms.items() if value}
        scaled = tuple((factor * weight, item) for weight, item in other.extrema)
        return Linear(self.constant + factor * other.constant, terms, self.extrema + scaled)

    def convex(self, direction: int) -> bool:
        """Whether direction · self is convex, every extremum being replaceable by a column."""
        return all(
            weight * direction * (1 if item.kind == "max" else -1) > 0
            and all(argument.convex(1 if item.kind == "max" else -1) for argument in item.arguments)
            for weight, item in self.extrema
        )


ZERO = Linear(Fraction(0), {})


class LinearLeaves(Leaves):
    """Variables as unit forms. Constant results are Fractions again, as in the specification."""

    def variable(self, name: str, key: Key) -> Linear:
        """The unit form of a column."""
        return Linear(Fraction(0), {(name, key): Fraction(1)})

    def function(self, name: str, argument: Any) -> Any:
        """No function of variables is linear."""
        raise NotLinear(name)

    def extremum(self, kind: str, arguments: list[Any]) -> Linear:
        """One extremum with weight 1."""
        return Linear(Fraction(0), {}, ((Fraction(1), Extremum(kind, tuple(map(as_linear, arguments)))),))

    def combine(self, operator: str, left: Any, right: Any) -> Linear | Fraction:
        """Sums, products and quotients with constants. Raises NotLinear for anything else."""
        a, b = as_linear(left), as_linear(right)
        if operator in ("+", "-"):
            return _plain(a.plus(b, Fraction(1 if operator == "+" else -1)))
        if operator == "*" and (isinstance(left, Fraction) or isinstance(right, Fraction)):
            factor, form = (left, b) if isinstance(left, Fraction) else (right, a)
            return _plain(ZERO.plus(form, factor))
        if isinstance(right, Fraction) and operator == "/" and right != 0:
            return _plain(ZERO.plus(a, 1 / right))
        if isinstance(right, Fraction) and operator == "**" and right in (0, 1):
            return left if right == 1 else Fraction(1)
        raise NotLinear(operator)


def as_linear(value: Linear | Fraction) -> Linear:
    """A constant or a form as a form."""
    return value if isinstance(value, Linear) else Linear(value, {})


def closed(form: Linear, operator: str) -> tuple[Linear, str]:
    """`form < 0` or `form > 0` over integer columns as the equivalent closed row, coefficients coprime."""
    scale = Fraction(1)
    if form.terms:
        values = form.terms.values()
        denominator = math.lcm(*(v.denominator for v in values))
        scale = Fraction(denominator, math.gcd(*(int(v * denominator) for v in values)))
    bound = -form.constant * scale
    limit = math.ceil(bound) - 1 if operator == "<" else math.floor(bound) + 1
    terms = {column: value * scale for column, value in form.terms.items()}
    return Linear(Fraction(-limit), terms), operator + "="


def _plain(form: Linear) -> Linear | Fraction:
    return form if form.terms or form.extrema else form.constant
