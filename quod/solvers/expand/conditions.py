"""Truth of conditions for all cells of a frame at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from quod.solvers import syntax
from quod.solvers.expand.data import MISSING
from quod.solvers.expand.frame import Frame
from quod.solvers.standard import Array

if TYPE_CHECKING:
    from quod.solvers.expand.evaluate import Evaluator

_COMPARE: dict[str, Any] = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


def conjuncts(node: syntax.Condition) -> tuple[syntax.Condition, ...]:
    """The parts of an `and`, which may be applied one after the other."""
    return node.operands if isinstance(node, syntax.Logic) and node.operator == "and" else (node,)


def truth(evaluator: Evaluator, node: syntax.Condition, frame: Frame) -> Array:
    """A mask that broadcasts to the frame. Raises InvalidInput as values do."""
    match node:
        case syntax.Not():
            return ~evaluator.condition(node.operand, frame)
        case syntax.Logic():
            return _logic(evaluator, node, frame)
        case syntax.Member():
            return np.asarray(evaluator.places.member(node.set, node.items, frame) != MISSING)
        case syntax.Compare():
            return _compare(evaluator, node, frame)


def _logic(evaluator: Evaluator, node: syntax.Logic, frame: Frame) -> Array:
    """Each operand is looked at only in cells that the ones before it leave open."""
    undecided = node.operator == "and"
    result = np.full(frame.cells, undecided, dtype=bool)
    cells = np.arange(frame.cells)
    for operand in node.operands:
        part = frame.take(cells)
        mask = np.broadcast_to(evaluator.condition(operand, part), part.shape)
        result[cells] = mask
        cells = cells[mask == undecided]
    return result.reshape(frame.shape)


def _compare(evaluator: Evaluator, node: syntax.Compare, frame: Frame) -> Array:
    left, right = node.left, node.right
    if not frame.cells:
        return np.zeros(frame.shape, dtype=bool)
    if node.operator in ("==", "!=") and _is_loop(right, frame):
        left, right = right, left
    if node.operator in ("==", "!=") and _is_loop(left, frame) and _is_atom(right, frame):
        equal = np.equal(evaluator.places.codes(left, frame), evaluator.places.codes(right, frame))
        return np.asarray(equal if node.operator == "==" else ~equal)
    if _is_text(evaluator, left, frame) or _is_text(evaluator, right, frame):
        return _compare_texts(evaluator, node, frame)
    # Numbers that need no arithmetic keep their order as floats; computed ones are compared exactly.
    judge = evaluator if _plain(left) and _plain(right) else evaluator.exactly()
    result = _COMPARE[node.operator](judge.value(left, frame), judge.value(right, frame))
    return np.asarray(result, dtype=bool)


def _compare_texts(evaluator: Evaluator, node: syntax.Compare, frame: Frame) -> Array:
    """Order of texts by code point; a text never equals a number."""
    ones = (1,) * len(frame.shape)
    atoms = np.array([*evaluator.data.universe.atoms, ""], dtype=object)
    sides = []
    for side in (node.left, node.right):
        if not _is_text(evaluator, side, frame):
            if node.operator in ("==", "!="):
                return np.full(ones, node.operator == "!=")
            evaluator.places.fail("a text and a number have no order", side.at)
        if isinstance(side, syntax.Text):
            sides.append(np.full(ones, side.value, dtype=object))
        else:
            sides.append(atoms[evaluator.places.codes(side, frame)])
    return np.asarray(_COMPARE[node.operator](*sides), dtype=bool)


def _is_loop(node: syntax.Expression, frame: Frame) -> bool:
    return isinstance(node, syntax.Name) and node.name in frame.bound


def _is_atom(node: syntax.Expression, frame: Frame) -> bool:
    whole = isinstance(node, syntax.Number) and node.value.denominator == 1 and node.value < 2**31
    return whole or isinstance(node, syntax.Text) or _is_loop(node, frame)


def _is_text(evaluator: Evaluator, node: syntax.Expression, frame: Frame) -> bool:
    if isinstance(node, syntax.Name) and node.name in frame.bound:
        item = frame.bound[node.name]
        codes = evaluator.data.sets[item.set].component(item.component)
        return bool(evaluator.data.universe.is_text[codes].all())
    return isinstance(node, syntax.Text)


def _plain(node: syntax.Expression) -> bool:
    if isinstance(node, syntax.Negate):
        return _plain(node.operand)
    return isinstance(node, syntax.Number | syntax.Name | syntax.Indexed) or (
        isinstance(node, syntax.Call) and node.function == "len"
    )
