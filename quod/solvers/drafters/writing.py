"""How drafters write formulations: names made from labels, exact numbers and linear expressions as text."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Iterable, Mapping
from fractions import Fraction

from quod import numbers
from quod.solvers import formulation

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9]+")


def identifiers(labels: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """One name per label, in order: letters, digits and `_`, no word of the language, no name twice."""
    used = set(taken)
    names: list[str] = []
    for label in labels:
        plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode()
        name = _NOT_IN_NAMES.sub("_", plain.lower()).strip("_")[:60]
        if not name or name[0].isdigit():
            name = f"x_{name}".rstrip("_")
        if keyword.iskeyword(name) or name in formulation.FUNCTIONS or name == "objective":
            name += "_"
        candidate, count = name, 1
        while candidate in used:
            count += 1
            candidate = f"{name}_{count}"
        used.add(candidate)
        names.append(candidate)
    return names


def linear(coefficients: Mapping[str, Fraction], constant: Fraction = Fraction(0)) -> str:
    """Text of a linear expression: `50*rickshaws + 30*ox_carts`, `x - 2*y`, `0` when nothing is left."""
    text = ""
    for name, value in coefficients.items():
        text = _append(text, value, name)
    if constant or not text:
        text = _append(text, constant, "") or "0"
    return text


def comparison(coefficients: Mapping[str, Fraction], operator: str, rhs: Fraction) -> str:
    """Text of `coefficients operator rhs` as people write it: `x >= 2*y` rather than `x - 2*y >= 0`."""
    positive = {name: value for name, value in coefficients.items() if value > 0}
    negative = {name: -value for name, value in coefficients.items() if value < 0}
    if rhs == 0 and positive and negative:
        return f"{linear(positive)} {operator} {linear(negative)}"
    return f"{linear(coefficients)} {operator} {numbers.to_decimal_text(rhs)}"


def factor(value: Fraction) -> str:
    """A number to stand before `*`: `2`, `0.7`, `(1/3)`."""
    text = numbers.to_decimal_text(value)
    return f"({text})" if "/" in text else text


def _append(text: str, value: Fraction, name: str) -> str:
    if value == 0:
        return text
    size = abs(value)
    term = name if name and size == 1 else factor(size) + (f"*{name}" if name else "")
    if not text:
        return term if value > 0 else f"-{term}"
    return f"{text} {'+' if value > 0 else '-'} {term}"
