"""Evaluates the syntax tree of a formulation one binding at a time, over any kind of number.

A variable may stand for a number or for an expression object of a solver; arithmetic is Python's own. Slow
and plain, for nonlinear models; `quod.solvers.expand` makes linear ones.
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from quod import errors
from quod.solvers import syntax
from quod.solvers.expand.arithmetic import Arithmetic
from quod.solvers.expand.data import Data, index_text
from quod.solvers.formulation import Element, Formulation

Atom = str | int
Binding = Mapping[str, Atom]
Functions = Mapping[str, Callable[..., Any]]
"""abs, exp, log, sqrt, sin, cos of one argument; min and max of one or more."""

FLOAT_FUNCTIONS: Functions = {
    "abs": abs,
    "min": lambda *arguments: min(arguments),
    "max": lambda *arguments: max(arguments),
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "sin": math.sin,
    "cos": math.cos,
}

MAX_CELLS = 2_000_000
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def columns(formulation: Formulation) -> Iterator[tuple[str, str, tuple[Atom, ...]]]:
    """(variable, column name, atoms of the index) of every declared column, in order."""
    elements = {s.name: s.elements for s in formulation.sets}
    for variable in formulation.variables:
        for members in itertools.product(*(elements[name] for name in variable.index)):
            yield variable.name, variable.name + index_text(members), _atoms(members)


def column_names(formulation: Formulation) -> list[str]:
    """The names of the declared columns."""
    return [name for _, name, _ in columns(formulation)]


class Interpreter:
    """Evaluates expressions with `variables` (by name and atoms of the index) and `functions`."""

    def __init__(
        self,
        formulation: Formulation,
        variables: Mapping[tuple[str, tuple[Atom, ...]], Any],
        functions: Functions,
    ) -> None:
        self._sets: dict[str, list[tuple[Atom, ...]]] = {
            s.name: [_atoms((element,)) for element in s.elements] for s in formulation.sets
        }
        self._members = {name: set(members) for name, members in self._sets.items()}
        self._entries: dict[tuple[str, tuple[Atom, ...]], Any] = dict(variables)
        self._declared = {v.name for v in formulation.variables} | {p.name for p in formulation.parameters}
        data = Data(formulation, Arithmetic(exact=True), MAX_CELLS)
        for parameter in formulation.parameters:
            products = itertools.product(*(self._sets[name] for name in parameter.index))
            values = data.values(parameter.name).reshape(-1).tolist()
            for members, value in zip(products, values, strict=True):
                key = (parameter.name, tuple(itertools.chain.from_iterable(members)))
                self._entries[key] = Fraction(int(value.p), int(value.q))
        self._functions = functions

    def value(self, node: syntax.Expression, binding: Binding | None = None) -> Any:
        """The value of an expression. Raises InvalidInput for a wrong index or a division by zero."""
        binding = binding or {}
        match node:
            case syntax.Number():
                return node.value
            case syntax.Name():
                if node.name in binding:
                    return Fraction(binding[node.name])
                return self._entry(node.name, ())
            case syntax.Indexed():
                return self._entry(node.name, tuple(self._atom(part, binding) for part in node.indices))
            case syntax.Negate():
                return -self.value(node.operand, binding)
            case syntax.Add():
                signed = zip(node.signs, node.terms, strict=True)
                values = ((sign, self.value(term, binding)) for sign, term in signed)
                return _sum(value if sign == "+" else -value for sign, value in values)
            case syntax.Multiply():
                return self._product(node, binding)
            case syntax.Power():
                return self._power(self.value(node.base, binding), self.value(node.exponent, binding))
            case syntax.Call(function="len"):
                return Fraction(len(self._sets[syntax.to_text(node.arguments[0])]))
            case syntax.Call():
                return self._call(node.function, [self.value(part, binding) for part in node.arguments])
            case syntax.Aggregate():
                parts = [self.value(node.body, inner) for inner in self.bindings(node.loops, binding)]
                return self._aggregate(node.function, parts)
        raise errors.InvalidInput(f"{syntax.to_text(node)} is not a number")

    def bindings(self, loops: tuple[syntax.Loop, ...], binding: Binding | None = None) -> Iterator[Binding]:
        """Every binding of the loops whose conditions hold, the first loop outermost."""
        if not loops:
            yield binding or {}
            return
        loop = loops[0]
        for atoms in self._sets[loop.set]:
            inner = {**(binding or {}), **dict(zip(loop.names, atoms, strict=True))}
            if all(self._holds(condition, inner) for condition in loop.conditions):
                yield from self.bindings(loops[1:], inner)

    def _holds(self, node: syntax.Condition, binding: Binding) -> bool:
        match node:
            case syntax.Compare():
                left, right = self._comparable(node.left, binding), self._comparable(node.right, binding)
                if isinstance(left, str) != isinstance(right, str) and node.operator in ("==", "!="):
                    return node.operator == "!="
                return _COMPARE[node.operator](left, right)
            case syntax.Member():
                return tuple(self._atom(item, binding) for item in node.items) in self._members[node.set]
            case syntax.Logic():
                results = (self._holds(part, binding) for part in node.operands)
                return all(results) if node.operator == "and" else any(results)
        return not self._holds(node.operand, binding)

    def _comparable(self, node: syntax.Expression, binding: Binding) -> Any:
        if isinstance(node, syntax.Text):
            return node.value
        if isinstance(node, syntax.Name) and isinstance(binding.get(node.name), str):
            return binding[node.name]
        return self.value(node, binding)

    def _atom(self, node: syntax.Expression, binding: Binding) -> Atom:
        found = self._comparable(node, binding)
        return found if isinstance(found, str) else int(found)

    def _entry(self, name: str, atoms: tuple[Atom, ...]) -> Any:
        try:
            return self._entries[name, atoms]
        except KeyError:
            raise errors.InvalidInput(
                f"{name}{index_text(atoms)} is not inside the index sets of {name}"
            ) from None

    def _product(self, node: syntax.Multiply, binding: Binding) -> Any:
        total = self.value(node.factors[0], binding)
        for sign, factor in zip(node.operators[1:], node.factors[1:], strict=True):
            value = self.value(factor, binding)
            if sign == "/" and isinstance(value, Fraction) and value == 0:
                raise errors.InvalidInput(f"division by zero in {syntax.to_text(node)}")
            total = total * value if sign == "*" else total / value
        return total

    def _power(self, base: Any, exponent: Any) -> Any:
        if isinstance(exponent, Fraction) and exponent.denominator == 1:
            return base ** int(exponent)
        return base**exponent

    def _call(self, function: str, arguments: list[Any]) -> Any:
        if all(isinstance(value, Fraction) for value in arguments) and function in ("abs", "min", "max"):
            exactly: Any = {"abs": abs, "min": min, "max": max}[function]
            return exactly(*arguments) if function == "abs" else exactly(arguments)
        return self._functions[function](*arguments)

    def _aggregate(self, function: str, parts: list[Any]) -> Any:
        if function == "sum":
            return _sum(parts)
        if function == "prod":
            return functools.reduce(operator.mul, parts, Fraction(1))
        if not parts:
            raise errors.InvalidInput(f"{function} over nothing has no value")
        return self._call(function, parts)


def _sum(parts: Any) -> Any:
    return functools.reduce(operator.add, parts, Fraction(0))


def _atoms(members: tuple[Element, ...]) -> tuple[Atom, ...]:
    return tuple(atom for member in members for atom in (member if isinstance(member, tuple) else (member,)))
