"""What a proof is, and its parts in the form that `docs/certificates.md` lays down."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from flint import fmpq

from quod.solvers.exact.closing import Leaf
from quod.solvers.exact.tree import Node
from quod.solvers.standard import StandardForm

Kind = Literal["optimality", "infeasibility", "unboundedness"]
_MOST_BITS = 13_000  # 3,914 digits; numbers of 4,000 are read
TOLERANCE = "1/1000000"
"""Relative tolerance of a numeric claim."""


@dataclasses.dataclass(frozen=True)
class Proof:
    """A claim with its evidence, ready for a certificate.

    `strength` is `exact`, `rigorous` (a point and a weaker bound, both exact) or `numeric` (the solver's
    word). `stats` counts nodes, leaves, exact solves and seconds; `notes` say why the strength is not
    `exact`.
    """

    kind: Kind
    strength: Literal["exact", "rigorous", "numeric"]
    claim: dict[str, Any]
    evidence: dict[str, Any]
    stats: dict[str, float] = dataclasses.field(default_factory=dict)
    notes: list[str] = dataclasses.field(default_factory=list)


class TooLong(ArithmeticError):
    """An exact number has more digits than a certificate may hold."""


def text(value: fmpq) -> str:
    """`640`, `40/3`. Raises TooLong past what `quod.numbers` reads."""
    if value.height_bits() > _MOST_BITS:
        raise TooLong
    return str(value)


def float_text(value: float) -> str:
    """The shortest decimal that reads as this float: `2.5`, `1e-07`."""
    return repr(float(value)).removesuffix(".0")


def named(values: Mapping[int, fmpq], name: Callable[[int], str]) -> dict[str, str]:
    """Nonzero values under their names, in order."""
    return {name(k): text(value) for k, value in sorted(values.items()) if value}


def point(form: StandardForm, values: Iterable[fmpq]) -> dict[str, str]:
    """The declared columns of a point (those that linearise abs, min, max are left to the checker)."""
    declared = dict(zip(range(form.declared_columns), values, strict=False))
    return named(declared, form.column_name)


def tree(form: StandardForm, nodes: list[Node]) -> list[dict[str, Any]]:
    """The nodes of a finished search."""
    return [_node(form, node) for node in nodes]


def _node(form: StandardForm, node: Node) -> dict[str, Any]:
    if node.branch is not None:
        column, floor, down, up = node.branch
        name = form.column_name(column)
        return {"branch": {"column": name, "floor": str(floor), "down": down, "up": up}}
    assert isinstance(node.leaf, Leaf)
    return {node.leaf.kind: named(node.leaf.multipliers, form.row_name)}
