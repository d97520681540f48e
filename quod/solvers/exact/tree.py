"""Branch and bound that leaves a proof: a tree whose every leaf carries exact multipliers.

HiGHS solves the relaxations in floating point and chooses where to branch; a node is closed only when exact
arithmetic says so (`docs/certificates.md`, "One bound for everything"). Cheap proofs come first: the float
duals as simple fractions; if these prove nothing, the final basis in exact arithmetic. (Applegate, Cook, Dash
and Espinoza 2007 for the linear programs; Cook, Koch, Steffy and Wolter 2013 for the tree.)
"""

from __future__ import annotations

import dataclasses
import heapq
import math
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from flint import fmpq

from quod.solvers import highs
from quod.solvers.exact import simplex
from quod.solvers.exact.branching import Branching, FloatBounds
from quod.solvers.exact.closing import Judge, Leaf
from quod.solvers.exact.program import Program
from quod.solvers.exact.relaxation import Relaxation, Relaxed
from quod.solvers.options import Options
from quod.solvers.outcome import Basis
from quod.solvers.standard import StandardForm

Progress = Callable[[dict[str, Any]], None]
_REPORT_EVERY = 0.5


@dataclasses.dataclass(frozen=True)
class Step:
    """How a node differs from its parent: `column` was rounded `up` or down by `distance`."""

    column: int
    up: bool
    distance: float


@dataclasses.dataclass
class Node:
    """One part of the space: the root's bounds with those in `bounds` instead (column -> (lower, upper))."""

    bounds: dict[int, tuple[fmpq | None, fmpq | None]]
    step: Step | None = None
    estimate: float = -math.inf  # the parent's objective
    start: Any = None  # HiGHS' basis of the parent
    duals: npt.NDArray[np.float64] | None = None  # of the parent
    leaf: Leaf | None = None
    branch: tuple[int, int, int, int] | None = None  # column, floor, down, up


class Unbounded(Exception):
    """The relaxation improves for ever; carries the vertex with the ray."""

    def __init__(self, vertex: simplex.Vertex) -> None:
        super().__init__("the relaxation is unbounded")
        self.vertex = vertex


class Search:
    """The search over one program. `nodes[0]` is the root; children have larger numbers than their parent.

    `form` is the program in float64, its bounds must not cross; `deadline` is a value of `time.monotonic()`.
    After `run`, `judge.point` is the best exactly feasible point found and `complete` says whether every leaf
    is closed.
    """

    def __init__(
        self,
        program: Program,
        form: StandardForm,
        options: Options,
        deadline: float,
        progress: Progress | None = None,
    ) -> None:
        self.program, self.form, self.deadline = program, form, deadline
        self.judge = Judge(program, options.gap)
        self.nodes = [Node({})]
        self.complete = False
        self.exact_solves = 0
        self._node_limit = options.node_limit
        self._relaxation = Relaxation(form, options, deadline)
        self._branching = Branching(form.integer)
        self._progress, self._reported = progress, time.monotonic()
        self._open: list[tuple[float, int]] = []
        self._given_up: list[int] = []

    def run(self, hint: npt.NDArray[np.float64] | None = None, basis: Basis | None = None) -> None:
        """Search until every leaf is closed or a limit is met.

        `hint` is a float point (n,) to start from, `basis` the final basis of a linear program. Raises
        Unbounded when the relaxation is.
        """
        mixed = any(self.program.integer)
        if hint is not None and mixed:
            self._adopt_rounded(hint)
        if basis is not None and not mixed:
            self._settle(0, basis)
        else:
            for number in self._order():
                self._process(number)
                self._report()
        self.complete = not self._open and not self._given_up

    def _order(self) -> Iterator[int]:
        """Dive into the nearer child while there is one, then take the open node with the least bound."""
        self._open = [(-math.inf, 0)]
        while self._open and not self._stopped():
            _, number = heapq.heappop(self._open)
            while True:
                yield number
                branch = self.nodes[number].branch
                if branch is None:
                    break
                number, later = sorted(branch[2:], key=self._distance)
                heapq.heappush(self._open, (self.nodes[later].estimate, later))
                if self._stopped():
                    heapq.heappush(self._open, (self.nodes[number].estimate, number))
                    break

    def _stopped(self) -> bool:
        return len(self.nodes) > self._node_limit or time.monotonic() > self.deadline

    def _distance(self, number: int) -> float:
        step = self.nodes[number].step
        return 0.0 if step is None else step.distance

    def _process(self, number: int) -> None:
        node = self.nodes[number]
        bounds = _float_bounds(node)
        self._relaxation.bound(bounds)
        if node.start is not None:
            self._relaxation.restore(node.start)
            node.start = None
        relaxed = self._relaxation.solve()
        if node.step is not None and relaxed.kind == "optimal":
            gain = relaxed.objective - node.estimate
            self._branching.learn(node.step.column, node.step.up, node.step.distance, gain)
        if relaxed.kind == "optimal" and self.judge.hopeless(relaxed.objective):
            if len(self._branching.fractional(relaxed.values)):
                self._branch_on(number, relaxed, bounds)
                return
        elif self._close_cheaply(node, relaxed):
            return
        self._settle(number, self._relaxation.basis(), relaxed)

    def _close_cheaply(self, node: Node, relaxed: Relaxed) -> bool:
        """Close a node by its float multipliers, if they prove enough as fractions."""
        if relaxed.duals is None:
            return False
        multipliers = self.judge.signed(relaxed.duals)
        if relaxed.kind == "infeasible":
            node.leaf = self.judge.empty(multipliers, *self.bounds(node))
        elif relaxed.kind == "optimal":
            leaf = self.judge.bounded(multipliers, *self.bounds(node))
            node.leaf = leaf if self.judge.closes(leaf.value) else None
        return node.leaf is not None

    def bounds(self, node: Node) -> tuple[list[fmpq | None], list[fmpq | None]]:
        """The column bounds of a node."""
        lower, upper = list(self.program.lower), list(self.program.upper)
        for j, (low, high) in node.bounds.items():
            lower[j], upper[j] = low, high
        return lower, upper

    def _settle(self, number: int, basis: Basis | None, relaxed: Relaxed | None = None) -> None:
        """Decide a node in exact arithmetic: close it, branch, or close it with a better point."""
        node = self.nodes[number]
        bounds = self.bounds(node)
        self.exact_solves += 1
        vertex = simplex.solve(self.program, *bounds, basis, deadline=self.deadline)
        if vertex.kind == "limit":
            self._given_up.append(number)
        elif vertex.kind == "unbounded":
            raise Unbounded(vertex)
        elif vertex.kind == "infeasible":
            node.leaf = self.judge.empty(vertex.multipliers, *bounds)
            assert node.leaf is not None
        else:
            self._settle_optimal(number, vertex, relaxed)

    def _settle_optimal(self, number: int, vertex: simplex.Vertex, relaxed: Relaxed | None) -> None:
        node = self.nodes[number]
        value = self.program.value(vertex.point)
        if not self.judge.closes(value):
            broken = [j for j, whole in enumerate(self.program.integer) if whole and vertex.point[j].q != 1]
            if broken:
                column = max(broken, key=lambda j: min(_part(vertex.point[j]), 1 - _part(vertex.point[j])))
                duals = relaxed.duals if relaxed is not None and relaxed.kind == "optimal" else None
                self._branch(number, column, vertex.point[column], float(value), duals)
                return
            self.judge.adopt(vertex.point)
        node.leaf = self.judge.bounded(vertex.multipliers, *self.bounds(node))

    def _branch_on(self, number: int, relaxed: Relaxed, bounds: FloatBounds) -> None:
        column = self._branching.choose(self._relaxation, relaxed, bounds, self.judge.float_cutoff)
        at = fmpq(*float(relaxed.values[column]).as_integer_ratio())
        self._branch(number, column, at, relaxed.objective, relaxed.duals)

    def _branch(
        self, number: int, column: int, at: fmpq, objective: float, duals: npt.NDArray[np.float64] | None
    ) -> None:
        node = self.nodes[number]
        floor = int(at.floor())
        low, high = node.bounds.get(column, (self.program.lower[column], self.program.upper[column]))
        start = self._relaxation.save()
        down, up = len(self.nodes), len(self.nodes) + 1
        sides = [
            (Step(column, False, float(at - floor)), (low, fmpq(floor))),
            (Step(column, True, float(floor + 1 - at)), (fmpq(floor + 1), high)),
        ]
        for step, pair in sides:
            self.nodes.append(Node({**node.bounds, column: pair}, step, objective, start, duals))
        node.branch = (column, floor, down, up)

    def _adopt_rounded(self, hint: npt.NDArray[np.float64]) -> None:
        """Round the integer columns of a float point, solve for the others, keep a feasible result."""
        whole = {
            j: fmpq(round(float(hint[j]))) for j, is_whole in enumerate(self.program.integer) if is_whole
        }
        if len(whole) == self.program.shape[1]:
            point = [whole[j] for j in range(len(whole))]
        else:
            self._relaxation.bound({j: (float(value), float(value)) for j, value in whole.items()})
            self._relaxation.solve()
            fixed = self.bounds(Node({j: (value, value) for j, value in whole.items()}))
            vertex = simplex.solve(self.program, *fixed, self._relaxation.basis(), deadline=self.deadline)
            if vertex.kind != "optimal":
                return
            point = vertex.point
        if self.program.admits(point):
            self.judge.adopt(point)

    def weakest(self) -> fmpq | None:
        """Prove of every open node what its parent's multipliers do; the least bound, None for -inf."""
        for node in self.nodes:
            if node.leaf is None and node.branch is None:
                node.leaf = self._inherited(node)
        bounds = [
            node.leaf.value for node in self.nodes if node.leaf is not None and node.leaf.kind == "bound"
        ]
        if any(bound is None for bound in bounds):
            return None
        return min((self.judge.rounded(bound) for bound in bounds if bound is not None), default=None)

    def _inherited(self, node: Node) -> Leaf:
        bounds = self.bounds(node)
        leaf = self.judge.bounded(self.judge.signed(node.duals), *bounds)
        if leaf.value is None and node.start is not None:
            exactly = simplex.basis_multipliers(self.program, highs.read_basis(node.start))
            leaf = self.judge.bounded(self.judge.with_right_signs(exactly), *bounds)
        return leaf

    def _report(self) -> None:
        now = time.monotonic()
        if self._progress is not None and now - self._reported > _REPORT_EVERY:
            self._reported = now
            value = self.judge.value
            objective = None if value is None else float(self.program.in_model_sense(value))
            self._progress({"nodes": len(self.nodes), "open": len(self._open), "objective": objective})


def _float_bounds(node: Node) -> FloatBounds:
    return {
        j: (-math.inf if low is None else float(low), math.inf if high is None else float(high))
        for j, (low, high) in node.bounds.items()
    }


def _part(value: fmpq) -> fmpq:
    return value - value.floor()
