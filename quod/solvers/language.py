"""The expression language (docs/formulation.md §1): text to syntax tree, and the check of a formulation.

Parsed and never executed. Errors are InvalidInput; they name the row and the column, and say what to write.
"""

from __future__ import annotations

import functools
from typing import cast

from quod.solvers import parser as parsing
from quod.solvers import scopes, syntax, tokens
from quod.solvers.formulation import Constraint, Formulation


@functools.lru_cache(maxsize=4096)
def parse_expression(text: str, field: str = "expression") -> syntax.Expression:
    """The tree of an arithmetic expression. Raises InvalidInput naming `field` and the column."""
    parser = parsing.Parser(tokens.Source(text, field))
    node = parser.numeric(parsing.ADD)
    parser.finish()
    return node


@functools.lru_cache(maxsize=4096)
def parse_constraint(text: str, field: str = "constraint") -> syntax.Compare:
    """The tree of `left <= right` (or >=, ==, <, >), exactly one comparison. Raises InvalidInput."""
    parser = parsing.Parser(tokens.Source(text, field))
    left = parser.numeric(parsing.ADD)
    operator = parser.current
    if operator.text not in parsing.COMPARISONS or operator.text == "!=":
        fix = "a constraint is one comparison: write <=, >=, ==, < or > between two expressions"
        if operator.kind != "end":
            parser.unexpected(fix)
        parser.fail(fix)
    parser.advance()
    right = parser.numeric(parsing.ADD)
    if parser.current.text in parsing.COMPARISONS:
        parser.fail("a constraint holds exactly one comparison; write two constraints")
    parser.finish()
    return syntax.Compare(cast(syntax.Comparison, operator.text), left, right, at=operator.at)


@functools.lru_cache(maxsize=4096)
def parse_loops(text: str, field: str = "for_each") -> tuple[syntax.Loop, ...]:
    """The loops of `i in I for j in J if i != j`; none for empty text. Raises InvalidInput."""
    if not text.strip():
        return ()
    parser = parsing.Parser(tokens.Source(text, field))
    if parser.current.text == "for":
        parser.fail("for_each starts with the loop name: write i in I")
    loops = parser.loops(first=True)
    parser.finish()
    return loops


def objective(formulation: Formulation, scope: scopes.Scope | None = None) -> syntax.Expression:
    """The tree of the objective, its names checked. Raises InvalidInput naming `objective`."""
    text = formulation.objective.expression
    tree = parse_expression(text, "objective")
    (scope or scopes.Scope(formulation)).read(tokens.Source(text, "objective")).expression(tree)
    return tree


def row(constraint: Constraint, scope: scopes.Scope) -> tuple[tuple[syntax.Loop, ...], syntax.Compare]:
    """The loops and the comparison of a constraint, names checked. Raises InvalidInput naming the row."""
    field = f"constraint {constraint.name!r}"
    loops = parse_loops(constraint.for_each, f"for_each of {field}")
    tree = parse_constraint(constraint.expression, field)
    outer = scope.read(tokens.Source(constraint.for_each, f"for_each of {field}"))
    outer.loops(loops)
    inner = outer.read(tokens.Source(constraint.expression, field))
    inner.expression(tree.left)
    inner.expression(tree.right)
    return loops, tree


def check(formulation: Formulation) -> None:
    """Parse everything and resolve every name. Raises InvalidInput for the first thing that is wrong."""
    scope = scopes.Scope(formulation)
    objective(formulation, scope)
    for constraint in formulation.constraints:
        row(constraint, scope)
