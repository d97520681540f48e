"""Syntax trees compiled to closures that evaluate an expression at loop values (docs/formulation.md §1).

The compiler admits only the forms it names; everything else in Python's grammar is refused.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import NoReturn

import flint

from quod import errors
from quod.certificates import algebra, budget, declarations, iteration, reading
from quod.certificates.iteration import Frame

Evaluate = Callable[[Frame], algebra.Value]
_NO_NUMBERS = (algebra.Affine, algebra.Enclosure, algebra.NotLinear)
MAX_DEPTH = 100
"""Nesting of parentheses, calls and signs."""
_INDEX_NODES = (
    ast.BinOp,
    ast.Add,
    ast.Sub,
    ast.Mult,
    ast.UnaryOp,
    ast.USub,
    ast.UAdd,
    ast.Constant,
    ast.Load,
)


class Compiler:
    """Compiles one text; `bound` are the loop names of the place."""

    def __init__(
        self, declared: declarations.Declarations, where: str, bound: frozenset[str] = frozenset()
    ) -> None:
        self.declared, self.where, self.bound, self.depth = declared, where, bound, 0

    def inner(self, names: frozenset[str]) -> Compiler:
        """A compiler for a place inside more loops."""
        compiler = Compiler(self.declared, self.where, self.bound | names)
        compiler.depth = self.depth + 1
        return compiler

    def fail(self, message: str) -> NoReturn:
        """Raise CertificateRejected for the text."""
        reading.reject(self.where, message)

    def pieces(self, nodes: Sequence[ast.expr]) -> list[Evaluate]:
        """Each piece of a sum."""
        return [self.numeric(node) for node in nodes]

    def numeric(self, node: ast.expr) -> Evaluate:
        """A number-valued expression."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(f"the expression is nested more than {MAX_DEPTH} deep")
        try:
            return self._numeric(node)
        finally:
            self.depth -= 1

    def _numeric(self, node: ast.expr) -> Evaluate:
        match node:
            case ast.Constant():
                if isinstance(node.value, str):
                    self.fail(f"{node.value[:80]!r} is a member of a set, not a number")
                value = node.value
                return lambda frame: value
            case ast.Name():
                return self._name(node.id)
            case ast.Subscript():
                return self._indexed(node)
            case ast.UnaryOp(op=ast.USub()):
                operand, minus = self.numeric(node.operand), flint.fmpq(-1)
                return lambda frame: frame.made(algebra.product(minus, operand(frame)), budget.FACTOR)
            case ast.UnaryOp(op=ast.UAdd()):
                return self.numeric(node.operand)
            case ast.BinOp(op=ast.Add() | ast.Sub()):
                return self._sum(node)
            case ast.BinOp(op=ast.Mult() | ast.Div()):
                return self._product(node)
            case ast.BinOp(op=ast.Pow()):
                base, exponent = self.numeric(node.left), self.numeric(node.right)
                return lambda frame: frame.made(
                    algebra.power(base(frame), exponent(frame), frame.enclosed), budget.FACTOR
                )
            case ast.Call():
                return self._call(node)
        self.fail(f"{type(node).__name__} is not an arithmetic expression of the language")

    def _name(self, name: str) -> Evaluate:
        if name in self.bound:
            return lambda frame: iteration.as_number(frame, name)
        if name in self.declared.parameters:
            value = self.declared.parameters[name].at(())
            return lambda frame: value
        if name in self.declared.variables:
            column = self.declared.variables[name].at(())
            return lambda frame: frame.column(column)
        self.fail(f"{name} is not a parameter, variable or loop name here")

    def _indexed(self, node: ast.Subscript) -> Evaluate:
        if not isinstance(node.value, ast.Name):
            self.fail("only names have indices")
        name = node.value.id
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        indices = [self.index(part) for part in parts]
        if name in self.bound or not indices:
            self.fail(f"{name} takes no index here")
        item = self.declared.parameters.get(name) or self.declared.variables.get(name)
        if item is None:
            self.fail(f"{name} is not a parameter or variable")
        if len(indices) != item.index.width and all(s.members for s in item.index.sets):
            self.fail(f"{name} needs {item.index.width} indices, not {len(indices)}")
        if isinstance(item, declarations.Parameter):
            value = item.at
            return lambda frame: value(_key(indices, frame))
        column = item.at
        return lambda frame: frame.column(column(_key(indices, frame)))

    def _sum(self, node: ast.BinOp) -> Evaluate:
        parts = [(self.numeric(part), -1 if isinstance(op, ast.Sub) else 1) for op, part in _spine(node)]
        return lambda frame: frame.made(
            algebra.total([(part(frame), sign) for part, sign in parts]), len(parts)
        )

    def _product(self, node: ast.BinOp) -> Evaluate:
        parts = [(self.numeric(part), isinstance(op, ast.Div)) for op, part in _spine(node)]

        def evaluate(frame: Frame) -> algebra.Value:
            frame.used.step(budget.FACTOR * len(parts))
            values = [(_factor(part, frame), divides) for part, divides in parts]
            if any(_is_zero(value) for value, divides in values if not divides):
                values = [(algebra.ZERO, False), *(pair for pair in values if pair[1] and _is_zero(pair[0]))]
            for value, _ in values:
                if isinstance(value, algebra.NotLinear):
                    raise value
            result = values[0][0]
            for value, divides in values[1:]:
                result = frame.made((algebra.quotient if divides else algebra.product)(result, value), 0)
            return result

        return evaluate

    def _call(self, node: ast.Call) -> Evaluate:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in declarations.FUNCTIONS or node.keywords or not node.args:
            self.fail(f"{name or 'this'} is not a function of the language, or lacks its arguments")
        first = node.args[0]
        if isinstance(first, ast.GeneratorExp):
            if name not in ("sum", "prod", "min", "max") or len(node.args) != 1:
                self.fail(f"{name} takes no loop")
            return self._aggregate(name, first)
        if name == "len":
            if len(node.args) != 1 or not isinstance(first, ast.Name):
                self.fail("len takes a set")
            size = flint.fmpq(len(self.set(first).members))
            return lambda frame: size
        arguments = self.pieces(node.args)
        if name in ("sum", "prod") or (name in ("min", "max")) != (len(arguments) > 1):
            self.fail(f"{name} has a wrong number of arguments")
        if name in ("min", "max"):
            return lambda frame: _extremum(name, [a(frame) for a in arguments], frame)
        only = arguments[0]
        if name == "abs":
            return lambda frame: _absolute(only(frame), frame)
        return lambda frame: algebra.function(name, only(frame), frame.enclosed)

    def _aggregate(self, name: str, node: ast.GeneratorExp) -> Evaluate:
        loops, compiler = iteration.compile_loops(self, node.generators)
        body = compiler.numeric(node.elt)
        if name == "sum":
            return lambda frame: frame.made(
                algebra.total((frame.made(body(frame), 0), 1) for _ in iteration.bindings(loops, frame))
            )
        if name == "prod":
            return lambda frame: _multiplied(body, loops, frame)

        def evaluate(frame: Frame) -> algebra.Value:
            values = [body(frame) for _ in iteration.bindings(loops, frame)]
            if not values:
                raise errors.CertificateRejected(f"{name} over nothing")
            return _extremum(name, values, frame)

        return evaluate

    def set(self, node: ast.expr) -> declarations.IndexSet:
        """The declared set that a name stands for."""
        if not isinstance(node, ast.Name) or node.id not in self.declared.sets:
            self.fail("a set is expected after 'in' and in len( )")
        return self.declared.sets[node.id]

    def index(self, node: ast.expr) -> iteration.Pick:
        """A loop name, a quoted text, a whole number, or + - * of loop names and whole numbers."""
        if isinstance(node, ast.Name) and node.id in self.bound:
            name = node.id
            return lambda frame: frame.loop[name]
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
            return lambda frame: text
        self._index_arithmetic(node)
        value = self.numeric(node)
        return lambda frame: iteration.as_element(value(frame))

    def _index_arithmetic(self, node: ast.expr) -> None:
        for part in ast.walk(node):
            if not isinstance(part, _INDEX_NODES) and not (
                isinstance(part, ast.Name) and part.id in self.bound
            ):
                self.fail("an index is a loop name, a quoted text, a whole number or + - * of loop names")


def _key(indices: Sequence[iteration.Pick], frame: Frame) -> declarations.Key:
    frame.used.step(len(indices))
    return tuple([index(frame) for index in indices])


def _spine(node: ast.BinOp) -> list[tuple[ast.operator | None, ast.expr]]:
    """Operands of a left-deep chain of + and -, or of * and /, in order, each with the operator before it."""
    family = (ast.Add, ast.Sub) if isinstance(node.op, ast.Add | ast.Sub) else (ast.Mult, ast.Div)
    parts: list[tuple[ast.operator | None, ast.expr]] = []
    current: ast.expr = node
    while isinstance(current, ast.BinOp) and isinstance(current.op, family):
        parts.append((current.op, current.right))
        current = current.left
    parts.append((None, current))
    return parts[::-1]


def _factor(part: Evaluate, frame: Frame) -> algebra.Value | algebra.NotLinear:
    """A factor, or why it is not linear: it need not be when another one is the number 0."""
    try:
        return frame.attempt(part)
    except algebra.NotLinear as error:
        return error


def _extremum(kind: str, arguments: Sequence[algebra.Value], frame: Frame) -> algebra.Value:
    """max or min; each argument becomes a row of the standard form."""
    kept = sum(map(algebra.weight, arguments))
    frame.used.step(len(arguments) + kept)
    frame.used.keep(2 * len(arguments) + kept)
    return algebra.extremum(kind, arguments)


def _absolute(value: algebra.Value, frame: Frame) -> algebra.Value:
    kept = 2 * (2 + algebra.weight(value))
    frame.used.step(budget.FACTOR + kept)
    frame.used.keep(kept)
    return algebra.absolute(value)


def _is_zero(value: algebra.Value | algebra.NotLinear) -> bool:
    return not isinstance(value, _NO_NUMBERS) and value == 0


def _multiplied(body: Evaluate, loops: Sequence[iteration.Loop], frame: Frame) -> algebra.Value:
    result: algebra.Value = algebra.ONE
    for _ in iteration.bindings(loops, frame):
        result = frame.made(algebra.product(result, body(frame)), budget.FACTOR)
    return result
