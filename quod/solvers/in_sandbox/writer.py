"""Writes a ConcreteModel as a formulation: variables, objective and constraints, as JSON-like objects.

Not written: components other than variables, constraints, objectives, expressions, parameters and sets (SOS,
disjunctions, logic); domains with gaps; functions that the formulation language does not have.
"""

from __future__ import annotations

import keyword
import math
import re
from fractions import Fraction
from typing import Any

import pyomo.environ as pyo
from pyomo.core.expr import numeric_expr

from quod.solvers.in_sandbox import expressions

WORDS = {"sum", "prod", "abs", "min", "max", "len", "objective", *expressions.FUNCTIONS, *keyword.kwlist}
UNTOLD = {"o", "obj", "OBJ", "objective", "goal"}
"""Names of objectives that do not say what is best."""
WRITTEN = {pyo.Var, pyo.Constraint, pyo.Objective, pyo.Block, pyo.Param, pyo.Expression, pyo.Suffix}
WRITTEN |= {pyo.Set, pyo.RangeSet, pyo.SetOf, pyo.BuildAction, pyo.BuildCheck}


class Writer:
    """Writes one model."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.names: dict[int, str] = {}
        self.taken: set[str] = set()
        self.rows: set[str] = set()
        self.variables: list[dict[str, Any]] = []
        self.problems: list[str] = []

    def document(self) -> dict[str, Any]:
        """The formulation; `problems` tells what it lacks."""
        for component in self.model.component_objects(active=True, descend_into=True):
            if component.ctype not in WRITTEN:
                kind = getattr(component.ctype, "__name__", "component")
                self.problems.append(f"{component.name}: a {kind} has no counterpart in a formulation")
        for variable in self.model.component_data_objects(pyo.Var, active=True, descend_into=True):
            self.attempt(variable.name, self.name, variable)
        constraints: list[dict[str, Any]] = []
        found = self.model.component_data_objects(pyo.Constraint, active=True, descend_into=True)
        for row in {id(row): row for row in found}.values():  # a Reference names rows a second time
            constraints += self.attempt(row.name, self.constraint, row) or []
        objective = self.objective()
        if not self.variables:
            self.problems.append("the model has no variables")
        return {"variables": self.variables, "objective": objective, "constraints": constraints}

    def attempt(self, name: str, function: Any, *arguments: Any) -> Any:
        """The value, or None and a line in `problems`."""
        try:
            return function(*arguments)
        except expressions.CannotWrite as error:
            self.problems.append(f"{name}: {error}")
        except (ArithmeticError, ValueError) as error:
            self.problems.append(f"{name}: a part of it has no value ({error})")
        except RecursionError:
            self.problems.append(f"{name}: the expression is nested too deeply")
        return None

    def objective(self) -> dict[str, Any]:
        """The only active objective; a model without one asks for any feasible point."""
        goals = list(self.model.component_data_objects(pyo.Objective, active=True, descend_into=True))
        if len(goals) > 1:
            names = ", ".join(goal.name for goal in goals)
            self.problems.append(
                f"there are {len(goals)} active objectives ({names}); deactivate all but one"
            )
        if not goals:
            return {"sense": "minimize", "expression": "0", "label": "any feasible point"}
        goal = goals[0]
        value = self.attempt(goal.name, self.value, goal.expr)
        sense = "minimize" if goal.sense == pyo.minimize else "maximize"
        return {
            "sense": sense,
            "expression": expressions.text(value) if value is not None else "0",
            "label": "" if goal.name in UNTOLD else goal.name,
        }

    def name(self, variable: Any) -> str:
        """The name of a variable in the formulation; declares it at its first use."""
        key = id(variable)
        if key not in self.names:
            declared = self.declaration(variable)
            self.names[key] = declared["name"]
            self.variables.append(declared)
        return self.names[key]

    def declaration(self, variable: Any) -> dict[str, Any]:
        """Domain and bounds; a fixed variable has its value as both bounds."""
        name = free(variable.name, self.taken)
        declared = {"name": name} | ({"label": variable.name} if name != variable.name else {})
        if variable.fixed:
            value = expressions.decimal(expressions.number(variable.value))
            return declared | {"domain": "real", "lower": value, "upper": value}
        interval = variable.domain.get_interval()
        if interval is None or interval[2] not in (0, 1):
            raise expressions.CannotWrite(
                f"the domain {variable.domain} has gaps; use integers or binary variables"
            )
        if interval[2] == 1 and not all(map(whole, interval[:2])):
            raise expressions.CannotWrite(
                f"the domain {variable.domain} holds numbers that are not whole; use a multiple of an integer"
            )
        domain = "real" if interval[2] == 0 else "binary" if variable.is_binary() else "integer"
        lower, upper = variable.bounds
        lower, upper = expressions.bound(lower, -math.inf), expressions.bound(upper, math.inf)
        return declared | {"domain": domain, "lower": lower, "upper": upper}

    def constraint(self, row: Any) -> list[dict[str, Any]]:
        """One row, or two for a range."""
        body = self.value(row.body)
        lower, upper = self.side(row.lower, -math.inf), self.side(row.upper, math.inf)
        if row.equality or (lower is not None and lower == upper):
            return [self.row(row.name, body, "==", lower, row.name)]
        both = lower is not None and upper is not None
        sides = ((">=", lower, "lower"), ("<=", upper, "upper"))
        return [
            self.row(f"{row.name}_{which}" if both else row.name, body, comparison, limit, row.name)
            for comparison, limit, which in sides
            if limit is not None
        ]

    def side(self, limit: Any, none: float) -> Any:
        """A side of a constraint; None where there is none, or it is the infinity that is `none`."""
        if limit is None:
            return None
        value = self.value(limit, infinite=True)
        if value == none:
            return None
        if isinstance(value, float):
            raise expressions.CannotWrite(f"{value} as a side leaves no point")
        if isinstance(value, str) or value.terms:
            raise expressions.CannotWrite("a side of a range holds a variable")
        return value.constant

    def row(
        self, name: str, body: expressions.Value, comparison: str, limit: Any, label: str
    ) -> dict[str, Any]:
        """`body ⋈ limit`, with the constants of an affine body on the right."""
        if isinstance(body, expressions.Affine):
            body, limit = expressions.Affine(Fraction(0), body.terms), limit - body.constant
        written = {
            "name": free(name, self.rows),
            "expression": f"{expressions.text(body)} {comparison} {expressions.decimal(limit)}",
        }
        return written | ({"description": label} if written["name"] != label else {})

    def value(self, node: Any, infinite: bool = False) -> Any:
        """The expression below `node`."""
        if not hasattr(node, "is_expression_type"):
            return (
                expressions.Affine(expressions.number(node))
                if not infinite or math.isfinite(node)
                else float(node)
            )
        if node.is_variable_type():
            if node.fixed:
                self.name(node)
                return expressions.Affine(expressions.number(node.value))
            return expressions.Affine(Fraction(0), {self.name(node): Fraction(1)})
        if not node.is_expression_type():
            found = pyo.value(node)
            return (
                expressions.Affine(expressions.number(found))
                if not infinite or math.isfinite(found)
                else float(found)
            )
        if node.is_named_expression_type():
            return self.value(node.arg(0))
        return self.operation(node, [self.value(part) for part in node.args])

    def operation(self, node: Any, parts: list[expressions.Value]) -> expressions.Value:
        """An operator or function of its evaluated arguments."""
        if isinstance(node, numeric_expr.SumExpression):
            return expressions.added(parts)
        if isinstance(node, numeric_expr.NegationExpression):
            return expressions.multiplied(expressions.Affine(Fraction(-1)), parts[0])
        if isinstance(node, numeric_expr.DivisionExpression):
            return expressions.divided(*parts)
        if isinstance(node, numeric_expr.ProductExpression):
            return expressions.multiplied(*parts)
        if isinstance(node, numeric_expr.PowExpression):
            return expressions.power(*parts)
        if isinstance(node, numeric_expr.AbsExpression):
            return expressions.applied("abs", parts, abs)
        if isinstance(node, numeric_expr.MinExpression):
            return expressions.applied("min", parts, min)
        if isinstance(node, numeric_expr.MaxExpression):
            return expressions.applied("max", parts, max)
        if isinstance(node, numeric_expr.UnaryFunctionExpression):
            return expressions.function(node.getname(), parts[0])
        raise expressions.CannotWrite(f"{type(node).__name__} has no counterpart in a formulation")


def whole(limit: Any) -> bool:
    """Whether an end of a domain is a whole number, or there is none."""
    return limit is None or math.isinf(limit) or expressions.number(limit).denominator == 1


def free(name: str, taken: set[str]) -> str:
    """A name of the formulation language like `name` that is not taken yet."""
    plain = re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_") or "v"
    plain = f"v_{plain}" if plain[0].isdigit() else f"{plain}_" if plain in WORDS else plain
    chosen, count = plain, 1
    while chosen in taken:
        count += 1
        chosen = f"{plain}_{count}"
    taken.add(chosen)
    return chosen
