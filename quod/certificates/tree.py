"""Replay of a branching tree: its leaves cover every integer assignment, and each leaf is proved.

Branching: Land & Doig (1960); a leaf is proved by weak duality, as in Cook, Koch, Steffy & Wolter (2013), or
empty by divisibility.
The replay is iterative, so a tree may be as deep as it is large.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import flint

from quod.certificates import bounds, budget, program, reading

MAX_NODES = 5_000_000
_NODE_KINDS = ("branch", "bound", "infeasible", "indivisible")


@dataclasses.dataclass
class Proof:
    """What the leaves prove together. `bound` is for the minimization form, constant included; None: no
    point."""

    bound: flint.fmpq | None = None
    leaves: int = 0
    empty_leaves: int = 0
    branches: int = 0


@dataclasses.dataclass(frozen=True)
class _Branch:
    column: int
    floor: flint.fmpq
    down: int
    up: int


def replay(form: program.Program, document: Any, used: budget.Budget) -> Proof:
    """Check the whole tree. Raises CertificateRejected naming the node that fails."""
    nodes = reading.array(document, "tree")
    if not 1 <= len(nodes) <= MAX_NODES:
        reading.reject("tree", f"has {len(nodes)} nodes; from 1 to {MAX_NODES} are allowed")
    branches = _structure(form, nodes)
    return _Replay(form, nodes, branches, used).run()


def _structure(form: program.Program, nodes: list[Any]) -> dict[int, _Branch]:
    """The branches by node. Each node but the root is the child of exactly one branch with a smaller number,
    so
    every node is reached from the root."""
    branches: dict[int, _Branch] = {}
    parents = [0] * len(nodes)
    for number, node in enumerate(nodes):
        where = f"tree node {number}"
        fields = reading.mapping(node, where, (), _NODE_KINDS)
        if len(fields) != 1:
            reading.reject(where, "is exactly one of branch, bound, infeasible and indivisible")
        if "branch" in fields:
            branch = branches[number] = _branch(form, fields["branch"], where)
            for child in (branch.down, branch.up):
                if not number < child < len(nodes):
                    reading.reject(where, f"child {reading.shown(child)} is not a later node")
                parents[child] += 1
    for number, count in enumerate(parents):
        if number > 0 and count != 1:
            reading.reject(f"tree node {number}", f"is the child of {count} branches, not of one")
    return branches


def _branch(form: program.Program, value: Any, where: str) -> _Branch:
    fields = reading.mapping(value, where, ("column", "floor", "down", "up"))
    name = reading.text(fields["column"], where)
    column = form.column.get(name)
    if column is None or not form.integer[column]:
        reading.reject(where, f"{name[:80]!r} is not an integer column")
    floor = reading.number(fields["floor"], f"{where}, floor", decimals=False)
    if floor.q != 1:
        reading.reject(where, f"the floor {floor} is not a whole number")
    for key in ("down", "up"):
        if isinstance(fields[key], bool) or not isinstance(fields[key], int):
            reading.reject(where, f"{key} is not a node number")
    return _Branch(column, floor, fields["down"], fields["up"])


class _Replay:
    """Depth-first walk with the column bounds of the current node, undone on the way back."""

    def __init__(
        self, form: program.Program, nodes: list[Any], branches: dict[int, _Branch], used: budget.Budget
    ) -> None:
        self.form, self.nodes, self.branches, self.used = form, nodes, branches, used
        self.lower, self.upper = list(form.lower), list(form.upper)
        self.crossed = sum(map(_crosses, self.lower, self.upper))
        integral = form.cost and all(form.integer[column] for column in form.cost)
        self.grid = program.grid(form.cost.values()) if integral else None
        self.proof = Proof(branches=len(branches))

    def run(self) -> Proof:
        """Visit every node once. A task is a node to enter, or a bound to put back."""
        tasks: list[tuple[Any, ...]] = [("enter", 0)]
        while tasks:
            task = tasks.pop()
            if task[0] == "set":
                self._set(*task[1:])
            elif task[1] in self.branches:
                tasks += self._children(self.branches[task[1]])
            else:
                self._leaf(task[1])
        return self.proof

    def _children(self, branch: _Branch) -> list[tuple[Any, ...]]:
        """Tasks in reverse: down side, put back, up side, put back."""
        column, floor = branch.column, branch.floor
        low, up = self.lower[column], self.upper[column]
        return [
            ("set", column, low, up),
            ("enter", branch.up),
            ("set", column, floor + 1 if low is None else max(low, floor + 1), up),
            ("enter", branch.down),
            ("set", column, low, floor if up is None else min(up, floor)),
        ]

    def _set(self, column: int, low: flint.fmpq | None, up: flint.fmpq | None) -> None:
        self.crossed += _crosses(low, up) - _crosses(self.lower[column], self.upper[column])
        self.lower[column], self.upper[column] = low, up

    def _leaf(self, number: int) -> None:
        where = f"tree node {number}"
        self.proof.leaves += 1
        ((kind, value),) = self.nodes[number].items()
        y = bounds.multipliers(self.form, value, where)
        combined = sum(len(self.form.rows[row].terms) for row in y)
        self.used.leaf(combined + (len(self.form.cost) if kind == "bound" else 0), 1 + len(y))
        if kind == "indivisible":
            self.proof.empty_leaves += 1
            bounds.indivisible(self.form, y, where)
            return
        if kind == "infeasible":
            self.proof.empty_leaves += 1
            if not self.crossed:
                self._empty(y, where)
            return
        proved, column = bounds.weak_duality(self.form, self.form.cost, y, self.lower, self.upper)
        if proved is None:
            reading.reject(
                where, f"proves no bound: column {self.form.names[column]} is unbounded where it pays"
            )
        if self.grid is not None:
            proved = self.grid * flint.fmpq((proved / self.grid).ceil())
        proved += self.form.constant
        self.proof.bound = proved if self.proof.bound is None else min(self.proof.bound, proved)

    def _empty(self, y: dict[int, flint.fmpq], where: str) -> None:
        proved, column = bounds.weak_duality(self.form, {}, y, self.lower, self.upper)
        if proved is None:
            reading.reject(
                where, f"is not proved empty: column {self.form.names[column]} is unbounded where it pays"
            )
        if proved <= 0:
            reading.reject(
                where, f"is not proved empty: the multipliers give {proved}, more than 0 is needed"
            )


def _crosses(low: flint.fmpq | None, up: flint.fmpq | None) -> int:
    return int(low is not None and up is not None and low > up)
