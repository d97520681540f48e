"""Values of expressions: exact constants, affine functions with nested extrema, and enclosures.

An expression is evaluated over one of two kinds of leaves: unit `Affine` functions (which gives the row
of the standard form) or `Enclosure`s of a point's coordinates (which gives a number, for nonlinear
models). Constants are `flint.fmpq` in both.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

import flint

from quod import errors
from quod.certificates import reading

ZERO, ONE = flint.fmpq(0), flint.fmpq(1)
MAX_EXPONENT = 1000


Known = dict[int, flint.fmpq]
"""Values by the id of an extremum: abs(e) holds e twice, so a nest of them has few extrema and many paths."""


class NotLinear(errors.CertificateRejected):
    """The expression is not linear; exact certificates are for linear models."""


@dataclasses.dataclass(frozen=True)
class Extremum:
    """max or min of affine functions; abs(e) is max(e, -e)."""

    kind: str
    arguments: tuple[Affine, ...]


class Affine:
    """constant + Σ terms[j]·x_j + Σ factor·extremum, extrema in reading order."""

    __slots__ = ("constant", "extrema", "terms")

    def __init__(
        self,
        constant: flint.fmpq = ZERO,
        terms: dict[int, flint.fmpq] | None = None,
        extrema: list[tuple[flint.fmpq, Extremum]] | None = None,
    ) -> None:
        self.constant = constant
        self.terms = {} if terms is None else terms
        self.extrema = [] if extrema is None else extrema

    def absorb(self, other: Affine, factor: flint.fmpq) -> None:
        """Add factor·other in place."""
        self.constant += factor * other.constant
        terms = self.terms
        for column, coefficient in other.terms.items():
            held = terms.get(column)
            terms[column] = (
                factor * coefficient if held is None else reading.guard(held + factor * coefficient)
            )
        self.extrema.extend((factor * weight, extremum) for weight, extremum in other.extrema)

    def scaled(self, factor: flint.fmpq) -> Value:
        """factor·self."""
        if factor == 0:
            return ZERO
        terms = {column: reading.guard(factor * value) for column, value in self.terms.items()}
        return Affine(factor * self.constant, terms, [(factor * w, e) for w, e in self.extrema])

    def at(self, point: Sequence[flint.fmpq], known: Known | None = None) -> flint.fmpq:
        """The value at a point, extrema evaluated as such; `known` holds those met before."""
        known = {} if known is None else known
        total = self.constant
        for column, coefficient in self.terms.items():
            total += coefficient * point[column]
        for weight, extremum in self.extrema:
            if id(extremum) not in known:
                choose = max if extremum.kind == "max" else min
                known[id(extremum)] = choose([argument.at(point, known) for argument in extremum.arguments])
            total += weight * known[id(extremum)]
        return total

    def magnitude(self, point: Sequence[flint.fmpq], known: Known | None = None) -> flint.fmpq:
        """|constant| + Σ |coefficient|·max(1, |x|): what a violation is measured against."""
        known = {} if known is None else known
        total = abs(self.constant)
        for column, coefficient in self.terms.items():
            total += abs(coefficient) * max(ONE, abs(point[column]))
        for weight, extremum in self.extrema:
            if id(extremum) not in known:
                known[id(extremum)] = max([a.magnitude(point, known) for a in extremum.arguments])
            total += abs(weight) * known[id(extremum)]
        return total

    def __mul__(self, other: Any) -> Value:
        if isinstance(other, Affine):
            raise NotLinear("a product of variables is not linear")
        return self.scaled(other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Value:
        if isinstance(other, Affine):
            raise NotLinear("a quotient of variables is not linear")
        return self.scaled(1 / other)

    def __rtruediv__(self, other: Any) -> Value:
        raise NotLinear("a divisor with variables is not linear")


def unit(column: int) -> Affine:
    """A column by itself."""
    return Affine(terms={column: ONE})


class Enclosure:
    """A ball (`flint.arb`) that holds the value, and the magnitude that errors are measured against."""

    __slots__ = ("scale", "value")

    def __init__(self, value: flint.arb, scale: flint.arb) -> None:
        self.value, self.scale = value, scale

    def __mul__(self, other: Any) -> Enclosure:
        right = enclose(other)
        return Enclosure(self.value * right.value, self.scale * right.scale)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Enclosure:
        right = enclose(other)
        return Enclosure(self.value / right.value, self.scale / abs(right.value))

    def __rtruediv__(self, other: Any) -> Enclosure:
        return enclose(other) / self


_WORD_BITS = 128
_FUNCTIONS = (Affine, Enclosure)


def weight(value: Value) -> int:
    """What a value takes in memory and time: its terms, and more for numbers of more than 128 bits."""
    if isinstance(value, Affine):
        numbers = [value.constant, *value.terms.values()]
        return (
            len(value.terms) + len(value.extrema) + sum(int(n.height_bits()) // _WORD_BITS for n in numbers)
        )
    return 0 if isinstance(value, Enclosure) else int(value.height_bits()) // _WORD_BITS


Value = Any
"""flint.fmpq | Affine | Enclosure (flint has no types that a checker could follow)."""


def enclose(value: Value) -> Enclosure:
    """A constant as an enclosure. Raises NotLinear for an Affine: the two kinds of leaves do not mix."""
    if isinstance(value, Enclosure):
        return value
    return Enclosure(flint.arb(value), abs(flint.arb(value)))


def total(parts: Iterable[tuple[Value, int]]) -> Value:
    """Σ sign·value, collected; a sum in which every variable vanishes is a constant."""
    constant, collected, ball = ZERO, Affine(), None
    for value, sign in parts:
        if isinstance(value, Affine):
            collected.absorb(value, flint.fmpq(sign))
        elif isinstance(value, Enclosure):
            signed = value.value if sign > 0 else -value.value
            ball = (
                Enclosure(signed, value.scale)
                if ball is None
                else Enclosure(ball.value + signed, ball.scale + value.scale)
            )
        else:
            constant = reading.guard(constant + value if sign > 0 else constant - value)
    if ball is not None:
        fixed = enclose(constant)
        return Enclosure(ball.value + fixed.value, ball.scale + fixed.scale)
    terms = {column: value for column, value in collected.terms.items() if value != 0}
    if not terms and not collected.extrema:
        return constant + collected.constant
    return Affine(constant + collected.constant, terms, collected.extrema)


def product(left: Value, right: Value) -> Value:
    """left · right. Raises NotLinear for two affine functions."""
    result = left * right
    return result if isinstance(result, _FUNCTIONS) else reading.guard(result)


def quotient(left: Value, right: Value) -> Value:
    """left / right. Raises CertificateRejected for a constant divisor 0, NotLinear for an affine one."""
    if not isinstance(right, _FUNCTIONS) and right == 0:
        raise errors.CertificateRejected("division by zero")
    result = left / right
    return result if isinstance(result, _FUNCTIONS) else reading.guard(result)


def power(base: Value, exponent: Value, enclosed: bool) -> Value:
    """base ** exponent; exact for whole exponents from 0 to MAX_EXPONENT, else an enclosure where `enclosed`
    allows
    one and NotLinear where it does not."""
    if isinstance(base, Enclosure) or isinstance(exponent, Enclosure):
        return _enclosed_power(enclose(base), exponent)
    if isinstance(exponent, Affine) or exponent.q != 1 or exponent < 0:
        if enclosed:
            return _enclosed_power(enclose(base), exponent)
        raise NotLinear("the exponent is not a whole number n >= 0")
    if exponent > MAX_EXPONENT:
        raise errors.CertificateRejected(f"the exponent is above {MAX_EXPONENT}")
    times = int(exponent.p)
    if isinstance(base, Affine):
        if times > 1:
            raise NotLinear("a power of a variable is not linear")
        return base if times == 1 else ONE
    if base.height_bits() * times > reading.MAX_BITS:
        raise errors.CertificateRejected("the power is too large")
    return base**times


def _enclosed_power(base: Enclosure, exponent: Value) -> Enclosure:
    whole = not isinstance(exponent, Enclosure) and exponent.q == 1
    raised = base.value ** (exponent.p if whole else enclose(exponent).value)
    if whole and 0 <= exponent <= MAX_EXPONENT:
        return Enclosure(raised, base.scale**exponent.p)
    return Enclosure(raised, abs(raised).max(flint.arb(1)))


def extremum(kind: str, arguments: Sequence[Value]) -> Value:
    """max or min (by `kind`); a number when no argument holds a variable."""
    if any(isinstance(argument, Enclosure) for argument in arguments):
        balls = [enclose(argument) for argument in arguments]
        value, scale = balls[0].value, balls[0].scale
        for ball in balls[1:]:
            value = value.max(ball.value) if kind == "max" else value.min(ball.value)
            scale = scale.max(ball.scale)
        return Enclosure(value, scale)
    if not any(isinstance(argument, Affine) for argument in arguments):
        return max(arguments) if kind == "max" else min(arguments)
    affine = tuple(a if isinstance(a, Affine) else Affine(a) for a in arguments)
    return Affine(extrema=[(ONE, Extremum(kind, affine))])


def absolute(value: Value) -> Value:
    """abs(value)."""
    if isinstance(value, Enclosure):
        return Enclosure(abs(value.value), value.scale)
    return extremum("max", [value, product(flint.fmpq(-1), value)])


def function(name: str, value: Value, enclosed: bool) -> Enclosure:
    """exp, log, sqrt, sin, cos as an enclosure. Raises NotLinear where `enclosed` does not allow one."""
    if not enclosed:
        raise NotLinear(f"{name} stands in nonlinear models only")
    ball = getattr(enclose(value).value, name)()
    return Enclosure(ball, abs(ball).max(flint.arb(1)))
