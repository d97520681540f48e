"""Pyomo's operators on exact affine functions and texts of the formulation language.

Coefficients are taken as the decimals that the code says (0.1 is 1/10) and added exactly; arithmetic that the
code itself did on floats before Pyomo saw it stays as it came out.
"""

from __future__ import annotations

import math
import numbers
from fractions import Fraction
from typing import Any

FUNCTIONS = ("exp", "log", "sqrt", "sin", "cos")
MAX_POWER = 64
"""Whole powers of numbers beyond this are floats."""


class CannotWrite(Exception):
    """A part of the model has no counterpart in a formulation."""


class Affine:
    """Exact `constant + Σ coefficient · variable`."""

    def __init__(self, constant: Fraction = Fraction(0), terms: dict[str, Fraction] | None = None) -> None:
        self.constant = constant
        self.terms = terms or {}

    def times(self, factor: Fraction) -> Affine:
        """The function times a number."""
        return Affine(
            self.constant * factor, {name: c * factor for name, c in self.terms.items() if c * factor}
        )


Value = Affine | str
"""What an expression is: an exact affine function, or text of the language that can stand in any place."""


def added(parts: list[Value]) -> Value:
    """The sum."""
    total, rest = Affine(), []
    for part in parts:
        if isinstance(part, str):
            rest.append(part)
            continue
        total.constant += part.constant
        for name, coefficient in part.terms.items():
            total.terms[name] = total.terms.get(name, Fraction(0)) + coefficient
    total.terms = {name: c for name, c in total.terms.items() if c}
    if not rest:
        return total
    affine = [text(total)] if total.terms or total.constant else []
    return f"({' + '.join([*affine, *rest])})"


def multiplied(first: Value, second: Value) -> Value:
    """The product; a number times an affine function stays exact."""
    for one, other in ((first, second), (second, first)):
        if isinstance(one, Affine) and not one.terms:
            if isinstance(other, Affine):
                return other.times(one.constant)
            return Affine() if one.constant == 0 else f"({decimal(one.constant)} * {other})"
    return f"({atom(first)} * {atom(second)})"


def divided(first: Value, second: Value) -> Value:
    """The quotient."""
    if isinstance(second, Affine) and not second.terms:
        if second.constant == 0:
            raise CannotWrite("division by zero")
        return multiplied(Affine(1 / second.constant), first)
    return f"({atom(first)} / {atom(second)})"


def power(base: Value, exponent: Value) -> Value:
    """A power; whole powers of numbers stay exact."""
    if isinstance(exponent, Affine) and not exponent.terms:
        if exponent.constant == 1:
            return base
        if isinstance(base, Affine) and not base.terms:
            whole = exponent.constant.denominator == 1 and abs(exponent.constant) <= MAX_POWER
            raised = (
                base.constant ** int(exponent.constant)
                if whole
                else float(base.constant) ** exponent.constant
            )
            return Affine(number(raised))
    return f"({atom(base)} ** {atom(exponent)})"


def applied(name: str, parts: list[Value], fold: Any) -> Value:
    """abs, min, max; of numbers a number."""
    known = [part.constant for part in parts if isinstance(part, Affine) and not part.terms]
    if len(known) == len(parts):
        return Affine(fold(*known))
    return f"{name}({', '.join(text(part) for part in parts)})"


def function(name: str, argument: Value) -> Value:
    """A function of the language; of a number the float nearest to its value, as Pyomo takes it."""
    if isinstance(argument, Affine) and not argument.terms and hasattr(math, name):
        return Affine(number(getattr(math, name)(float(argument.constant))))
    if name == "log10":
        return f"(log({text(argument)}) / log(10))"
    if name not in FUNCTIONS:
        raise CannotWrite(f"the function {name} has no counterpart in a formulation")
    return f"{name}({text(argument)})"


def number(value: Any) -> Fraction:
    """A number as the decimal that it prints as. Raises CannotWrite for infinities and what is no number."""
    if isinstance(value, numbers.Rational):
        return Fraction(int(value.numerator), int(value.denominator))
    try:
        approximate = float(value)
    except (TypeError, ValueError):
        raise CannotWrite(f"{value!r} is not a number") from None
    if not math.isfinite(approximate):
        raise CannotWrite(f"{value!r} is not a finite number")
    return Fraction(repr(approximate))


def bound(value: Any, none: float) -> str | None:
    """A bound of a variable; None where there is none, or it is the infinity that is `none`."""
    return None if value is None or value == none else decimal(number(value))


def decimal(value: Fraction) -> str:
    """Exact text: a decimal where there is one, else a quotient in parentheses."""
    rest = value.denominator
    twos = fives = 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    if rest != 1:
        return f"({value.numerator} / {value.denominator})"
    places = max(twos, fives)
    digits = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    whole = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return f"-{whole}" if value < 0 else whole


def text(value: Value) -> str:
    """Text that can stand alone or as an argument."""
    if isinstance(value, str):
        return value
    written = ""
    for name, coefficient in value.terms.items():
        factor = "" if abs(coefficient) == 1 else f"{decimal(abs(coefficient))} * "
        sign = ("-" if coefficient < 0 else "") if not written else (" - " if coefficient < 0 else " + ")
        written += f"{sign}{factor}{name}"
    if not written:
        return decimal(value.constant)
    if value.constant:
        written += f" {'-' if value.constant < 0 else '+'} {decimal(abs(value.constant))}"
    return written


def atom(value: Value) -> str:
    """Text that can stand beside any operator."""
    written = text(value)
    bare = isinstance(value, str) or written.isidentifier() or written.replace(".", "", 1).isdigit()
    return written if bare else f"({written})"
