"""What a certificate of a linear model proves, decided a second time: `Fraction` over the solver side's
rows."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from typing import Any

from quod.solvers import expand
from quod.solvers import formulation as formulations

Document = dict[str, Any]


class Oracle:
    """A linear formulation as dense rows of fractions, in minimization form."""

    def __init__(self, document: Document) -> None:
        form = expand.expand(formulations.parse(document), exact=True)
        rows, columns = form.shape
        sign = 1 if form.sense == "minimize" else -1
        self.plain = columns == form.declared_columns
        self.sign = sign
        self.names = [form.column_name(j) for j in range(columns)]
        self.rows = [form.row_name(i) for i in range(rows)]
        self.cost = [sign * _fraction(c) for c in form.cost]
        self.constant = sign * _fraction(form.constant)
        self.lower = [None if b is None else _fraction(b) for b in form.lower]
        self.upper = [None if b is None else _fraction(b) for b in form.upper]
        self.integer = form.integer.tolist()
        self.senses = form.row_sense.tolist()
        self.rhs = [_fraction(b) for b in form.rhs]
        self.matrix = [[Fraction(0)] * columns for _ in range(rows)]
        for i in range(rows):
            for k in range(form.indptr[i], form.indptr[i + 1]):
                self.matrix[i][int(form.indices[k])] = _fraction(form.data[k])

    def point(self, values: Document) -> list[Fraction] | None:
        """The coordinates; None when a name is unknown."""
        if not set(values) <= set(self.names):
            return None
        return [Fraction(str(values.get(name, 0))) for name in self.names]

    def value(self, x: list[Fraction]) -> Fraction:
        """The objective in minimization form."""
        return self.constant + sum(c * v for c, v in zip(self.cost, x, strict=True))

    def feasible(self, x: list[Fraction]) -> bool:
        for low, up, integer, v in zip(self.lower, self.upper, self.integer, x, strict=True):
            if (
                (low is not None and v < low)
                or (up is not None and v > up)
                or (integer and v.denominator != 1)
            ):
                return False
        return self._rows_hold(x, self.rhs)

    def _rows_hold(self, x: list[Fraction], rhs: list[Fraction]) -> bool:
        for row, sense, b in zip(self.matrix, self.senses, rhs, strict=True):
            gap = sum(a * v for a, v in zip(row, x, strict=True)) - b
            if (sense <= 0 and gap > 0) or (sense >= 0 and gap < 0):
                return False
        return True

    def improves(self, ray: Document) -> bool:
        """Whether a ray is a proof of unboundedness."""
        r = self.point(ray)
        if r is None or sum(c * v for c, v in zip(self.cost, r, strict=True)) >= 0:
            return False
        for low, up, v in zip(self.lower, self.upper, r, strict=True):
            if (low is not None and v < 0) or (up is not None and v > 0):
                return False
        return self._rows_hold(r, [Fraction(0)] * len(self.rhs))

    def proved(self, tree: list[Document]) -> Fraction | None:
        """The bound that a well-formed tree proves; infinity if all is empty, None if a leaf proves
        nothing."""
        best: Fraction | float = math.inf
        stack = [(0, list(self.lower), list(self.upper))]
        while stack:
            number, low, up = stack.pop()
            ((kind, content),) = tree[number].items()
            if kind == "branch":
                j, floor = self.names.index(content["column"]), Fraction(content["floor"])
                down, raised = list(up), list(low)
                down[j] = floor if up[j] is None else min(up[j], floor)
                raised[j] = floor + 1 if low[j] is None else max(low[j], floor + 1)
                stack += [(content["down"], low, down), (content["up"], raised, up)]
                continue
            bound = self.leaf(kind, content, low, up)
            if bound is None:
                return None
            best = min(best, bound)
        return best  # type: ignore[return-value]

    def leaf(self, kind: str, multipliers: Document, low: list[Any], up: list[Any]) -> Any:
        """What one leaf proves."""
        crossed = any(a is not None and b is not None and a > b for a, b in zip(low, up, strict=True))
        cost = self.cost if kind == "bound" else [Fraction(0)] * len(self.cost)
        reduced, total = list(cost), Fraction(0)
        for name, text in multipliers.items():
            i, y = self.rows.index(name), Fraction(text)
            if y * self.senses[i] < 0:
                return None
            total += y * self.rhs[i]
            reduced = [d - y * a for d, a in zip(reduced, self.matrix[i], strict=True)]
        if kind == "indivisible":
            return math.inf if self._indivisible(multipliers, reduced, total) else None
        if kind == "infeasible" and crossed:
            return math.inf
        for d, a, b in zip(reduced, low, up, strict=True):
            side = a if d > 0 else b
            if d != 0 and side is None:
                return None
            total += 0 if d == 0 else d * side
        if kind == "infeasible":
            return math.inf if total > 0 else None
        return self.rounded(total) + self.constant

    def _indivisible(self, multipliers: Document, reduced: list[Fraction], total: Fraction) -> bool:
        equations = all(self.senses[self.rows.index(name)] == 0 for name in multipliers)
        whole = all(d.denominator == 1 if i else d == 0 for d, i in zip(reduced, self.integer, strict=True))
        return equations and whole and total.denominator != 1

    def rounded(self, bound: Fraction) -> Fraction:
        """Up to the grid of attainable values, if there is one."""
        used = [c for c in self.cost if c != 0]
        if not used or not all(i for c, i in zip(self.cost, self.integer, strict=True) if c != 0):
            return bound
        scale = math.lcm(*(c.denominator for c in used))
        grid = Fraction(math.gcd(*(int(c * scale) for c in used)), scale)
        return grid * math.ceil(bound / grid)


def _fraction(value: Any) -> Fraction:
    return Fraction(int(value.p), int(value.q))


def random_formulation(draw: random.Random) -> Document:
    """A small LP or MILP with fractions, all row senses and kinds of bounds."""
    count = draw.randint(1, 4)
    variables = []
    for k in range(count):
        bounds = draw.choice(
            [{}, {"upper": "9/2"}, {"lower": None}, {"lower": "-3", "upper": "3"}, {"upper": "1"}]
        )
        variables.append({"name": f"x{k}", "domain": draw.choice(["real", "integer"]), **bounds})

    def linear() -> str:
        return " + ".join(
            f"{draw.choice([-2, -1, 0, 1, 2, 3])} * x{k} / {draw.choice([1, 1, 2])}" for k in range(count)
        )

    rows = []
    for k in range(draw.randint(1, 4)):
        operator = draw.choice(["<=", "<=", ">=", "==", "<", ">"])
        rows.append({"name": f"r{k}", "expression": f"{linear()} {operator} {draw.randint(-4, 9)}"})
    sense = draw.choice(["minimize", "maximize"])
    return {
        "variables": variables,
        "objective": {"sense": sense, "expression": f"{linear()} + {draw.randint(0, 3)}"},
        "constraints": rows,
    }


def random_lattice(draw: random.Random) -> Document:
    """Equations over integers, most without an integral point, with inequalities and perhaps a real column
    beside them."""
    names = ["x0", "x1", "x2"]
    variables = [{"name": n, "domain": "integer", "lower": draw.choice([None, "-9"])} for n in names]
    variables.append({"name": "z"})

    def linear(factor: int) -> str:
        return " + ".join(f"{factor * draw.randint(-3, 3)} * {n}" for n in names)

    rows = [
        f"{linear(draw.choice([1, 2, 3]))} == {draw.randint(-9, 9)}{draw.choice(['', ' / 2'])}"
        for _ in range(draw.randint(1, 3))
    ]
    rows += [f"x0 - x1 <= {draw.randint(0, 9)} / 2", f"x0 + z == {draw.randint(0, 9)} / 2"]
    return {
        "variables": variables,
        "objective": {"sense": "minimize", "expression": "0"},
        "constraints": [{"name": f"r{k}", "expression": row} for k, row in enumerate(rows)],
    }


def random_knapsack(draw: random.Random) -> Document:
    """Integer columns and rows that leave gaps to branch over."""
    count = draw.randint(2, 3)
    variables = [{"name": f"x{k}", "domain": "integer", "upper": draw.randint(1, 6)} for k in range(count)]

    def linear(low: int, high: int) -> str:
        return " + ".join(f"{draw.randint(low, high)} * x{k}" for k in range(count))

    rows = [{"name": "r0", "expression": f"{linear(3, 9)} <= {draw.randint(9, 30)}"}]
    rows.append(
        {
            "name": "r1",
            "expression": f"{linear(-5, 9)} {draw.choice(['<=', '>=', '=='])} {draw.randint(3, 15)}",
        }
    )
    objective = {"sense": draw.choice(["minimize", "maximize"]), "expression": linear(-7, 11)}
    return {"variables": variables, "objective": objective, "constraints": rows}
