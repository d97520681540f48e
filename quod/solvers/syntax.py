"""The abstract syntax of the expression language (docs/formulation.md §1), and its canonical text.

Chains of additions and multiplications are flat nodes, so that the depth of a tree is the depth of its
parentheses, which the parser limits; walkers may therefore recurse.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from fractions import Fraction
from typing import Literal

Comparison = Literal["<=", ">=", "==", "!=", "<", ">"]
MIRRORED: dict[str, Comparison] = {"<=": ">=", ">=": "<=", "==": "==", "<": ">", ">": "<"}


@dataclasses.dataclass(frozen=True)
class Node:
    """`at` is the zero-based column in the source text; it does not take part in comparisons."""

    at: int = dataclasses.field(default=0, compare=False, kw_only=True)


@dataclasses.dataclass(frozen=True)
class Number(Node):
    """A decimal as written."""

    value: Fraction
    text: str = dataclasses.field(compare=False)


@dataclasses.dataclass(frozen=True)
class Text(Node):
    """A quoted string: a member of a set."""

    value: str


@dataclasses.dataclass(frozen=True)
class Name(Node):
    """A scalar parameter or variable, a loop name, or (in `len` and after `in`) a set."""

    name: str


@dataclasses.dataclass(frozen=True)
class Indexed(Node):
    """`x[i, j]`: an entry of a parameter or variable."""

    name: str
    indices: tuple[Expression, ...]


@dataclasses.dataclass(frozen=True)
class Negate(Node):
    """Unary minus."""

    operand: Expression


@dataclasses.dataclass(frozen=True)
class Add(Node):
    """Σ ± terms; every sign is "+" or "-", the first one "+"."""

    signs: tuple[str, ...]
    terms: tuple[Expression, ...]


@dataclasses.dataclass(frozen=True)
class Multiply(Node):
    """Π factors, from left to right; every operator is "*" or "/", the first one "*"."""

    operators: tuple[str, ...]
    factors: tuple[Expression, ...]


@dataclasses.dataclass(frozen=True)
class Power(Node):
    """`base ** exponent`."""

    base: Expression
    exponent: Expression


@dataclasses.dataclass(frozen=True)
class Call(Node):
    """abs, min, max of listed arguments; exp, log, sqrt, sin, cos; len of a set name."""

    function: str
    arguments: tuple[Expression, ...]


@dataclasses.dataclass(frozen=True)
class Loop(Node):
    """`for names in set if conditions…`; more than one name for a set of tuples."""

    names: tuple[str, ...]
    set: str
    conditions: tuple[Condition, ...] = ()


@dataclasses.dataclass(frozen=True)
class Aggregate(Node):
    """sum, prod, min or max of `body` over loops, the first one outermost."""

    function: str
    body: Expression
    loops: tuple[Loop, ...]


@dataclasses.dataclass(frozen=True)
class Compare(Node):
    """One comparison of two numbers, members or loop names."""

    operator: Comparison
    left: Expression
    right: Expression


@dataclasses.dataclass(frozen=True)
class Member(Node):
    """`item in set`, or `(item, item) in set` for a set of tuples."""

    items: tuple[Expression, ...]
    set: str


@dataclasses.dataclass(frozen=True)
class Logic(Node):
    """`and` or `or` of two or more conditions."""

    operator: Literal["and", "or"]
    operands: tuple[Condition, ...]


@dataclasses.dataclass(frozen=True)
class Not(Node):
    """`not` of a condition."""

    operand: Condition


Expression = Number | Text | Name | Indexed | Negate | Add | Multiply | Power | Call | Aggregate
Condition = Compare | Member | Logic | Not
Any = Expression | Condition | Loop


def children(node: Any) -> tuple[Any, ...]:
    """The parts of a node in reading order; for an aggregate its body, then its loops."""
    match node:
        case Aggregate():
            return (node.body, *node.loops)
        case Loop():
            return node.conditions
        case Not():
            return (node.operand,)
        case Compare():
            return (node.left, node.right)
        case Member():
            return node.items
        case Logic():
            return node.operands
    return operands(node)


def operands(node: Expression) -> tuple[Expression, ...]:
    """The parts of an expression that are expressions themselves, without loops."""
    match node:
        case Aggregate():
            return (node.body,)
        case Indexed():
            return node.indices
        case Negate():
            return (node.operand,)
        case Add():
            return node.terms
        case Multiply():
            return node.factors
        case Power():
            return (node.base, node.exponent)
        case Call():
            return node.arguments
    return ()


def walk(node: Any) -> Iterator[Any]:
    """The node and everything below it, parents first."""
    yield node
    for child in children(node):
        yield from walk(child)


_PRECEDENCE = {Logic: 1, Not: 3, Compare: 4, Member: 4, Add: 5, Multiply: 6, Negate: 7, Power: 8}


def to_text(node: Any) -> str:
    """Canonical text; `language.parse_expression(to_text(e)) == e`."""
    match node:
        case Number():
            return node.text
        case Text():
            return f'"{node.value}"'
        case Name():
            return node.name
        case Indexed():
            return f"{node.name}[{', '.join(map(to_text, node.indices))}]"
        case Negate():
            return "-" + _inside(node.operand, 7)
        case Add():
            return _chain(node.signs, node.terms, 6, spaced=True)
        case Multiply():
            return _chain(node.operators, node.factors, 7, spaced=True)
        case Power():
            return f"{_inside(node.base, 9)} ** {_inside(node.exponent, 7)}"
        case Call():
            return f"{node.function}({', '.join(map(to_text, node.arguments))})"
        case Aggregate():
            return f"{node.function}({to_text(node.body)} {' '.join(map(to_text, node.loops))})"
        case Loop():
            return "for " + loop_text(node)
        case Compare():
            return f"{_inside(node.left, 5)} {node.operator} {_inside(node.right, 5)}"
        case Member():
            items = ", ".join(_inside(item, 5) for item in node.items)
            return f"({items}) in {node.set}" if len(node.items) > 1 else f"{items} in {node.set}"
        case Logic():
            below = 2 if node.operator == "or" else 3
            return f" {node.operator} ".join(_inside(part, below) for part in node.operands)
        case Not():
            return "not " + _inside(node.operand, 3)


def loop_text(loop: Loop) -> str:
    """A loop without its leading `for`."""
    names = f"({', '.join(loop.names)})" if len(loop.names) > 1 else loop.names[0]
    return f"{names} in {loop.set}" + "".join(f" if {to_text(c)}" for c in loop.conditions)


def _inside(node: Any, minimum: int) -> str:
    precedence = _PRECEDENCE.get(type(node), 9)
    if isinstance(node, Logic) and node.operator == "and":
        precedence = 2
    text = to_text(node)
    return f"({text})" if precedence < minimum else text


def _chain(operators: tuple[str, ...], parts: tuple[Expression, ...], minimum: int, spaced: bool) -> str:
    texts = [_inside(part, minimum) for part in parts]
    first, rest = texts[0], zip(operators[1:], texts[1:], strict=True)
    return first + "".join(f" {operator} {text}" for operator, text in rest)
