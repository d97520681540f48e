"""Unit check: everything added or compared in a row must have one unit.

Units are opaque names combined by `* / **`: "$", "kg", "$/kg", "machine hours". There are no conversions, so
hours and minutes in one sum are reported, which is what a reader of word problems needs. (pint, the usual
library, has a closed registry and takes hours and minutes for the same thing.) An empty unit and a written
number can be anything; `1` and `%` are dimensionless.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction

from quod import errors
from quod.solvers import language, scopes, syntax
from quod.solvers.formulation import Formulation

Unit = tuple[tuple[str, Fraction], ...]
"""Sorted pairs (name, exponent), exponents not zero; () is dimensionless. None stands for an unknown unit."""

_TOKEN = re.compile(
    r"\s*(?:(?P<power>\*\*|\^)|(?P<symbol>[*/()·])|(?P<number>-?\d+)|(?P<per>per\b)"
    r"|(?P<name>[^\W\d_][\w.'’-]*(?:[ ]+(?!per\b)[^\W\d_][\w.'’-]*)*|[$€£¥₹%‰°]\w*))"
)
_ALIASES = {
    "dollar": "$",
    "us dollar": "$",
    "usd": "$",
    "euro": "€",
    "eur": "€",
    "hr": "hour",
    "h": "hour",
    "min": "minute",
    "sec": "second",
    "kilogram": "kg",
    "kilo": "kg",
    "gram": "g",
    "meter": "m",
    "metre": "m",
    "kilometer": "km",
    "kilometre": "km",
    "liter": "l",
    "litre": "l",
    "people": "person",
    "percent": "%",
    "percentage": "%",
}
_DIMENSIONLESS = frozenset({"%", "‰"})


def parse(text: str, field: str = "unit") -> Unit | None:
    """The unit, None for an empty text. Raises InvalidInput naming `field`."""
    if not text.strip():
        return None
    tokens: list[tuple[str, str]] = []
    at = 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None or len(tokens) > 100:
            raise errors.InvalidInput(
                f"{text!r} is not a unit (column {at + 1}); write names joined by * / **, such as $/kg",
                field=field,
            )
        tokens.append((match.lastgroup, match.group(match.lastgroup)))
        at = match.end()
    reader = _Reader(tokens, text, field)
    unit = reader.product()
    reader.finish()
    return unit


def to_text(unit: Unit) -> str:
    """Readable text such as `$/kg`."""
    above = [_factor(name, power) for name, power in unit if power > 0]
    below = [_factor(name, -power) for name, power in unit if power < 0]
    return ("*".join(above) or "1") + "".join(f"/{part}" for part in below)


def check(formulation: Formulation) -> list[str]:
    """One warning for each place where units do not fit, naming the row and both units.

    Raises InvalidInput for a malformed unit, naming its field, and for expressions that do not parse.
    """
    known = {p.name: parse(p.unit, f"unit of parameter {p.name!r}") for p in formulation.parameters}
    known |= {v.name: parse(v.unit, f"unit of variable {v.name!r}") for v in formulation.variables}
    goal = parse(formulation.objective.unit, "unit of the objective")
    if goal is None and not any(unit is not None for unit in known.values()):
        return []
    scope = scopes.Scope(formulation)
    rows = _Rows(known, "objective")
    found = rows.unit(language.objective(formulation, scope), frozenset())
    if goal is not None and found is not None and goal != found:
        rows.warnings.append(f"objective: its unit is {to_text(goal)}, but it adds up to {to_text(found)}")
    for constraint in formulation.constraints:
        loops, tree = language.row(constraint, scope)
        rows.name = f"constraint {constraint.name!r}"
        bound = frozenset(name for loop in loops for name in loop.names)
        rows.same("compared", (tree.left, tree.right), bound)
    return rows.warnings


class _Rows:
    """Infers units and collects warnings."""

    def __init__(self, known: dict[str, Unit | None], name: str) -> None:
        self.known, self.name = known, name
        self.warnings: list[str] = []

    def unit(self, node: syntax.Expression, bound: frozenset[str]) -> Unit | None:
        """The unit of an expression, None where it can be anything."""
        match node:
            case syntax.Name() | syntax.Indexed():
                return None if node.name in bound else self.known.get(node.name)
            case syntax.Negate():
                return self.unit(node.operand, bound)
            case syntax.Add():
                return self.same("added", node.terms, bound)
            case syntax.Multiply():
                return self._product(node, bound)
            case syntax.Power():
                return self._power(node, bound)
            case syntax.Aggregate():
                inner = bound.union(*(loop.names for loop in node.loops))
                unit = self.unit(node.body, inner)
                return None if node.function == "prod" else unit
            case syntax.Call(function="abs" | "min" | "max"):
                return self.same("compared", node.arguments, bound)
            case syntax.Call(function="sqrt"):
                return _raised(self.unit(node.arguments[0], bound), Fraction(1, 2))
            case syntax.Call(function="exp" | "log" | "sin" | "cos"):
                return self._transcendental(node, bound)
        return None

    def same(self, verb: str, parts: Iterable[syntax.Expression], bound: frozenset[str]) -> Unit | None:
        """The one unit of parts that are added or compared."""
        first: tuple[Unit, syntax.Expression] | None = None
        for part in parts:
            unit = self.unit(part, bound)
            if unit is None:
                continue
            if first is None:
                first = (unit, part)
            elif unit != first[0]:
                self.warnings.append(
                    f"{self.name}: {to_text(first[0])} and {to_text(unit)} are {verb}: "
                    f"{syntax.to_text(first[1])} is in {to_text(first[0])}, "
                    f"{syntax.to_text(part)} in {to_text(unit)}"
                )
                return first[0]
        return first[0] if first else None

    def _product(self, node: syntax.Multiply, bound: frozenset[str]) -> Unit | None:
        units = [self.unit(factor, bound) for factor in node.factors]  # all, for the warnings inside
        product: Unit = ()
        for operator, unit in zip(node.operators, units, strict=True):
            if unit is None:
                return None
            product = _times(product, unit, Fraction(1 if operator == "*" else -1))
        return product

    def _power(self, node: syntax.Power, bound: frozenset[str]) -> Unit | None:
        base = self.unit(node.base, bound)
        if base == () or not isinstance(node.exponent, syntax.Number):
            return () if base == () else None
        return _raised(base, node.exponent.value)

    def _transcendental(self, node: syntax.Call, bound: frozenset[str]) -> Unit:
        unit = self.unit(node.arguments[0], bound)
        if unit:
            shown = syntax.to_text(node)
            self.warnings.append(f"{self.name}: {shown} needs a dimensionless argument, not {to_text(unit)}")
        return ()


class _Reader:
    """product := power (("*" | "/" | "per") power)*; power := (name | 1 | "(" product ")") ("**" n)?."""

    def __init__(self, tokens: list[tuple[str, str]], text: str, field: str) -> None:
        self.tokens, self.text, self.field, self.depth = tokens, text, field, 0

    def product(self) -> Unit:
        """A chain of factors."""
        self.depth += 1
        if self.depth > 20:
            self._fail()
        unit = self._power()
        while self.tokens and (self.tokens[0][0] == "per" or self.tokens[0][1] in ("*", "/", "·")):
            operator = self.tokens.pop(0)[1]
            unit = _times(unit, self._power(), Fraction(1 if operator in ("*", "·") else -1))
        self.depth -= 1
        return unit

    def finish(self) -> None:
        """Raise InvalidInput unless everything was read."""
        if self.tokens:
            self._fail()

    def _power(self) -> Unit:
        kind, text = self.tokens.pop(0) if self.tokens else ("end", "")
        if kind == "name":
            unit = _named(text)
        elif text == "1":
            unit = ()
        elif text == "(":
            unit = self.product()
            if not self.tokens or self.tokens.pop(0)[1] != ")":
                self._fail()
        else:
            self._fail()
        if self.tokens and self.tokens[0][0] == "power":
            self.tokens.pop(0)
            kind, text = self.tokens.pop(0) if self.tokens else ("end", "")
            if kind != "number" or len(text) > 3:
                self._fail()
            unit = _raised(unit, Fraction(text)) or ()
        return unit

    def _fail(self) -> None:
        raise errors.InvalidInput(
            f"{self.text!r} is not a unit; write names joined by * / **, such as $/kg", field=self.field
        )


def _named(text: str) -> Unit:
    name = " ".join(text.split()).rstrip(".")
    name = name.casefold() if len(name) > 3 else name  # MW and mW differ, Hours and hours do not
    name = _ALIASES.get(name, name)
    name = _singular(name)
    name = _ALIASES.get(name, name)
    return () if name in _DIMENSIONLESS else ((name, Fraction(1)),)


def _singular(name: str) -> str:
    if len(name) < 3 or not name.endswith("s") or name.endswith(("ss", "us", "is")):
        return name
    if name.endswith("ies") and len(name) > 4:
        return name[:-3] + "y"
    return name[:-2] if name.endswith(("xes", "ches", "shes", "sses")) else name[:-1]


def _times(left: Unit, right: Unit, power: Fraction) -> Unit:
    exponents = dict(left)
    for name, exponent in right:
        exponents[name] = exponents.get(name, Fraction(0)) + power * exponent
    return tuple(sorted((name, exponent) for name, exponent in exponents.items() if exponent))


def _raised(unit: Unit | None, power: Fraction) -> Unit | None:
    return None if unit is None else _times((), unit, power)


def _factor(name: str, power: Fraction) -> str:
    return name if power == 1 else f"{name}**{power}"
