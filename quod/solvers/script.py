"""A formulation as a readable Pyomo script with the data inline."""

from __future__ import annotations

import itertools
import pprint
from collections.abc import Iterator
from fractions import Fraction

from quod import numbers
from quod.solvers import columns, expand, language, scopes, script_parts, syntax
from quod.solvers.expand.data import read_parameter
from quod.solvers.formulation import Constraint, Formulation, Parameter, Set, Variable
from quod.solvers.pointwise import component_key

_DOMAINS = {"real": "pyo.Reals", "integer": "pyo.Integers", "binary": "pyo.Binary"}


def text(formulation: Formulation) -> str:
    """The script. Values must be inline JSON values (`tables.inline`). Raises InvalidInput."""
    return _Script(formulation).text()


class _Script:
    def __init__(self, formulation: Formulation) -> None:
        self.formulation = formulation
        self.scope = scopes.Scope(formulation)
        self.sets = {s.name: s for s in formulation.sets}
        self.variables = {v.name for v in formulation.variables}
        self.names = {n: f"model.{script_parts.free(n)}" for n in [*self.scope.sets, *self.scope.index]}
        self.row_names = script_parts.rows(formulation)
        self.trees = [language.objective(formulation, self.scope)]
        self.rows = [language.row(constraint, self.scope) for constraint in formulation.constraints]
        self.trees += [side for _, row in self.rows for side in (row.left, row.right)]

    def text(self) -> str:
        """All parts in order."""
        body = [self._set(s) for s in self.formulation.sets]
        body += [self._parameter(p) for p in self.formulation.parameters]
        body += [self._variable(v) for v in self.formulation.variables]
        body += self._helpers()
        goal = self.formulation.objective
        body.append(
            f"model.objective = pyo.Objective(expr={self._python(self.trees[0])}, sense=pyo.{goal.sense})\n"
        )
        body += [
            self._constraint(constraint, loops, tree)
            for constraint, (loops, tree) in zip(self.formulation.constraints, self.rows, strict=True)
        ]
        title = (goal.label or f"A model with {len(self.variables)} variables").replace('"""', "'''")
        linear = self.kind in ("lp", "milp")
        solver, packages = ("appsi_highs", "pyomo highspy") if linear else ("scip_direct", "pyomo pyscipopt")
        imports = "import math\nfrom fractions import Fraction\n\n" if self.strict else ""
        header = script_parts.HEADER.format(title=title.replace("\\", " "), packages=packages).replace(
            "import pyomo", imports + "import pyomo", 1
        )
        if self.strict:
            header = header.replace("as pyo\n", "as pyo\nfrom pyomo.repn import generate_standard_repn\n")
        return header + "\n" + "".join(body) + script_parts.FOOTER.replace("{solver}", solver)

    def _helpers(self) -> list[str]:
        self.kind = expand.classify(self.formulation)
        self.strict = any(tree.operator in ("<", ">") for _, tree in self.rows)
        functions = {"abs", "min", "max"}
        nodes = [part for tree in self.trees for part in syntax.walk(tree)]
        self.extrema = any(
            isinstance(n, syntax.Call | syntax.Aggregate) and n.function in functions for n in nodes
        )
        helpers = []
        if self.extrema and self.kind not in ("nlp", "minlp"):
            helpers.append("model.linearised = pyo.VarList()\nmodel.linearised_rows = pyo.ConstraintList()\n")
            helpers.append(script_parts.EXTREMA + "\n")
        elif self.extrema:
            helpers.append(script_parts.GENERAL_EXTREMA + "\n")
        rows = [(tree, frozenset(n for loop in loops for n in loop.names)) for loops, tree in self.rows]
        if not all(self._has_variable(tree, bound) for tree, bound in rows):
            helpers.append("model.nothing = pyo.Expression(expr=0)\n" + script_parts.CHECKED + "\n")
        return helpers + ([script_parts.STRICT + "\n"] if self.strict else [])

    def _has_variable(self, tree: syntax.Compare, bound: frozenset[str]) -> bool:
        """Whether a variable surely stands in every row: outside all loops and not multiplied."""
        if tree.operator in ("<", ">"):
            return False  # below() may cancel it
        sides = (tree.left, tree.right)
        terms = [t for side in sides for t in (side.terms if isinstance(side, syntax.Add) else (side,))]
        return any(
            isinstance(t, syntax.Name | syntax.Indexed) and t.name in self.variables - bound for t in terms
        )

    def _set(self, declared: Set) -> str:
        members = _wrapped(list(declared.elements))
        dimension = f", dimen={self.scope.arity[declared.name]}"
        return f"{self.names[declared.name]} = pyo.Set(initialize={members}{dimension})\n"

    def _parameter(self, parameter: Parameter) -> str:
        name = self.names[parameter.name]
        if not parameter.index:
            return f"{name} = {_decimal(parameter.value or '0')}{_comment(parameter.description)}\n"
        values = read_parameter(parameter, self.formulation)
        members = [[component_key(e) for e in self.sets[s].elements] for s in parameter.index]
        table = {}
        for at, value in zip(_positions(values.shape), values.reshape(-1).tolist(), strict=True):
            key = tuple(atom for place, k in zip(members, at, strict=True) for atom in place[k])
            table[key if len(key) > 1 else key[0]] = value
        index = ", ".join(self.names[s] for s in parameter.index)
        return f"{name} = pyo.Param({index}, initialize={_wrapped(table)})\n"

    def _variable(self, variable: Variable) -> str:
        low, high = columns.bounds(variable)
        bounds = f"({_bound(low)}, {_bound(high)})"
        index = "".join(f"{self.names[s]}, " for s in variable.index)
        arguments = f"{index}domain={_DOMAINS[variable.domain]}, bounds={bounds}"
        return f"{self.names[variable.name]} = pyo.Var({arguments}){_comment(variable.label)}\n"

    def _constraint(
        self, constraint: Constraint, loops: tuple[syntax.Loop, ...], tree: syntax.Compare
    ) -> str:
        bound = frozenset(name for loop in loops for name in loop.names)
        left, right = self._python(tree.left, bound), self._python(tree.right, bound)
        relation = {
            "<": f"below({left}, {right})",
            ">": f"below({right}, {left})",
        }.get(tree.operator, f"{left} {tree.operator} {right}")
        relation = relation if self._has_variable(tree, bound) else f"checked({relation})"
        name = self.row_names[constraint.name]
        comment = _comment(constraint.description)
        if not loops:
            return f"model.{name} = pyo.Constraint(expr={relation}){comment}\n"
        names = [name for loop in loops for name in loop.names]
        conditions = self._loops(loops, frozenset())
        names = [script_parts.loop(name) for name in names]
        shown = f"({', '.join(names)})" if len(names) > 1 else names[0]
        return (
            f"\n\n@model.Constraint([{shown} {conditions}]){comment}\n"
            f"def {name}(model, {', '.join(names)}):\n    return {relation}\n\n"
        )

    def _loops(self, loops: tuple[syntax.Loop, ...], bound: frozenset[str]) -> str:
        parts = []
        for loop in loops:
            words = [script_parts.loop(name) for name in loop.names]
            names = f"({', '.join(words)})" if len(words) > 1 else words[0]
            bound = bound.union(loop.names)
            conditions = "".join(f" if {self._condition(c, bound)}" for c in loop.conditions)
            parts.append(f"for {names} in {self.names[loop.set]}{conditions}")
        return " ".join(parts)

    def _condition(self, node: syntax.Condition, bound: frozenset[str]) -> str:
        match node:
            case syntax.Compare():
                left, right = self._python(node.left, bound), self._python(node.right, bound)
                return f"({left} {node.operator} {right})"
            case syntax.Member():
                items = ", ".join(self._python(item, bound) for item in node.items)
                items = f"({items})" if len(node.items) > 1 else items
                return f"({items} in {self.names[node.set]})"
            case syntax.Not():
                return f"(not {self._condition(node.operand, bound)})"
            case syntax.Logic():
                parts = [self._condition(part, bound) for part in node.operands]
                return f"({f' {node.operator} '.join(parts)})"

    def _python(self, node: syntax.Expression, bound: frozenset[str] = frozenset()) -> str:
        match node:
            case syntax.Number():
                return node.text
            case syntax.Text():
                return repr(node.value)
            case syntax.Name():
                return script_parts.loop(node.name) if node.name in bound else self.names[node.name]
            case syntax.Indexed():
                indices = ", ".join(self._python(i, bound) for i in node.indices)
                return f"{self.names[node.name]}[{indices}]"
            case syntax.Negate():
                return f"-{self._inside(node.operand, bound)}"
            case syntax.Add():
                return self._chain(node.signs, node.terms, bound)
            case syntax.Multiply():
                return self._chain(node.operators, node.factors, bound)
            case syntax.Power():
                return f"{self._inside(node.base, bound)} ** {self._inside(node.exponent, bound)}"
            case syntax.Call():
                return self._call(node, bound)
            case syntax.Aggregate():
                return self._aggregate(node, bound)

    def _inside(self, node: syntax.Expression, bound: frozenset[str]) -> str:
        text = self._python(node, bound)
        compound = syntax.Add | syntax.Multiply | syntax.Negate | syntax.Power
        return f"({text})" if isinstance(node, compound) else text

    def _chain(
        self, operators: tuple[str, ...], parts: tuple[syntax.Expression, ...], bound: frozenset[str]
    ) -> str:
        loose = syntax.Add | syntax.Negate if operators[0] == "*" else syntax.Add
        texts = [
            self._inside(p, bound)
            if isinstance(p, loose)
            or (n and isinstance(p, syntax.Negate | syntax.Multiply) and operators[0] == "*")
            else self._python(p, bound)
            for n, p in enumerate(parts)
        ]
        rest = zip(operators[1:], texts[1:], strict=True)
        return texts[0] + "".join(f" {operator} {text}" for operator, text in rest)

    def _call(self, node: syntax.Call, bound: frozenset[str]) -> str:
        arguments = [self._python(argument, bound) for argument in node.arguments]
        if node.function == "len":
            return f"len({arguments[0]})"
        variable = self._varies(node, bound)
        if node.function == "abs" and variable:
            general = self.kind in ("nlp", "minlp")
            return f"absolute({arguments[0]})" if general else f"largest({arguments[0]}, -({arguments[0]}))"
        if node.function in ("min", "max") and variable:
            name = "largest" if node.function == "max" else "smallest"
            return f"{name}({', '.join(arguments)})"
        prefix = "" if node.function in ("abs", "min", "max") else "pyo."
        return f"{prefix}{node.function}({', '.join(arguments)})"

    def _aggregate(self, node: syntax.Aggregate, bound: frozenset[str]) -> str:
        inner = bound.union(*(loop.names for loop in node.loops))
        body = f"{self._python(node.body, inner)} {self._loops(node.loops, bound)}"
        if node.function == "sum":
            return f"pyo.quicksum({body})"
        if node.function == "prod":
            return f"pyo.prod({body})"
        if self._varies(node, bound):
            return f"{'largest' if node.function == 'max' else 'smallest'}(*({body}))"
        return f"{node.function}({body})"

    def _varies(self, node: syntax.Any, bound: frozenset[str]) -> bool:
        names = self.variables - bound
        return any(isinstance(p, syntax.Name | syntax.Indexed) and p.name in names for p in syntax.walk(node))


def _positions(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    return itertools.product(*(range(size) for size in shape))


def _wrapped(value: object) -> str:
    return pprint.pformat(value, width=100, compact=True, sort_dicts=False)


def _decimal(text: str) -> str:
    return numbers.to_decimal_text(Fraction(text)).replace("/", " / ")


def _bound(bound: Fraction | None) -> str:
    return "None" if bound is None else _decimal(str(bound))


def _comment(text: str) -> str:
    line = " ".join(text.split())
    return f"  # {line}" if line else ""
