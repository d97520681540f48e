"""Where indices stand: positions in index sets for all cells of a frame at once."""

from __future__ import annotations

from typing import NoReturn

import numpy as np

from quod.solvers import syntax, tokens
from quod.solvers.expand.data import MISSING, Data
from quod.solvers.expand.frame import Bound, Frame
from quod.solvers.standard import Array


class Places:
    """Resolves index expressions of one source text."""

    def __init__(self, data: Data, source: tokens.Source) -> None:
        self.data, self.source = data, source
        self._translations: dict[tuple[str, int, str], Array] = {}

    def fail(self, message: str, at: int) -> NoReturn:
        """Raise InvalidInput pointing at a column of the source."""
        raise self.source.error(message, at)

    def locate(self, node: syntax.Indexed, frame: Frame) -> list[Array]:
        """Positions in each index set of a parameter or variable. Raises InvalidInput where an index lies
        outside its set."""
        result: list[Array] = []
        start = 0
        for name in self.data.index[node.name]:
            width = self.data.sets[name].arity
            positions = self.member(name, node.indices[start : start + width], frame)
            outside = positions == MISSING
            if frame.cells and outside.any():
                self._outside(node, node.indices[start : start + width], name, frame, outside)
            result.append(positions)
            start += width
        return result

    def member(self, name: str, indices: tuple[syntax.Expression, ...], frame: Frame) -> Array:
        """Position in the set `name` of an index, MISSING where it is no member."""
        bound = [frame.bound.get(i.name) if isinstance(i, syntax.Name) else None for i in indices]
        target = self.data.sets[name]
        first = bound[0]
        if first is not None:
            same = all(
                b is not None and (b.key, b.set, b.component) == (first.key, name, k)
                for k, b in enumerate(bound)
            )
            if same and len(bound) == target.arity:
                return frame.arrays[first.key]
            if target.arity == 1:
                return self._translation(first, name)[frame.arrays[first.key]]
        if len(indices) != target.arity:  # only an empty set, whose arity is unknown
            return np.full((1,) * len(frame.shape), MISSING, dtype=np.int64)
        return target.positions([self.codes(index, frame) for index in indices])

    def codes(self, node: syntax.Expression, frame: Frame) -> Array:
        """The atom codes of one index component, MISSING for an atom that no set has."""
        ones = (1,) * len(frame.shape)
        if isinstance(node, syntax.Name):
            item = frame.bound[node.name]
            return self.data.sets[item.set].component(item.component)[frame.arrays[item.key]]
        if isinstance(node, syntax.Text):
            return np.full(ones, self.data.universe.code.get(node.value, MISSING), dtype=np.int64)
        return self.data.universe.codes_of(self.whole(node, frame))

    def whole(self, node: syntax.Expression, frame: Frame) -> Array:
        """Whole-number arithmetic on loop names, int64. Raises InvalidInput for texts and huge numbers."""
        match node:
            case syntax.Number():
                if node.value.denominator != 1 or abs(node.value) > 2**31:
                    self.fail(f"{node.text} is no index", node.at)
                return np.full((1,) * len(frame.shape), int(node.value), dtype=np.int64)
            case syntax.Name():
                codes = self.codes(node, frame)
                text = self.data.universe.is_text[codes]
                if frame.cells and text.any():
                    self.fail(f"{node.name} is text{frame.describe(text, self.data)}, not a number", node.at)
                return self.data.universe.integer[codes]
            case syntax.Negate():
                return -self.whole(node.operand, frame)
            case syntax.Add():
                total = self.whole(node.terms[0], frame)
                for sign, term in zip(node.signs[1:], node.terms[1:], strict=True):
                    value = self.whole(term, frame)
                    total = total + value if sign == "+" else total - value
                return total
            case syntax.Multiply():
                product = self.whole(node.factors[0], frame)
                for factor in node.factors[1:]:
                    product = product * self.whole(factor, frame)
                if np.abs(product.astype(np.float64)).max(initial=0) > 2**62:
                    self.fail("the index is too large", node.at)
                return product
        self.fail("an index is whole-number arithmetic on loop names", node.at)

    def _translation(self, item: Bound, name: str) -> Array:
        """Position in the set `name` of each member's component of the looped set."""
        key = (item.set, item.component, name)
        if key not in self._translations:
            codes = self.data.sets[item.set].component(item.component)
            self._translations[key] = self.data.sets[name].positions([codes])
        return self._translations[key]

    def _outside(
        self,
        node: syntax.Indexed,
        indices: tuple[syntax.Expression, ...],
        name: str,
        frame: Frame,
        outside: Array,
    ) -> NoReturn:
        shown = ", ".join(map(syntax.to_text, indices))
        noun = "index" if len(indices) == 1 else "indices"
        where = frame.describe(outside, self.data)
        self.fail(
            f"{node.name}: {noun} {shown}{where} is not in set {name}; "
            f"restrict the loop with a condition such as if {shown} in {name}",
            indices[0].at,
        )
