"""The model in readable mathematics, one row for each part: Unicode text and LaTeX."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable

from quod import numbers
from quod.solvers import language, scopes, sentences, syntax
from quod.solvers.formulation import Element, Evidence, Formulation, Parameter, Set, Variable
from quod.solvers.notation import LATEX, TEXT, Notation

_SHOWN = 6
"""Members of a set, or values of a parameter, that are listed."""


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of the model: its name, its mathematics twice, and where it was read."""

    name: str
    text: str
    latex: str
    evidence: list[Evidence]


def source(formulation: Formulation, row: Row) -> str:
    """The sentences that a row was read from; empty when nothing is known about that."""
    if not formulation.text or not row.evidence:
        return ""
    return " … ".join(sentences.around(formulation.text, row.evidence))


def rows(formulation: Formulation) -> list[Row]:
    """Objective, constraints, variables, parameters and sets, in this order.

    Raises InvalidInput for expressions that do not parse or hold unknown names.
    """
    scope = scopes.Scope(formulation)
    goal = formulation.objective
    tree = language.objective(formulation, scope)
    result = [_row("objective", goal.evidence, lambda n: f"{n.word(goal.sense)} {n.expression(tree)}")]
    for constraint in formulation.constraints:
        loops, comparison = language.row(constraint, scope)
        render = functools.partial(Notation.row, tree=comparison, loops=loops)
        result.append(_row(constraint.name, constraint.evidence, render))
    for variable in formulation.variables:
        render = functools.partial(_variable, variable=variable, scope=scope)
        result.append(_row(variable.name, variable.evidence, render))
    for parameter in formulation.parameters:
        render = functools.partial(_parameter, parameter=parameter, scope=scope)
        result.append(_row(parameter.name, parameter.evidence, render))
    for declared in formulation.sets:
        result.append(_row(declared.name, declared.evidence, functools.partial(_set, declared=declared)))
    return result


def _row(name: str, evidence: list[Evidence], render: Callable[[Notation], str]) -> Row:
    return Row(name, render(TEXT), render(LATEX), evidence)


def _variable(n: Notation, variable: Variable, scope: scopes.Scope) -> str:
    low, high = (None if bound is None else _number(bound, n) for bound in (variable.lower, variable.upper))
    symbol = _symbol(variable.name, variable.index, scope, n)
    if variable.domain == "binary" and (variable.lower, variable.upper) in (
        ("0", None),
        ("0", "1"),
        (None, None),
    ):
        return f"{symbol} {n.member} {n.binary}" + _for_all(variable.index, scope, n)
    domain = n.reals if variable.domain == "real" else n.integers
    bounded = symbol
    if low is not None and high is not None:
        bounded = f"{low} {n.relations['<=']} {symbol} {n.relations['<=']} {high}"
    elif low is not None or high is not None:
        relation = ">=" if low is not None else "<="
        bounded = f"{symbol} {n.relations[relation]} {low if low is not None else high}"
    member = f" {n.member} {domain}" if bounded == symbol else f", {symbol} {n.member} {domain}"
    return bounded + member + _for_all(variable.index, scope, n)


def _parameter(n: Notation, parameter: Parameter, scope: scopes.Scope) -> str:
    symbol = _symbol(parameter.name, parameter.index, scope, n)
    unit = f" {n.plain(parameter.unit)}" if parameter.unit else ""
    if not parameter.index:
        return f"{symbol} = {_number(parameter.value or '0', n)}{unit}"
    if isinstance(parameter.values, dict):
        pairs = [f"{n.plain(str(k))}: {n.plain(str(v))}" for k, v in list(parameter.values.items())[:_SHOWN]]
        more = f", {n.dots}" if len(parameter.values) > _SHOWN else ""
        listed = f" = {n.braces(', '.join(pairs) + more)}"
    elif isinstance(parameter.values, list) and len(parameter.index) == 1:
        listed = f" = ({_listed([str(v) for v in parameter.values], n)})"
    else:
        listed = " (given)" if n is TEXT else r" \text{ (given)}"
    return symbol + listed + unit + _for_all(parameter.index, scope, n)


def _set(n: Notation, declared: Set) -> str:
    return f"{n.name(declared.name)} = {n.braces(_listed([_element(e) for e in declared.elements], n))}"


def _element(element: Element) -> str:
    return f"({', '.join(map(str, element))})" if isinstance(element, tuple) else str(element)


def _listed(items: list[str], n: Notation) -> str:
    shown = [n.plain(item) for item in items[:_SHOWN]]
    if len(items) > _SHOWN:
        shown += [n.dots, n.plain(items[-1])]
    return ", ".join(shown)


def _symbol(name: str, index: list[str], scope: scopes.Scope, n: Notation) -> str:
    letters = _letters(index, scope)
    return n.subscript(n.name(name), [n.name(letter) for group in letters for letter in group])


def _for_all(index: list[str], scope: scopes.Scope, n: Notation) -> str:
    loops = tuple(
        syntax.Loop(tuple(group), name) for group, name in zip(_letters(index, scope), index, strict=True)
    )
    return n.for_all(loops)


def _letters(index: list[str], scope: scopes.Scope) -> list[list[str]]:
    """Loop names for the components of each index set."""
    alphabet = iter("ijklmnpqrstuvw" * 10)
    return [[next(alphabet) for _ in range(scope.arity[name])] for name in index]


def _number(text: str, n: Notation) -> str:
    return n.number(numbers.to_decimal_text(numbers.exact(text)))
