"""From expressions to triplets: walk down the tree, carrying each cell's row and factor."""

from __future__ import annotations

import contextlib
from typing import NoReturn

import numpy as np

from quod.solvers import syntax
from quod.solvers.expand.collect import Collector, Rows
from quod.solvers.expand.evaluate import Evaluator, Nonlinear
from quod.solvers.expand.frame import Frame
from quod.solvers.standard import Array


class Emitter(Evaluator):
    """Adds the terms of an expression to a collector, for all cells of a frame at once.

    Frames carry `row` (where to add), `scale` (times what), `origin` (the row of the formulation) and, below
    loops, `order k`: the reading order of abs, min and max terms (docs/formulation.md §4).
    """

    def emit(self, node: syntax.Expression, frame: Frame, out: Collector) -> None:
        """Add scale · node. Raises Nonlinear where it is not linear (or quadratic, if `out` takes it)."""
        if not self.has_variables(node, frozenset(frame.bound)):
            self.limit_span(node, frame)
            out.constant(frame, self.value(node, frame))
            return
        match node:
            case syntax.Name() | syntax.Indexed():
                out.term(frame, self.column(node, frame))
            case syntax.Negate():
                self.emit(node.operand, _scaled(frame, -frame.arrays["scale"]), out)
            case syntax.Add():
                for sign, term in zip(node.signs, node.terms, strict=True):
                    scale = frame.arrays["scale"]
                    self.emit(term, frame if sign == "+" else _scaled(frame, -scale), out)
            case syntax.Multiply():
                self._emit_product(node, frame, out)
            case syntax.Power():
                self._emit_power(node, frame, out)
            case syntax.Aggregate(function="sum"):
                self.emit(node.body, self.inner(node, frame, out), out)
            case syntax.Call(function="abs" | "min" | "max") | syntax.Aggregate(function="min" | "max"):
                if out.convex is None:
                    self.nonlinear(f"{node.function} stands inside a product", node)
                out.convex.emit(self, node, frame, out)
            case _:
                self.nonlinear(f"{getattr(node, 'function', 'this')} of variables is not linear", node)

    def nonlinear(self, message: str, node: syntax.Expression) -> NoReturn:
        """Raise Nonlinear at the node."""
        raise Nonlinear(str(self.source.error(message, node.at)))

    def inner(self, node: syntax.Aggregate, frame: Frame, out: Collector) -> Frame:
        """The frame of an aggregate's body, with the reading order of terms inside it."""
        count = len(frame.loops)
        inner = self.loops(node.loops, frame)
        if out.convex is None or not out.convex.occurs(node.body):
            return inner
        known = sum(name.startswith("order ") for name in frame.arrays)
        ones = np.ones((1,) * len(inner.shape), dtype=np.int64)
        orders = {f"order {known}": ones * node.at}
        for number, key in enumerate(inner.loops[count:], known + 1):
            orders[f"order {number}"] = inner.arrays[key]
        return inner.with_arrays(**orders)

    def column(self, node: syntax.Name | syntax.Indexed, frame: Frame) -> Array:
        """Column numbers of a variable."""
        first = self.data.first_column[node.name]
        if isinstance(node, syntax.Name):
            return np.full((1,) * len(frame.shape), first, dtype=np.int64)
        column: Array = np.zeros((1,) * len(frame.shape), dtype=np.int64)
        for position, size in zip(self.places.locate(node, frame), self.data.shape(node.name), strict=True):
            column = column * size + position
        return column + first

    def _emit_product(self, node: syntax.Multiply, frame: Frame, out: Collector) -> None:
        self.limit_span(node, frame)
        scale = frame.arrays["scale"]
        unknown: list[syntax.Expression] = []
        bound = frozenset(frame.bound)
        for operator, factor in zip(node.operators, node.factors, strict=True):
            if self.has_variables(factor, bound):
                if operator == "/":
                    self.nonlinear("a divisor holds a variable", factor)
                unknown.append(factor)
            elif operator == "/":
                scale = scale / self.divisor(factor, frame)
            else:
                scale = scale * self.value(factor, frame)
        inner = _scaled(frame, scale)
        if not np.asarray(scale != 0, dtype=bool).any():
            self._look(unknown, inner, out)
            return
        if len(unknown) == 1:
            self.emit(unknown[0], inner, out)
        elif len(unknown) == 2 and out.quadratic:
            self._emit_quadratic(unknown[0], unknown[1], inner, out)
        else:
            self.nonlinear("a product of variables", unknown[1])

    def _look(self, factors: list[syntax.Expression], frame: Frame, out: Collector) -> None:
        """Refuse indices outside their sets in factors that vanish; they need not be linear."""
        for factor in factors:
            with contextlib.suppress(Nonlinear):
                self.emit(factor, frame, Collector(self.arithmetic, out.budget, out.field, quadratic=True))

    def _emit_power(self, node: syntax.Power, frame: Frame, out: Collector) -> None:
        if self.has_variables(node.exponent, frozenset(frame.bound)):
            self.nonlinear("an exponent holds a variable", node.exponent)
        exponents = np.unique(self.exponent(node.exponent, frame))
        if not frame.cells:
            return
        power = int(exponents[0]) if len(exponents) == 1 else -1
        if power == 0:
            out.constant(frame, self.arithmetic.full((1,) * len(frame.shape), 1))
        elif power == 1:
            self.emit(node.base, frame, out)
        elif power == 2 and out.quadratic:
            self._emit_quadratic(node.base, node.base, frame, out)
        else:
            self.nonlinear("a power of variables", node)

    def _emit_quadratic(
        self, left: syntax.Expression, right: syntax.Expression, frame: Frame, out: Collector
    ) -> None:
        """Add scale · left · right, both linear in every cell."""
        self.limit(frame, "products")
        a = self._linear(left, frame, out)
        b = a if right is left else self._linear(right, frame, out)
        scale = np.broadcast_to(frame.arrays["scale"], frame.shape).reshape(-1)
        row = frame.flat("row")
        out.constant(
            Frame((frame.cells,), {"row": row, "scale": scale}), np.asarray(a.constants * b.constants)
        )
        for one, other in ((a, b), (b, a)):
            cell = np.repeat(np.arange(frame.cells), np.diff(one.indptr))
            out.terms(row[cell], one.indices, np.asarray(one.data * other.constants[cell] * scale[cell]))
        counts = np.diff(b.indptr)
        cell = np.repeat(np.arange(frame.cells), np.diff(a.indptr))
        repeats = counts[cell]
        out.budget.spend(int(repeats.sum()), out.field)
        first = np.repeat(np.arange(len(a.indices)), repeats)
        within = np.arange(len(first)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        second = b.indptr[:-1][cell[first]] + within
        value = a.data[first] * b.data[second] * scale[cell[first]]
        i, j = a.indices[first], b.indices[second]
        out.products.append((np.minimum(i, j), np.maximum(i, j), np.asarray(value)))

    def _linear(self, node: syntax.Expression, frame: Frame, out: Collector) -> Rows:
        """The node as one linear row for each cell."""
        part = Collector(self.arithmetic, out.budget, out.field)
        cells = np.arange(frame.cells).reshape(frame.shape)
        one = self.arithmetic.full((1,) * len(frame.shape), 1)
        self.emit(node, frame.with_arrays(row=cells, scale=one), part)
        return part.finish(frame.cells, self.data.columns)


def _scaled(frame: Frame, scale: Array) -> Frame:
    return frame.with_arrays(scale=np.asarray(scale))
