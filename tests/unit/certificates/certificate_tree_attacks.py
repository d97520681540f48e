"""Corrupted branching trees, and copies of documents with one place changed.

A change that might leave the tree a proof (another dual solution, say) is kept only when the oracle finds
that it
proves too little.
"""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from certificate_oracle import Oracle

Document = dict[str, Any]
Attack = tuple[str, Document]


def edited(document: Document, *path_and_value: Any) -> Document:
    """A copy with the value at a path replaced."""
    result = copy.deepcopy(document)
    *path, last, value = path_and_value
    part = result
    for step in path:
        part = part[step]
    part[last] = value
    return result


def without(document: Document, *path: Any) -> Document:
    """A copy without what stands at a path."""
    result = copy.deepcopy(document)
    part = result
    for step in path[:-1]:
        part = part[step]
    del part[path[-1]]
    return result


def falls_short(proved: Any, claimed: Fraction) -> bool:
    return proved is None or proved < claimed


def on_tree(document: Document, oracle: Oracle) -> Iterator[Attack]:
    tree = document["evidence"]["tree"]
    claimed = oracle.sign * Fraction(document["claim"].get("bound", document["claim"].get("objective", 0)))
    empty = document["kind"] == "infeasibility"

    def invalid(changed: list[Document]) -> bool:
        proved = oracle.proved(changed)
        return proved != math.inf if empty else falls_short(proved, claimed)

    for name, changed in _broken_structure(tree):
        yield name, edited(document, "evidence", "tree", changed)
    for number, node in enumerate(tree):
        for name, other in other_nodes(node, oracle):
            changed = [*tree[:number], other, *tree[number + 1 :]]
            if invalid(changed):
                yield f"node {number}: {name}", edited(document, "evidence", "tree", changed)
    leaves = [k for k, node in enumerate(tree) if "branch" not in node]
    for a, b in itertools.pairwise(leaves):
        changed = list(tree)
        changed[a], changed[b] = tree[b], tree[a]
        if invalid(changed):
            yield f"leaves {a} and {b} exchanged", edited(document, "evidence", "tree", changed)


def _broken_structure(tree: list[Document]) -> Iterator[tuple[str, list[Document]]]:
    """Trees that do not cover the space, whatever their leaves prove."""
    yield "no nodes", []
    yield "the last node is gone", tree[:-1]
    yield "an orphan", [*tree, tree[-1]]
    yield "the root twice", [tree[0], *tree]
    for number, node in enumerate(tree):
        if "branch" in node:
            content = node["branch"]
            own = {"branch": {**content, "up": content["down"]}}
            yield f"branch {number} has one child twice", [*tree[:number], own, *tree[number + 1 :]]
            for child in (0, number, len(tree), -1, None, str(content["up"])):
                other = {"branch": {**content, "up": child}}
                yield f"branch {number} has child {child!r}", [*tree[:number], other, *tree[number + 1 :]]
            half = {"branch": {**content, "floor": str(Fraction(content["floor"]) + Fraction(1, 2))}}
            yield f"branch {number} at a half", [*tree[:number], half, *tree[number + 1 :]]
            none = {"branch": {**content, "column": "no_such"}}
            yield f"branch {number} on nothing", [*tree[:number], none, *tree[number + 1 :]]
        else:
            yield f"leaf {number} is empty", [*tree[:number], {}, *tree[number + 1 :]]
            for pair in itertools.combinations(("bound", "infeasible", "indivisible"), 2):
                both = {key: {} for key in pair}
                yield f"leaf {number} is two", [*tree[:number], both, *tree[number + 1 :]]


def other_nodes(node: Document, oracle: Oracle) -> Iterator[tuple[str, Document]]:
    """The same node with other contents; some may still be proofs."""
    ((kind, content),) = node.items()
    if kind == "branch":
        for delta in (-2, -1, 1, 2):
            yield (
                f"floor {delta}",
                {"branch": {**content, "floor": str(Fraction(content["floor"]) + delta)}},
            )
        yield "sides exchanged", {"branch": {**content, "down": content["up"], "up": content["down"]}}
        for name, integer in zip(oracle.names, oracle.integer, strict=True):
            if integer:
                yield f"on {name}", {"branch": {**content, "column": name}}
        return
    for other_kind in {"bound", "infeasible", "indivisible"} - {kind}:
        yield f"as {other_kind}", {other_kind: content}
    yield "without multipliers", {kind: {}}
    for name, text in content.items():
        y = Fraction(text)
        rest = {key: value for key, value in content.items() if key != name}
        yield f"without {name}", {kind: rest}
        for factor in (-1, 2, Fraction(1, 2), Fraction(999, 1000), 0, 1000):
            yield f"{factor} times {name}", {kind: {**content, name: str(factor * y)}}
        for other in oracle.rows:
            if other != name:
                yield f"{name} for {other}", {kind: {**rest, other: text}}
    for name in oracle.rows:
        for step in (1, -1, Fraction(-1, 7)):
            yield f"{name} {step}", {kind: {**content, name: str(Fraction(content.get(name, 0)) + step)}}
