"""Static check of expressions against a formulation: names, numbers of indices, members, kinds of value."""

from __future__ import annotations

import difflib
from typing import NoReturn

from quod.solvers import syntax, tokens
from quod.solvers.formulation import Element, Formulation


def arity(elements: list[Element]) -> int:
    """Components of the members of a set: 1 for plain members (and for an empty set)."""
    return len(elements[0]) if elements and isinstance(elements[0], tuple) else 1


class Scope:
    """The names visible at one place of a formulation; loops add theirs and hide declared ones."""

    def __init__(self, formulation: Formulation) -> None:
        self.source = tokens.Source("", "formulation")
        self.sets = {s.name: s for s in formulation.sets}
        self.arity = {s.name: arity(s.elements) for s in formulation.sets}
        self.variables = {v.name for v in formulation.variables}
        self.index = {p.name: p.index for p in formulation.parameters}
        self.index |= {v.name: v.index for v in formulation.variables}
        self._members: dict[tuple[str, int], dict[str | int, None]] = {}
        self.bound: dict[str, tuple[str, int]] = {}  # loop name: (set, component)

    def read(self, source: tokens.Source) -> Scope:
        """The same names for another text."""
        scope = object.__new__(Scope)
        scope.__dict__.update(self.__dict__, source=source, bound=dict(self.bound))
        return scope

    def expression(self, node: syntax.Expression) -> None:
        """Check a number-valued expression. Raises InvalidInput with the column."""
        match node:
            case syntax.Name():
                self._name(node)
            case syntax.Indexed():
                self._indexed(node)
            case syntax.Aggregate():
                inner = self.read(self.source)
                inner.loops(node.loops)
                inner.expression(node.body)
            case syntax.Call(function="len"):
                self._set(syntax.to_text(node.arguments[0]), node.at)
            case syntax.Text():
                self._fail(f'"{node.value}" is a member of a set, not a number', node.at)
            case _:
                for child in syntax.operands(node):
                    self.expression(child)

    def loops(self, loops: tuple[syntax.Loop, ...]) -> None:
        """Bind the loop names, checking sets, numbers of components and conditions."""
        for loop in loops:
            self._set(loop.set, loop.at)
            self._components(loop.set, loop.names, loop.at, "for ")
            self.bound |= {name: (loop.set, component) for component, name in enumerate(loop.names)}
            for condition in loop.conditions:
                self._condition(condition)

    def _components(self, name: str, names: tuple[str, ...], at: int, word: str) -> None:
        wanted = self.arity[name]
        if wanted != len(names) and self.sets[name].elements:
            shown = f"({', '.join('ijklmnpq'[:wanted])})" if wanted > 1 else "i"
            components = "1 component" if wanted == 1 else f"{wanted} components"
            self._fail(f"members of {name} have {components}: write {word}{shown} in {name}", at)

    def _condition(self, node: syntax.Condition) -> None:
        match node:
            case syntax.Logic():
                for child in node.operands:
                    self._condition(child)
            case syntax.Not():
                self._condition(node.operand)
            case syntax.Member():
                self._set(node.set, node.at)
                self._components(node.set, tuple(map(syntax.to_text, node.items)), node.at, "")
                for item in node.items:
                    self._index(item, None)
            case syntax.Compare():
                for side in (node.left, node.right):
                    if isinstance(side, syntax.Text) or self._is_loop(side):
                        continue
                    self._no_variables(side)
                    self.expression(side)

    def _is_loop(self, node: syntax.Expression) -> bool:
        return isinstance(node, syntax.Name) and node.name in self.bound

    def _no_variables(self, node: syntax.Expression) -> None:
        for part in syntax.walk(node):
            if isinstance(part, syntax.Name | syntax.Indexed) and part.name in self.variables - set(
                self.bound
            ):
                self._fail(
                    f"{part.name} is a variable; conditions hold only indices, parameters and numbers",
                    part.at,
                )

    def _name(self, node: syntax.Name) -> None:
        if node.name in self.bound:
            name, component = self.bound[node.name]
            if any(isinstance(atom, str) for atom in self._components_of((name, component))):
                self._fail(f"{node.name} is a member of {name}, not a number; index with it", node.at)
            return
        if node.name in self.sets:
            self._fail(f"{node.name} is a set; write len({node.name}) or loop over it", node.at)
        index = self.index.get(node.name)
        if index is None:
            self._unknown(node.name, [*self.index, *self.bound], node.at)
        if index:
            self._fail(f"{node.name} needs an index: {self._pattern(node.name)}", node.at)

    def _indexed(self, node: syntax.Indexed) -> None:
        if node.name in self.bound:
            self._fail(f"{node.name} is a loop name here; it takes no index", node.at)
        index = self.index.get(node.name)
        if index is None:
            if node.name in self.sets:
                self._fail(f"{node.name} is a set; write x[i] for i in {node.name}", node.at)
            self._unknown(node.name, list(self.index), node.at)
        places = [(name, c) for name in index for c in range(self.arity[name])]
        unknown_arity = any(not self.sets[name].elements for name in index)
        if not index:
            self._fail(f"{node.name} has no index; write {node.name}", node.at)
        if len(places) != len(node.indices) and not unknown_arity:
            count = f"{len(node.indices)} ind{'ex' if len(node.indices) == 1 else 'ices'}"
            self._fail(
                f"{node.name} has {count} here, it needs {len(places)}: {self._pattern(node.name)}", node.at
            )
        for position, item in enumerate(node.indices):
            self._index(item, places[position] if position < len(places) and not unknown_arity else None)

    def _index(self, node: syntax.Expression, place: tuple[str, int] | None) -> None:
        match node:
            case syntax.Text():
                self._member(node.value, place, node.at)
            case syntax.Number():
                if node.value.denominator != 1:
                    self._fail(f"an index is a whole number or a member of a set, not {node.text}", node.at)
                self._member(node.value.numerator, place, node.at)
            case syntax.Name():
                if node.name not in self.bound:
                    if place and node.name in self._components_of(place):
                        self._fail(
                            f'{node.name} is a member of {place[0]}; write "{node.name}" in quotes', node.at
                        )
                    self._unknown(node.name, list(self.bound), node.at, "loop name")
            case syntax.Add() | syntax.Negate() | syntax.Multiply():
                if isinstance(node, syntax.Multiply) and "/" in node.operators:
                    self._fail("an index is no quotient; use whole-number arithmetic on loop names", node.at)
                for child in syntax.operands(node):
                    if isinstance(child, syntax.Name):
                        self._name(child) if child.name in self.bound else self._index(child, None)
                    else:
                        self._index_arithmetic(child)
            case _:
                self._fail(
                    "an index is a loop name, a quoted member, a whole number or arithmetic on loop names",
                    node.at,
                )

    def _index_arithmetic(self, node: syntax.Expression) -> None:
        if isinstance(node, syntax.Text):
            self._fail(f'"{node.value}" is text; arithmetic needs whole numbers', node.at)
        self._index(node, None)

    def _member(self, value: str | int, place: tuple[str, int] | None, at: int) -> None:
        if place is None:
            return
        members = self._components_of(place)
        if value not in members:
            shown = f'"{value}"' if isinstance(value, str) else str(value)
            self._fail(f"index {shown} is not in set {place[0]}" + _close(str(value), map(str, members)), at)

    def _components_of(self, place: tuple[str, int]) -> dict[str | int, None]:
        if place not in self._members:
            elements = self.sets[place[0]].elements
            self._members[place] = {_component(element, place[1]): None for element in elements}
        return self._members[place]

    def _set(self, name: str, at: int) -> None:
        if name not in self.sets:
            if name in self.index:
                self._fail(f"{name} is not a set; declare one to loop over", at)
            self._unknown(name, list(self.sets), at, "set")

    def _pattern(self, name: str) -> str:
        letters = "ijklmnpqrs"
        count = sum(self.arity[s] for s in self.index[name])
        return f"{name}[{', '.join(letters[k % 10] for k in range(count))}]"

    def _unknown(self, name: str, known: list[str], at: int, what: str = "name") -> NoReturn:
        self._fail(f"{name} is not a {what} known here" + _close(name, known), at)

    def _fail(self, message: str, at: int) -> NoReturn:
        raise self.source.error(message, at)


def _component(element: Element, component: int) -> str | int:
    return element[component] if isinstance(element, tuple) else element


def _close(name: str, known: object) -> str:
    choices = sorted(set(known))  # type: ignore[call-overload]
    near = difflib.get_close_matches(name, choices[:10_000], n=3, cutoff=0.6)
    if near:
        return f"; did you mean {' or '.join(near)}?"
    listed = ", ".join(choices[:8]) + (", …" if len(choices) > 8 else "")
    return f"; known: {listed}" if choices else ""
