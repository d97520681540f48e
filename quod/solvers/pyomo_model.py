"""A Pyomo ConcreteModel of a formulation: named, indexed components, built binding by binding.

Rows that are linear after docs/formulation.md §4 get the exact coefficients, rounded once; other rows keep
their functions. Columns that linearise abs, min and max are `linearised["r#k"]`.
"""

from __future__ import annotations

import functools
from fractions import Fraction
from typing import Any

import pyomo.environ as pyo

from quod import errors
from quod.solvers import columns, language, linear_form, scopes, syntax
from quod.solvers.formulation import Formulation, Variable
from quod.solvers.linear_form import Linear, NotLinear
from quod.solvers.pointwise import Key, Leaves, Walker, operate

_DOMAINS = {"real": pyo.Reals, "integer": pyo.Integers, "binary": pyo.Binary}
_RESERVED = frozenset({"objective", "linearised", "linearised_rows", "constants"})
_DIRECTION = {"<=": 1, "<": 1, ">=": -1, ">": -1, "==": 0}


def build(formulation: Formulation) -> Any:
    """The ConcreteModel. Names that Pyomo keeps for itself, or that a set, variable and row share, get a `_`.

    Strict rows over integer columns are closed as the specification says; over real columns the closure is
    taken. Raises InvalidInput naming the row.
    """
    return _Builder(formulation).build()


class _Builder:
    def __init__(self, formulation: Formulation) -> None:
        self.formulation = formulation
        self.model = pyo.ConcreteModel()
        self.columns: dict[str, Any] = {}
        self.exact = Walker(formulation, linear_form.LinearLeaves())
        self.general = Walker(formulation, _PyomoLeaves(self.columns))
        self.discrete = {v.name for v in formulation.variables if v.domain != "real"}
        self.terms: dict[str, Any] = {}

    def build(self) -> Any:
        goal = self.formulation.objective
        scope = scopes.Scope(self.formulation)
        for variable in self.formulation.variables:
            self._variable(variable)
        self.model.linearised = pyo.Var(pyo.Any, domain=pyo.Reals, dense=False)
        self.model.linearised_rows = pyo.Constraint(pyo.Any)
        self.model.constants = pyo.Expression(pyo.Any)
        tree = language.objective(self.formulation, scope)
        direction = 1 if goal.sense == "minimize" else -1
        form = self._form(tree, {}, direction, "objective")
        body = self._expression(form, "objective") if form else self._general(tree, {}, "objective")
        sense = pyo.minimize if direction == 1 else pyo.maximize
        self.model.objective = pyo.Objective(expr=_number(body), sense=sense)
        for declared in self.formulation.constraints:
            loops, comparison = language.row(declared, scope)
            self._constraint(declared.name, loops, comparison)
        return self.model

    def _variable(self, variable: Variable) -> None:
        keys = list(self.exact.keys(variable.index))
        low, high = (None if b is None else float(b) for b in columns.bounds(variable))
        arguments = {"domain": _DOMAINS[variable.domain], "bounds": (low, high)}
        index = [_short(key) for key in keys]
        component = pyo.Var(index, **arguments) if variable.index else pyo.Var(**arguments)
        self._add(variable.name, component)
        self.columns[variable.name] = component

    def _add(self, name: str, component: Any) -> None:
        while hasattr(self.model, name) or name in _RESERVED:
            name += "_"
        self.model.add_component(name, component)

    def _constraint(self, name: str, loops: tuple[syntax.Loop, ...], tree: syntax.Compare) -> None:
        rows: dict[Any, Any] = {}
        names = [loop_name for loop in loops for loop_name in loop.names]
        for binding in self.exact.bindings(loops, {}):
            key = tuple(binding[n] for n in names)
            label = f"{name}[{','.join(map(str, key))}]" if key else name
            rows[_short(key) if key else None] = self._row(tree, binding, label)
        if loops:
            self._add(name, pyo.Constraint(list(rows), rule=lambda model, *key: rows[_short(key)]))
        else:
            self._add(name, pyo.Constraint(expr=rows[None]))

    def _row(self, tree: syntax.Compare, at: dict[str, str | int], label: str) -> Any:
        difference = syntax.Add(("+", "-"), (tree.left, tree.right))
        form = self._form(difference, at, _DIRECTION[tree.operator], label)
        operator: str = tree.operator
        if form is None:
            return _relation(self._body(self._general(difference, at, label), label), operator, 0.0)
        whole = not form.extrema and all(column[0] in self.discrete for column in form.terms)
        if operator in ("<", ">") and whole:
            form, operator = linear_form.closed(form, operator)
        bound = float(-form.constant)
        return _relation(self._expression(form, label, constant=False), operator, bound)

    def _general(self, tree: syntax.Expression, at: dict[str, str | int], label: str) -> Any:
        try:
            return self.general.value(tree, at)
        except errors.InvalidInput as error:
            raise errors.InvalidInput(str(error), field=label) from None

    def _form(
        self, tree: syntax.Expression, at: dict[str, str | int], direction: int, label: str
    ) -> Linear | None:
        """The exact linear form, None where the row is nonlinear or an extremum is not convex."""
        try:
            form = linear_form.as_linear(self.exact.value(tree, at))
        except NotLinear:
            return None
        except errors.InvalidInput as error:
            raise errors.InvalidInput(str(error), field=label) from None
        if form.extrema and not (direction and form.convex(direction)):
            return None
        return form

    def _expression(self, form: Linear, label: str, constant: bool = True) -> Any:
        """Pyomo expression of a form, with its extrema replaced by new variables and rows."""
        count = [0]

        def replaced(part: Linear, constant: bool) -> Any:
            linear = [float(c) * self._column(column) for column, c in part.terms.items()]
            for weight, item in part.extrema:
                count[0] += 1
                name = f"{label}#{count[0]}"
                term = self.model.linearised[name]
                linear.append(float(weight) * term)
                sign = 1 if item.kind == "max" else -1
                for number, argument in enumerate(item.arguments, 1):
                    signed = linear_form.ZERO.plus(argument, Fraction(sign))
                    body = replaced(signed, False) - sign * term
                    row = _relation(body, "<=", float(-signed.constant))
                    self.model.linearised_rows[f"{name}.{number}"] = row
            if not linear:
                return self._body(part.constant if constant else Fraction(0), label)
            return sum(linear) + float(part.constant) if constant and part.constant else sum(linear)

        return replaced(form, constant)

    def _body(self, value: Any, label: str) -> Any:
        """The value as something Pyomo takes as the body of a row, which must not be a bare number."""
        if isinstance(value, int | float | Fraction):
            self.model.constants[label] = float(value)
            return self.model.constants[label]
        return value

    def _column(self, column: tuple[str, Key]) -> Any:
        name, key = column
        return self.columns[name][_short(key)] if key else self.columns[name]


class _PyomoLeaves(Leaves):
    """Variables as Pyomo variables; max(a, b) as (a + b + |a - b|) / 2."""

    def __init__(self, columns: dict[str, Any]) -> None:
        self.columns = columns

    def variable(self, name: str, key: Key) -> Any:
        """The Pyomo variable. Raises InvalidInput for an index outside its sets."""
        if not key:
            return self.columns[name]
        if _short(key) not in self.columns[name]:
            raise errors.InvalidInput("the index lies outside its sets", field=f"{name}{list(key)}")
        return self.columns[name][_short(key)]

    def function(self, name: str, argument: Any) -> Any:
        """Pyomo's function of the name."""
        return getattr(pyo, name)(argument)

    def extremum(self, kind: str, arguments: list[Any]) -> Any:
        """Folded from the left."""
        sign = 1 if kind == "max" else -1
        numbers = [_number(argument) for argument in arguments]
        return functools.reduce(lambda a, b: (a + b + sign * abs(a - b)) / 2, numbers)

    def combine(self, operator: str, left: Any, right: Any) -> Any:
        """Pyomo's operator on floats and expressions; a whole exponent stays whole."""
        if operator == "**" and isinstance(right, Fraction) and right.denominator == 1:
            return _number(left) ** int(right)
        if operator == "/" and isinstance(right, Fraction) and right == 0:
            raise errors.InvalidInput("division by zero")
        return operate(operator, _number(left), _number(right))


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, Fraction) else value


def _short(key: Key) -> Any:
    """Pyomo's index of one component is the component itself."""
    return key[0] if len(key) == 1 else key


def _relation(body: Any, operator: str, bound: float) -> Any:
    if operator == "==":
        return body == bound
    return (None, body, bound) if operator in ("<=", "<") else (bound, body, None)
