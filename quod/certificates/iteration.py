"""Loops over sets with conditions: compiled once, run with an explicit frame of loop values."""

from __future__ import annotations

import ast
import dataclasses
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import flint

from quod import errors
from quod.certificates import algebra, budget, declarations

if TYPE_CHECKING:
    from quod.certificates import expressions

_MAX_LOOPS = 20
_ORDER: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


class Frame:
    """Loop values by name, what a column stands for, and the work done so far."""

    def __init__(
        self, leaf: Callable[[int], algebra.Value], used: budget.Budget, enclosed: bool = False
    ) -> None:
        self.loop: dict[str, declarations.Element] = {}
        self.leaf = leaf
        self.enclosed = enclosed
        """Whether functions without exact values are enclosed (else they are refused)."""
        self.used = used

    def made(self, value: algebra.Value, operands: int = 1) -> algebra.Value:
        """The value of an operation, after counting its work. Raises CertificateRejected past the limit."""
        self.used.step(operands + algebra.weight(value))
        return value

    def column(self, number: int) -> algebra.Value:
        """What a column stands for."""
        self.used.step(2)
        return self.leaf(number)

    def attempt(self, evaluate: Callable[[Frame], algebra.Value]) -> algebra.Value:
        """Evaluate, and put the loop values back when it raises NotLinear, so that another evaluation may
        follow: a loop that is abandoned inside leaves its own values behind."""
        held = dict(self.loop)
        try:
            return evaluate(self)
        except algebra.NotLinear:
            self.loop.clear()
            self.loop.update(held)
            raise


Pick = Callable[[Frame], declarations.Element]
Condition = Callable[[Frame], bool]


@dataclasses.dataclass(frozen=True)
class Loop:
    """`for names in members if conditions`."""

    names: tuple[str, ...]
    members: Sequence[declarations.Key]
    conditions: tuple[Condition, ...]
    steps: int
    """Work of one turn: the loop's own, and that of its conditions by their length."""


def compile_loops(
    compiler: expressions.Compiler, generators: Sequence[ast.comprehension]
) -> tuple[list[Loop], expressions.Compiler]:
    """The loops, and a compiler for what stands inside them. Raises CertificateRejected."""
    if len(generators) > _MAX_LOOPS:
        compiler.fail(f"there are more than {_MAX_LOOPS} loops")
    loops: list[Loop] = []
    seen: list[str] = []
    for generator in generators:
        targets = generator.target.elts if isinstance(generator.target, ast.Tuple) else [generator.target]
        names = tuple(target.id if isinstance(target, ast.Name) else "" for target in targets)
        index_set = compiler.set(generator.iter)
        seen += [declarations.identifier(name, compiler.where) for name in names]
        if generator.is_async or len(set(seen)) != len(seen):
            compiler.fail("a loop is written 'for i in I' or 'for (i, j) in A', each name once")
        if index_set.members and len(names) != index_set.arity:
            compiler.fail(f"members of {index_set.name} have {index_set.arity} components, not {len(names)}")
        compiler = compiler.inner(frozenset(names))
        conditions = tuple(condition(compiler, node) for node in generator.ifs)
        parts = sum(1 for node in generator.ifs for _ in ast.walk(node))
        loops.append(Loop(names, index_set.members, conditions, 1 + parts // 8))
    return loops, compiler


def bindings(loops: Sequence[Loop], frame: Frame, level: int = 0) -> Iterator[bool]:
    """Yield True for each binding, first loop slowest; the loop values stand in the frame."""
    if level == len(loops):
        yield True
        return
    loop, values = loops[level], frame.loop
    hidden = {name: values[name] for name in loop.names if name in values}
    innermost = level + 1 == len(loops)
    for member in loop.members:
        frame.used.step(loop.steps)
        for name, component in zip(loop.names, member, strict=True):
            values[name] = component
        if all(holds(frame) for holds in loop.conditions):
            if innermost:
                yield True
            else:
                yield from bindings(loops, frame, level + 1)
    for name in loop.names:
        values.pop(name, None)
    values.update(hidden)


def condition(compiler: expressions.Compiler, node: ast.expr) -> Condition:
    """A condition of a loop; what `and` and `or` need not look at is not evaluated."""
    compiler = compiler.inner(frozenset())
    if compiler.depth > _MAX_LOOPS * 10:
        compiler.fail("the condition is nested too deeply")
    match node:
        case ast.BoolOp():
            parts = [condition(compiler, part) for part in node.values]
            every = isinstance(node.op, ast.And)
            return lambda frame: (all if every else any)(part(frame) for part in parts)
        case ast.UnaryOp(op=ast.Not()):
            negated = condition(compiler, node.operand)
            return lambda frame: not negated(frame)
        case ast.Compare(ops=[ast.In()]):
            return _membership(compiler, node)
        case ast.Compare(ops=[single]) if type(single) in _ORDER:
            return _comparison(compiler, node, type(single))
    compiler.fail("a condition is a comparison, 'i in I', or these with and, or, not")


def _membership(compiler: expressions.Compiler, node: ast.Compare) -> Condition:
    items = node.left.elts if isinstance(node.left, ast.Tuple) else [node.left]
    picks = [compiler.index(item) for item in items]
    index_set = compiler.set(node.comparators[0])
    if index_set.members and index_set.arity != len(picks):
        compiler.fail(f"members of {index_set.name} have {index_set.arity} components, not {len(picks)}")
    return lambda frame: tuple([pick(frame) for pick in picks]) in index_set.lookup


def _comparison(compiler: expressions.Compiler, node: ast.Compare, kind: type[ast.cmpop]) -> Condition:
    left, right = _operand(compiler, node.left), _operand(compiler, node.comparators[0])
    compare = _ORDER[kind]

    def holds(frame: Frame) -> bool:
        first, second = left(frame), right(frame)
        if isinstance(first, str) != isinstance(second, str):
            if kind not in (ast.Eq, ast.NotEq):
                raise errors.CertificateRejected("a text and a number have no order")
            return kind is ast.NotEq
        return bool(compare(first, second))

    return holds


def _operand(compiler: expressions.Compiler, node: ast.expr) -> Callable[[Frame], Any]:
    """A text, a loop value, or a number without variables."""
    if isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and node.id in compiler.bound):
        if isinstance(node, ast.Name) or isinstance(node.value, str):
            return compiler.index(node)
        return compiler.numeric(node)
    value = compiler.numeric(node)

    def number(frame: Frame) -> Any:
        result = value(frame)
        if isinstance(result, algebra.Affine | algebra.Enclosure):
            raise errors.CertificateRejected("a condition must not depend on variables")
        return result

    return number


def as_number(frame: Frame, name: str) -> flint.fmpq:
    """The value of a loop name. Raises CertificateRejected when it is a text."""
    value = frame.loop[name]
    if isinstance(value, str):
        raise errors.CertificateRejected(f"{name} is the text {value!r}, not a number")
    return flint.fmpq(value)


def as_element(value: Any) -> int:
    """A whole number as an index. Raises CertificateRejected for a fraction."""
    if value.q != 1:
        raise errors.CertificateRejected(f"{value} is not an index")
    return int(value.p)
