"""Expressions evaluated binding by binding: the slow, plain path for models whose leaves are objects.

What a variable stands for is the caller's choice (a Pyomo variable, an exact linear form); constants are
`Fraction` until they meet it. Independent of the vectorised expansion, which the tests compare with it.
"""

from __future__ import annotations

import abc
import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quod import errors, numbers
from quod.solvers import syntax
from quod.solvers.formulation import Element, Formulation, Parameter

Key = tuple[str | int, ...]
Environment = dict[str, str | int]

FUNCTIONS: dict[str, Callable[[float], float]] = {
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "sin": math.sin,
    "cos": math.cos,
}


class Leaves(abc.ABC):
    """What variables, functions and extrema of variables become; subclasses say."""

    @abc.abstractmethod
    def variable(self, name: str, key: Key) -> Any:
        """The value of a variable's column."""

    @abc.abstractmethod
    def function(self, name: str, argument: Any) -> Any:
        """exp, log, sqrt, sin or cos of something with variables."""

    @abc.abstractmethod
    def extremum(self, kind: str, arguments: list[Any]) -> Any:
        """max or min of arguments of which at least one holds a variable."""

    @abc.abstractmethod
    def combine(self, operator: str, left: Any, right: Any) -> Any:
        """`+ - * / **` where at least one side is no Fraction."""


class Walker:
    """Evaluates expressions of one formulation at loop values."""

    def __init__(self, formulation: Formulation, leaves: Leaves) -> None:
        self.leaves = leaves
        self.members = {s.name: [component_key(e) for e in s.elements] for s in formulation.sets}
        self.lookup = {name: frozenset(keys) for name, keys in self.members.items()}
        self.index = {v.name: v.index for v in formulation.variables}
        self.variables = set(self.index)
        self.index |= {p.name: p.index for p in formulation.parameters}
        self.values = {p.name: self._values(p) for p in formulation.parameters}

    def keys(self, index: list[str]) -> Iterator[Key]:
        """The product of index sets, first set slowest, components flattened."""
        for combination in itertools.product(*(self.members[name] for name in index)):
            yield tuple(itertools.chain.from_iterable(combination))

    def bindings(
        self, loops: tuple[syntax.Loop, ...], outer: Mapping[str, str | int]
    ) -> Iterator[Environment]:
        """The loop values that satisfy all conditions, first loop slowest."""
        if not loops:
            yield dict(outer)
            return
        first, rest = loops[0], loops[1:]
        for member in self.members[first.set]:
            inner = {**outer, **dict(zip(first.names, member, strict=True))}
            if all(self.holds(condition, inner) for condition in first.conditions):
                yield from self.bindings(rest, inner)

    def holds(self, node: syntax.Condition, at: Environment) -> bool:
        """Whether a condition holds."""
        match node:
            case syntax.Not():
                return not self.holds(node.operand, at)
            case syntax.Logic(operator="and"):
                return all(self.holds(operand, at) for operand in node.operands)
            case syntax.Logic():
                return any(self.holds(operand, at) for operand in node.operands)
            case syntax.Member():
                return tuple(self.element(item, at) for item in node.items) in self.lookup[node.set]
            case syntax.Compare():
                left, right = self._side(node.left, at), self._side(node.right, at)
                return _compare(node.operator, left, right)

    def element(self, node: syntax.Expression, at: Environment) -> str | int:
        """The value of an index."""
        if isinstance(node, syntax.Text):
            return node.value
        if isinstance(node, syntax.Name):
            return at[node.name]
        return int(self.value(node, at))

    def value(self, node: syntax.Expression, at: Environment) -> Any:
        """A Fraction, or what the leaves make of it. Raises InvalidInput for an index outside its sets."""
        match node:
            case syntax.Number():
                return node.value
            case syntax.Name() if node.name in at:
                return Fraction(at[node.name])
            case syntax.Name():
                return self._leaf(node.name, ())
            case syntax.Indexed():
                return self._leaf(node.name, tuple(self.element(item, at) for item in node.indices))
            case syntax.Negate():
                return self._apply("*", Fraction(-1), self.value(node.operand, at))
            case syntax.Add():
                return self._chain(node.signs, node.terms, at)
            case syntax.Multiply():
                return self._chain(node.operators, node.factors, at)
            case syntax.Power():
                return self._apply("**", self.value(node.base, at), self.value(node.exponent, at))
            case syntax.Call():
                return self._call(node, at)
            case syntax.Aggregate():
                return self._aggregate(node, at)
        raise TypeError(f"{node} has no value")

    def _values(self, parameter: Parameter) -> dict[Key, Fraction]:
        keys = list(self.keys(parameter.index))
        if not parameter.index:
            return {(): numbers.exact(parameter.value)}
        if parameter.values is None or isinstance(parameter.values, dict):
            given = parameter.values or {}
            by_text = {tuple(part.strip() for part in str(text).split(",")): v for text, v in given.items()}
            texts = (tuple(map(str, key)) for key in keys)
            listed = [by_text.get(text, parameter.default) for text in texts]
        else:
            flat = np.array(parameter.values, dtype=object).reshape(-1)
            listed = flat.tolist()
        field = f"parameter {parameter.name!r}"
        return {key: numbers.exact(v, field=field) for key, v in zip(keys, listed, strict=True)}

    def _leaf(self, name: str, key: Key) -> Any:
        if name not in self.variables:
            if key not in self.values[name]:
                raise errors.InvalidInput("the index lies outside its sets", field=f"{name}{list(key)}")
            return self.values[name][key]
        return self.leaves.variable(name, key)

    def _side(self, node: syntax.Expression, at: Environment) -> Any:
        if isinstance(node, syntax.Text) or (isinstance(node, syntax.Name) and node.name in at):
            return self.element(node, at)
        return self.value(node, at)

    def _chain(
        self, operators: tuple[str, ...], parts: tuple[syntax.Expression, ...], at: Environment
    ) -> Any:
        result = self.value(parts[0], at)
        for operator, part in zip(operators[1:], parts[1:], strict=True):
            result = self._apply(operator, result, self.value(part, at))
        return result

    def _apply(self, operator: str, left: Any, right: Any) -> Any:
        if not (isinstance(left, Fraction) and isinstance(right, Fraction)):
            return self.leaves.combine(operator, left, right)
        if operator == "**" and right.denominator != 1:
            return Fraction(repr(float(left) ** float(right)))
        if operator == "/" and right == 0:
            raise errors.InvalidInput("division by zero")
        return Fraction(_OPERATORS[operator](left, right))

    def _call(self, node: syntax.Call, at: Environment) -> Any:
        if node.function == "len":
            return Fraction(len(self.members[syntax.to_text(node.arguments[0])]))
        if node.function in ("abs", "min", "max"):
            return self._extremum(node.function, [self.value(a, at) for a in node.arguments])
        argument = self.value(node.arguments[0], at)
        if isinstance(argument, Fraction):
            return Fraction(repr(FUNCTIONS[node.function](float(argument))))
        return self.leaves.function(node.function, argument)

    def _extremum(self, kind: str, values: list[Any]) -> Any:
        if not values:
            raise errors.InvalidInput(f"{kind} over nothing")
        if kind == "abs":
            values.append(self._apply("*", Fraction(-1), values[0]))
        kind = "min" if kind == "min" else "max"
        if all(isinstance(value, Fraction) for value in values):
            return max(values) if kind == "max" else min(values)
        return self.leaves.extremum(kind, values)

    def _aggregate(self, node: syntax.Aggregate, at: Environment) -> Any:
        if node.function in ("min", "max"):
            values = [self.value(node.body, binding) for binding in self.bindings(node.loops, at)]
            return self._extremum(node.function, values)
        operator = "+" if node.function == "sum" else "*"
        result: Any = Fraction(0 if operator == "+" else 1)
        for binding in self.bindings(node.loops, at):
            result = self._apply(operator, result, self.value(node.body, binding))
        return result


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
}


def component_key(element: Element) -> Key:
    """A member as the tuple of its components."""
    return element if isinstance(element, tuple) else (element,)


def operate(operator: str, left: Any, right: Any) -> Any:
    """`left operator right` by Python's operators."""
    return _OPERATORS[operator](left, right)


def _compare(operator: str, left: Any, right: Any) -> bool:
    if isinstance(left, str) != isinstance(right, str):
        return operator == "!="
    if operator in ("==", "!="):
        return bool((left == right) == (operator == "=="))
    order = {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}
    return bool(order[operator])
