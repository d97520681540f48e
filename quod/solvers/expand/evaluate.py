"""Values of expressions without variables, and conditions, for all cells of a frame at once."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from quod import errors
from quod.solvers import syntax, tokens
from quod.solvers.expand import conditions
from quod.solvers.expand.arithmetic import Arithmetic
from quod.solvers.expand.data import Data
from quod.solvers.expand.frame import Frame
from quod.solvers.expand.places import Places
from quod.solvers.standard import Array

MAX_EXPONENT = 1000
MAX_BITS = 200_000  # of an exact power
_REDUCE: dict[str, Any] = {"sum": np.add, "prod": np.multiply, "min": np.minimum, "max": np.maximum}


class Nonlinear(errors.InvalidInput):
    """The row is not linear (nor quadratic, for an objective)."""


class Evaluator:
    """Evaluates one source text; results have as many dimensions as the frame, of size 1 where constant."""

    def __init__(self, data: Data, source: tokens.Source) -> None:
        self.data, self.source = data, source
        self.arithmetic: Arithmetic = data.arithmetic
        self.places = Places(data, source)
        self._exactly: Evaluator | None = None

    def has_variables(self, node: syntax.Any, bound: frozenset[str]) -> bool:
        """Whether a variable occurs below the node; `bound` are the loop names that hide declared ones."""
        if isinstance(node, syntax.Name | syntax.Indexed):
            return node.name in self.data.variables and node.name not in bound
        if isinstance(node, syntax.Aggregate):
            bound = bound.union(*(loop.names for loop in node.loops))
            return self.has_variables(node.body, bound)
        if isinstance(node, syntax.Call) and node.function == "len":
            return False
        return any(self.has_variables(child, bound) for child in syntax.children(node))

    def value(self, node: syntax.Expression, frame: Frame) -> Array:
        """The numbers of an expression without variables.

        Raises InvalidInput (index outside its set, division by zero) and Nonlinear (exp, roots, …).
        """
        match node:
            case syntax.Number():
                return self._constant(self.arithmetic.number(node.value, self.source.field), frame)
            case syntax.Name():
                if node.name in frame.bound:
                    return self.arithmetic.integers(self.places.whole(node, frame))
                return self.data.values(node.name).reshape((1,) * len(frame.shape))
            case syntax.Indexed():
                return self._parameter(node, frame)
            case syntax.Negate():
                return -self.value(node.operand, frame)
            case syntax.Add():
                total = self.value(node.terms[0], frame)
                for sign, term in zip(node.signs[1:], node.terms[1:], strict=True):
                    part = self.value(term, frame)
                    total = total + part if sign == "+" else total - part
                return total
            case syntax.Multiply():
                return self._product(node, frame)
            case syntax.Power():
                return self._power(node, frame)
            case syntax.Call():
                return self._call(node, frame)
            case syntax.Aggregate():
                return self._aggregate(node, frame)
        self.places.fail("a number is expected here", node.at)

    def divisor(self, node: syntax.Expression, frame: Frame) -> Array:
        """The value of a divisor. Raises InvalidInput where it is zero."""
        value = self.value(node, frame)
        zero = np.equal(value, 0).astype(bool)
        if frame.cells and zero.any():
            self.places.fail(f"division by zero{frame.describe(zero, self.data)}", node.at)
        return (
            np.where(zero, self._constant(self.arithmetic.number(1), frame), value) if zero.any() else value
        )

    def exponent(self, node: syntax.Expression, frame: Frame) -> Array:
        """Whole exponents between 0 and MAX_EXPONENT, int64. Raises Nonlinear for others."""
        value = self.value(node, frame)
        if not self.arithmetic.whole(value).all() or (value < 0).any():
            raise Nonlinear(str(self.source.error("the exponent is not a whole number n >= 0", node.at)))
        if (value > MAX_EXPONENT).any():
            self.places.fail(f"the exponent is above {MAX_EXPONENT}", node.at)
        return self.arithmetic.to_float(value).astype(np.int64)

    def loops(self, loops: tuple[syntax.Loop, ...], frame: Frame) -> Frame:
        """The frame extended by loops and filtered by their conditions."""
        for loop in loops:
            frame = frame.extend(loop.names, loop.set, self.data.sets[loop.set].size)
            for condition in loop.conditions:
                for part in conditions.conjuncts(condition):
                    frame = frame.filter(self.condition(part, frame))
        return frame

    def condition(self, node: syntax.Condition, frame: Frame) -> Array:
        """Truth of a condition. What an operand of `and` or `or` decides, later ones are not asked."""
        part, back = frame.project(self._keys(node, frame))
        self.limit(part, "conditions")
        return np.broadcast_to(conditions.truth(self, node, part), part.shape).reshape(back)

    def exactly(self) -> Evaluator:
        """The same in exact arithmetic."""
        if self.arithmetic.exact:
            return self
        if self._exactly is None:
            self._exactly = Evaluator(self.data.exactly(), self.source)
        return self._exactly

    def limit(self, frame: Frame, kind: str) -> None:
        """Raise LimitExceeded, naming the row, before arrays of the frame's size are made."""
        if frame.cells > self.data.max_cells:
            raise errors.LimitExceeded(
                kind,
                frame.cells,
                self.data.max_cells,
                f"{self.source.field}: {frame.cells:,} {kind} would be expanded, the limit is "
                f"{self.data.max_cells:,}; loop over a set of the tuples that occur",
            )

    def limit_span(self, node: syntax.Expression, frame: Frame) -> None:
        """The same for the cells on which an expression depends."""
        if frame.cells > self.data.max_cells:
            self.limit(frame.project(self._keys(node, frame))[0], "terms")

    def _keys(self, node: syntax.Any, frame: Frame) -> set[str]:
        """Loops of the frame that the node looks at."""
        names = {part.name for part in syntax.walk(node) if isinstance(part, syntax.Name)}
        return {frame.bound[name].key for name in names if name in frame.bound}

    def _constant(self, value: Any, frame: Frame) -> Array:
        return np.full((1,) * len(frame.shape), value, dtype=self.arithmetic.dtype)

    def _parameter(self, node: syntax.Indexed, frame: Frame) -> Array:
        values = self.data.values(node.name)
        positions = self.places.locate(node, frame)
        if not values.size:
            return self._constant(self.arithmetic.number(0), frame)
        straight = _straight(positions, values.shape, len(frame.shape))
        return straight(values) if straight else np.asarray(values[tuple(positions)])

    def _product(self, node: syntax.Multiply, frame: Frame) -> Array:
        product = self.value(node.factors[0], frame)
        for operator, factor in zip(node.operators[1:], node.factors[1:], strict=True):
            if operator == "*":
                product = product * self.value(factor, frame)
            else:
                product = product / self.divisor(factor, frame)
        return product

    def _power(self, node: syntax.Power, frame: Frame) -> Array:
        base, exponent = self.value(node.base, frame), self.exponent(node.exponent, frame)
        if self.arithmetic.exact:
            bits = max((int(b.height_bits()) for b in base.reshape(-1)), default=0)
            if bits * int(exponent.max(initial=0)) > MAX_BITS:
                self.places.fail("the power is too large", node.at)
            powers = np.frompyfunc(lambda b, n: b**n, 2, 1)(base, exponent.astype(object))
            return np.asarray(powers, dtype=object)
        return np.asarray(np.power(base, exponent.astype(np.float64)))

    def _call(self, node: syntax.Call, frame: Frame) -> Array:
        if node.function == "len":
            size = self.data.sets[syntax.to_text(node.arguments[0])].size
            return self._constant(self.arithmetic.number(size), frame)
        if node.function not in ("abs", "min", "max"):
            raise Nonlinear(
                str(self.source.error(f"{node.function} stands in nonlinear models only", node.at))
            )
        values = [self.value(argument, frame) for argument in node.arguments]
        if node.function == "abs":
            return np.asarray(np.maximum(values[0], -values[0]), dtype=self.arithmetic.dtype)
        result = values[0]
        for value in values[1:]:
            result = np.asarray(_REDUCE[node.function](result, value), dtype=self.arithmetic.dtype)
        return result

    def _aggregate(self, node: syntax.Aggregate, frame: Frame) -> Array:
        part, back = frame.project(self._keys(node, frame))
        self.limit(part, "terms")
        cells = part.with_arrays(cell=np.arange(part.cells).reshape(part.shape))
        inner = self.loops(node.loops, cells)
        self.limit(inner, "terms")
        values = np.broadcast_to(self.value(node.body, inner), inner.shape).reshape(-1)
        owner = inner.flat("cell")
        result = self._reduced(node, owner, values, part)
        return result.reshape(back)

    def _reduced(self, node: syntax.Aggregate, owner: Array, values: Array, part: Frame) -> Array:
        if node.function == "sum":
            return self.arithmetic.sums(owner, values, part.cells)
        result = self.arithmetic.full(part.cells, 1)
        order = np.argsort(owner, kind="stable")
        groups, starts = np.unique(owner[order], return_index=True)
        if node.function != "prod" and len(groups) < part.cells:
            empty = ~np.isin(np.arange(part.cells), groups).reshape(part.shape)
            self.places.fail(f"{node.function} over nothing{part.describe(empty, self.data)}", node.at)
        if len(groups):
            result[groups] = _REDUCE[node.function].reduceat(values[order], starts)
        return result


def _straight(positions: list[Array], shape: tuple[int, ...], dimensions: int) -> Any:
    """A reshaping view instead of a gather when every index runs once along its own axis in axis order."""
    axes = []
    for position, size in zip(positions, shape, strict=True):
        long = [axis for axis, length in enumerate(position.shape) if length != 1]
        if len(long) != 1 or position.size != size or position.reshape(-1)[0] != 0:
            return None
        if not np.array_equal(position.reshape(-1), np.arange(size)):
            return None
        axes.append(long[0])
    if axes != sorted(set(axes)):
        return None
    target = [1] * dimensions
    for axis, size in zip(axes, shape, strict=True):
        target[axis] = size
    return lambda values: values.reshape(target) if math.prod(target) == values.size else None
