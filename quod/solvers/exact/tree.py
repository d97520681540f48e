"""Branch and bound that leaves a proof: a tree whose every leaf carries exact multipliers.

HiGHS solves the relaxations in floating point and chooses where to branch; a node is closed only when exact
arithmetic says so (`docs/certificates.md`, "One bound for everything"). Cheap proofs come first: the float duals as simple
fractions; if these prove nothing, the final basis in exact arithmetic.
"""

from __future__ import annotations

import dataclasses
import heapq
import math
import time
from collections.abc import Callable, Iterator
from typing import Any, Literal

import numpy as np
from flint import fmpq

from quod.solvers.exact import rational, simplex
from quod.solvers.exact.branching import Branching, FloatBounds
from quod.solvers.exact.program import ZERO, Program, dual_bound
from quod.solvers.exact.relaxation import Relaxation, Relaxed
from quod.solvers.options import Options
from quod.solvers.outcome import Basis
from quod.solvers.standard import StandardForm

Progress = Callable[[dict[str, Any]], None]
_REPORT_EVERY = 0.5


@dataclasses.dataclass(frozen=True)
class Leaf:
    """A closed node: `bound` or `infeasible`, with multipliers by row. `value` is the proved bound, None for -inf."""

    kind: Literal["bound", "infeasible"]
    multipliers: dict[int, fmpq]
    value: fmpq | None = None


@dataclasses.dataclass
class Node:
    """One part of the space: the root's bounds with those in `bounds` instead (column -> (lower, upper))."""

    bounds: dict[int, tuple[fmpq | None, fmpq | None]]
    estimate: float = -math.inf
    depth: int = 0
    start: Any = None  # HiGHS' basis of the parent
    duals: Any = None  # float multipliers of the parent
    branched: tuple[int, bool, float] | None = None  # column, up, distance: how it differs from the parent
    leaf: Leaf | None = None
    branch: tuple[int, int, int, int] | None = None  # column, floor, down, up


class Unbounded(Exception):
    """The relaxation improves for ever; carries the vertex with the ray."""

    def __init__(self, vertex: simplex.Vertex) -> None:
        super().__init__("the relaxation is unbounded")
        self.vertex = vertex


class Search:
    """The search over one program. `nodes[0]` is the root; children have larger numbers than their parent.

    After `run`, `point` is the best exactly feasible point found (None without one), `value` its cost, and
    `complete` says whether every leaf is closed.
    """

    def __init__(
        self, program: Program, form: StandardForm, options: Options, deadline: float, progress: Progress | None
    ) -> None:
        self.program, self.form, self.options, self.deadline = program, form, options, deadline
        self.nodes = [Node({})]
        self.point: list[fmpq] | None = None
        self.value: fmpq | None = None
        self.complete = False
        self.exact_solves = 0
        self._grid = _objective_grid(program)
        self._relaxation = Relaxation(form, options, deadline)
        self._branching = Branching(form.integer)
        self._progress, self._reported = progress, time.monotonic()
        self._open: list[tuple[float, int]] = []
        self._given_up: list[int] = []

    def run(self, hint: Any = None, basis: Basis | None = None) -> None:
        """Search until every leaf is closed or a limit is met.

        `hint` is a float point (n,) to start from, `basis` the final basis of a solved linear program. Raises
        Unbounded when the relaxation is.
        """
        if hint is not None and any(self.program.integer):
            self._adopt_rounded(hint)
        if basis is not None and not any(self.program.integer):
            self._settle(0, basis)
            self.complete = self.nodes[0].leaf is not None
            return
        for number in self._order():
            self._process(number)
            self._report()
        self.complete = not self._open and not self._given_up

    def _order(self) -> Iterator[int]:
        """Dive into the nearer child while there is one, then take the open node with the least bound."""
        self._open = [(-math.inf, 0)]
        while self._open:
            if len(self.nodes) > self.options.node_limit or time.monotonic() > self.deadline:
                return
            _, number = heapq.heappop(self._open)
            while number >= 0:
                yield number
                number = self._dive(number)
                if number >= 0 and time.monotonic() > self.deadline:
                    heapq.heappush(self._open, (self.nodes[number].estimate, number))
                    return

    def _dive(self, number: int) -> int:
        branch = self.nodes[number].branch
        if branch is None:
            return -1
        down, up = branch[2:]
        first, second = sorted((down, up), key=lambda child: self.nodes[child].branched[2])  # type: ignore[index]
        heapq.heappush(self._open, (self.nodes[second].estimate, second))
        return first

    def _process(self, number: int) -> None:
        node = self.nodes[number]
        bounds = _float_bounds(node)
        self._relaxation.bound(bounds)
        if node.start is not None:
            self._relaxation.restore(node.start)
            node.start = None
        relaxed = self._relaxation.solve()
        self._learn(node, relaxed)
        if relaxed.kind == "optimal" and self._hopeless(relaxed.objective):
            if len(self._branching.fractional(relaxed.values)):
                self._branch_on(number, relaxed, bounds)
                return
        elif self._close_cheaply(node, relaxed):
            return
        self._settle(number, self._relaxation.basis(), relaxed)

    def _learn(self, node: Node, relaxed: Relaxed) -> None:
        if node.branched is not None and relaxed.kind == "optimal":
            self._branching.learn(*node.branched, relaxed.objective - node.estimate)

    def _cutoff(self) -> fmpq | None:
        """What a leaf's bound must reach."""
        if self.value is None:
            return None
        slack = rational.rational(self.options.gap) * abs(self.program.in_model_sense(self.value))
        return self.value - slack

    def _float_cutoff(self) -> float:
        cutoff = self._cutoff()
        if cutoff is None:
            return math.inf
        return float(cutoff - self._grid if self._grid else cutoff)

    def _hopeless(self, objective: float) -> bool:
        """Whether this relaxation is clearly too good to be closed."""
        cutoff = self._float_cutoff()
        return objective < cutoff - 1e-6 * (1 + abs(cutoff)) if math.isfinite(cutoff) else True

    def closes(self, bound: fmpq | None) -> bool:
        """Whether a bound, rounded up to the grid of attainable values, is no better than the best point."""
        cutoff = self._cutoff()
        if cutoff is None or bound is None:
            return False
        return self.rounded(bound) >= cutoff

    def rounded(self, bound: fmpq) -> fmpq:
        """The least attainable value of cost·x that is at least `bound`."""
        return rational.round_up(bound, self._grid) if self._grid else bound

    def _close_cheaply(self, node: Node, relaxed: Relaxed) -> bool:
        if relaxed.duals is None or relaxed.kind not in ("optimal", "infeasible"):
            return False
        multipliers = self._signed(relaxed.duals)
        lower, upper = self.bounds(node)
        if relaxed.kind == "infeasible":
            return self._close_empty(node, multipliers)
        bound = dual_bound(self.program, multipliers, lower, upper)
        if self.closes(bound):
            node.leaf = Leaf("bound", multipliers, bound)
        return node.leaf is not None

    def _close_empty(self, node: Node, multipliers: dict[int, fmpq]) -> bool:
        lower, upper = self.bounds(node)
        bound = dual_bound(self.program, multipliers, lower, upper, objective=False)
        if bound is not None and bound > 0:
            node.leaf = Leaf("infeasible", multipliers)
        return node.leaf is not None

    def _signed(self, duals: Any) -> dict[int, fmpq]:
        """Float multipliers as fractions, those of the wrong sign left out."""
        found: dict[int, fmpq] = {}
        for i in np.flatnonzero(duals).tolist():
            y = rational.rational(float(duals[i]))
            if y and y * self.program.sense[i] >= 0:
                found[i] = y
        return found

    def bounds(self, node: Node) -> tuple[list[fmpq | None], list[fmpq | None]]:
        """The column bounds of a node."""
        lower, upper = list(self.program.lower), list(self.program.upper)
        for j, (low, high) in node.bounds.items():
            lower[j], upper[j] = low, high
        return lower, upper

    def _settle(self, number: int, basis: Basis | None, relaxed: Relaxed | None = None) -> None:
        """Decide a node in exact arithmetic: close it, branch, or find a better point first and then close it."""
        node = self.nodes[number]
        lower, upper = self.bounds(node)
        self.exact_solves += 1
        vertex = simplex.solve(self.program, lower, upper, basis, deadline=self.deadline)
        if vertex.kind == "limit":
            self._given_up.append(number)
        elif vertex.kind == "unbounded":
            raise Unbounded(vertex)
        elif vertex.kind == "infeasible":
            self._close_empty(node, vertex.multipliers)
        else:
            self._settle_optimal(number, vertex, relaxed)

    def _settle_optimal(self, number: int, vertex: simplex.Vertex, relaxed: Relaxed | None) -> None:
        node = self.nodes[number]
        value = self.program.value(vertex.point)
        if not self.closes(value):
            broken = [j for j, whole in enumerate(self.program.integer) if whole and vertex.point[j].q != 1]
            if broken:
                column = max(broken, key=lambda j: min(_part(vertex.point[j]), 1 - _part(vertex.point[j])))
                duals = relaxed.duals if relaxed is not None and relaxed.kind == "optimal" else None
                self._branch(number, column, vertex.point[column], float(value), duals)
                return
            self._adopt(vertex.point)
        lower, upper = self.bounds(node)
        node.leaf = Leaf("bound", vertex.multipliers, dual_bound(self.program, vertex.multipliers, lower, upper))

    def _branch_on(self, number: int, relaxed: Relaxed, bounds: FloatBounds) -> None:
        limits = (self.form.lower, self.form.upper)
        column, _ = self._branching.choose(self._relaxation, relaxed, bounds, limits, self._float_cutoff())
        at = fmpq(*float(relaxed.values[column]).as_integer_ratio())
        self._branch(number, column, at, relaxed.objective, relaxed.duals)

    def _branch(self, number: int, column: int, at: fmpq, objective: float, duals: Any) -> None:
        node = self.nodes[number]
        floor = int(at.floor())
        low, high = node.bounds.get(column, (self.program.lower[column], self.program.upper[column]))
        start = self._relaxation.save()
        children = []
        for up, pair in ((False, (low, fmpq(floor))), (True, (fmpq(floor + 1), high))):
            distance = float(floor + 1 - at if up else at - floor)
            bounds = {**node.bounds, column: pair}
            children.append(len(self.nodes))
            self.nodes.append(
                Node(bounds, objective, node.depth + 1, start, duals, branched=(column, up, distance))
            )
        node.branch = (column, floor, children[0], children[1])

    def _adopt(self, point: list[fmpq]) -> None:
        value = self.program.value(point)
        if self.value is None or value < self.value:
            self.point, self.value = point, value

    def _adopt_rounded(self, hint: Any) -> None:
        """Round the integer columns of a float point, solve for the others, keep the result if it is feasible."""
        whole = {j: fmpq(round(float(hint[j]))) for j, is_whole in enumerate(self.program.integer) if is_whole}
        lower, upper = self.bounds(Node({j: (value, value) for j, value in whole.items()}))
        if len(whole) == self.program.shape[1]:
            point = [whole[j] for j in range(len(whole))]
        else:
            self._relaxation.bound({j: (float(value), float(value)) for j, value in whole.items()})
            self._relaxation.solve()
            vertex = simplex.solve(self.program, lower, upper, self._relaxation.basis(), deadline=self.deadline)
            if vertex.kind != "optimal":
                return
            point = vertex.point
        if self.program.admits(point):
            self._adopt(point)

    def weakest(self) -> fmpq | None:
        """Give every open node the proof its parent's duals make; the least bound over all leaves, None for -inf."""
        for node in self.nodes:
            if node.leaf is None and node.branch is None:
                multipliers = {} if node.duals is None else self._signed(node.duals)
                lower, upper = self.bounds(node)
                node.leaf = Leaf("bound", multipliers, dual_bound(self.program, multipliers, lower, upper))
        bounds = [node.leaf.value for node in self.nodes if node.leaf is not None and node.leaf.kind == "bound"]
        if any(bound is None for bound in bounds):
            return None
        return min((self.rounded(bound) for bound in bounds if bound is not None), default=None)

    def _report(self) -> None:
        now = time.monotonic()
        if self._progress is not None and now - self._reported > _REPORT_EVERY:
            self._reported = now
            value = None if self.value is None else float(self.program.in_model_sense(self.value))
            self._progress({"nodes": len(self.nodes), "open": len(self._open), "objective": value})


def _objective_grid(program: Program) -> fmpq:
    """The g of the grid g·ℤ that cost·x lies on, 0 if there is none."""
    used = [j for j, c in enumerate(program.cost) if c]
    if not used or not all(program.integer[j] for j in used):
        return ZERO
    return rational.gcd([program.cost[j] for j in used])


def _float_bounds(node: Node) -> FloatBounds:
    return {
        j: (-math.inf if low is None else float(low), math.inf if high is None else float(high))
        for j, (low, high) in node.bounds.items()
    }


def _part(value: fmpq) -> fmpq:
    return value - value.floor()
