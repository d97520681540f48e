"""Small models for the tests of exact proofs, written as rows of numbers, and a plain verifier of proofs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import ceil, gcd, lcm
from typing import Any

import numpy as np
from flint import fmpq

from quod.solvers.standard import StandardForm

SENSES = {"<=": -1, "==": 0, ">=": 1}


def rational(value: Any) -> fmpq:
    exact = Fraction(str(value))
    return fmpq(exact.numerator, exact.denominator)


def _objects(values: Sequence[Any]) -> np.ndarray:
    made = np.empty(len(values), dtype=object)
    made[:] = [None if value is None else rational(value) for value in values]
    return made


def form(
    cost: Sequence[Any],
    rows: Sequence[tuple[Sequence[Any], str, Any]],
    *,
    lower: Sequence[Any] | None = None,
    upper: Sequence[Any] | None = None,
    integer: Sequence[bool] | None = None,
    sense: str = "minimize",
    constant: Any = 0,
) -> StandardForm:
    """An exact form; bounds default to x >= 0."""
    n = len(cost)
    indices, data, indptr = [], [], [0]
    for coefficients, _, _ in rows:
        for j, value in enumerate(coefficients):
            if value:
                indices.append(j)
                data.append(value)
        indptr.append(len(indices))
    whole = np.array(integer if integer is not None else [False] * n, dtype=bool)
    return StandardForm(
        kind="milp" if whole.any() else "lp",
        sense=sense,  # type: ignore[arg-type]
        cost=_objects(cost),
        constant=rational(constant),
        lower=_objects([0] * n if lower is None else lower),
        upper=_objects([None] * n if upper is None else upper),
        integer=whole,
        row_sense=np.array([SENSES[op] for _, op, _ in rows], dtype=np.int8),
        rhs=_objects([rhs for _, _, rhs in rows]),
        indptr=np.array(indptr, dtype=np.int64),
        indices=np.array(indices, dtype=np.int32),
        data=_objects(data),
        quadratic=[],
        declared_columns=n,
        declared_rows=len(rows),
        column_name=lambda j: f"x{j}",
        row_name=lambda i: f"r{i}",
    )


class Plain:
    """The form in Fractions, dense, as a minimization; and the rules of docs/certificates.md over it."""

    def __init__(self, model: StandardForm) -> None:
        def fraction(value: Any) -> Fraction | None:
            return None if value is None else Fraction(int(value.p), int(value.q))

        m, n = model.shape
        self.sign = 1 if model.sense == "minimize" else -1
        self.constant = fraction(model.constant)
        self.cost = [self.sign * fraction(value) for value in model.cost]
        self.lower, self.upper = [fraction(v) for v in model.lower], [fraction(v) for v in model.upper]
        self.integer = model.integer.tolist()
        self.sense, self.rhs = model.row_sense.tolist(), [fraction(value) for value in model.rhs]
        self.rows = [[Fraction(0)] * n for _ in range(m)]
        for i in range(m):
            for k in range(model.indptr[i], model.indptr[i + 1]):
                self.rows[i][model.indices[k]] += fraction(model.data[k])

    def value(self, point: Sequence[Fraction]) -> Fraction:
        """In the model's own sense."""
        return self.sign * sum(c * x for c, x in zip(self.cost, point, strict=True)) + self.constant

    def feasible(self, point: Sequence[Fraction]) -> bool:
        for j, x in enumerate(point):
            if self.lower[j] is not None and x < self.lower[j]:
                return False
            if self.upper[j] is not None and x > self.upper[j]:
                return False
            if self.integer[j] and x.denominator != 1:
                return False
        return all(
            _holds(sum(a * x for a, x in zip(row, point, strict=True)), sense, rhs)
            for row, sense, rhs in zip(self.rows, self.sense, self.rhs, strict=True)
        )

    def point(self, named: dict[str, str]) -> list[Fraction]:
        return [Fraction(named.get(f"x{j}", "0")) for j in range(len(self.cost))]

    def bound(
        self, named: dict[str, str], lower: Any, upper: Any, cost: Sequence[Fraction]
    ) -> Fraction | None:
        y = [Fraction(named.get(f"r{i}", "0")) for i in range(len(self.rows))]
        assert set(named) <= {f"r{i}" for i in range(len(y))}
        assert "0" not in named.values()
        assert all(value * sense >= 0 for value, sense in zip(y, self.sense, strict=True))
        total = sum((value * rhs for value, rhs in zip(y, self.rhs, strict=True)), Fraction(0))
        for j in range(len(cost)):
            d = cost[j] - sum(value * row[j] for value, row in zip(y, self.rows, strict=True))
            if d:
                side = lower[j] if d > 0 else upper[j]
                if side is None:
                    return None
                total += d * side
        return total

    def divides_nothing(self, named: dict[str, str]) -> bool:
        """Whether the multipliers of == rows give whole coefficients of integer columns and a fraction."""
        y = {int(name[1:]): Fraction(value) for name, value in named.items()}
        assert all(self.sense[i] == 0 for i in y)
        slopes = [sum(value * self.rows[i][j] for i, value in y.items()) for j in range(len(self.cost))]
        assert all(d.denominator == 1 if i else d == 0 for d, i in zip(slopes, self.integer, strict=True))
        return sum(value * self.rhs[i] for i, value in y.items()).denominator != 1

    def leaves(self, tree: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], list[Any], list[Any]]]:
        """Every leaf with its bounds; the tree must be one."""
        where = {0: (list(self.lower), list(self.upper))}
        for number, node in enumerate(tree):
            lower, upper = where.pop(number)
            if "branch" not in node:
                yield node, lower, upper
                continue
            branch = node["branch"]
            j, floor = int(branch["column"][1:]), Fraction(branch["floor"])
            assert self.integer[j]
            assert floor.denominator == 1
            assert number < branch["down"] != branch["up"] > number
            assert not {branch["down"], branch["up"]} & set(where)
            where[branch["down"]] = (lower, [*upper[:j], floor, *upper[j + 1 :]])
            where[branch["up"]] = ([*lower[:j], floor + 1, *lower[j + 1 :]], upper)
        assert not where

    def proved_bound(self, tree: list[dict[str, Any]]) -> Fraction | None:
        """In the model's own sense; None if every leaf is empty."""
        least: Fraction | None = None
        for leaf, lower, upper in self.leaves(tree):
            if "indivisible" in leaf:
                assert self.divides_nothing(leaf["indivisible"])
                continue
            if "infeasible" in leaf:
                crossed = any(
                    lo is not None and hi is not None and lo > hi for lo, hi in zip(lower, upper, strict=True)
                )
                zero = [Fraction(0)] * len(self.cost)
                assert crossed or self.bound(leaf["infeasible"], lower, upper, zero) > 0
                continue
            bound = self.bound(leaf["bound"], lower, upper, self.cost)
            assert bound is not None
            bound = self._on_grid(bound)
            least = bound if least is None else min(least, bound)
        return None if least is None else self.sign * least + self.constant

    def _on_grid(self, bound: Fraction) -> Fraction:
        used = [c for c in self.cost if c]
        if not used or not all(whole for c, whole in zip(self.cost, self.integer, strict=True) if c):
            return bound
        scale = lcm(*(c.denominator for c in used))
        grid = Fraction(gcd(*(int(c * scale) for c in used)), scale)
        return ceil(bound / grid) * grid


def _holds(left: Fraction, sense: int, right: Fraction) -> bool:
    return (sense > 0 or left <= right) and (sense < 0 or left >= right)


def verify(model: StandardForm, proof: Any) -> None:
    """Assert that `proof` proves its claim about `model`, by the rules of docs/certificates.md alone."""
    plain = Plain(model)
    claim, evidence = proof.claim, proof.evidence
    if "point" in evidence:
        point = plain.point(evidence["point"])
        assert set(evidence["point"]) <= {f"x{j}" for j in range(len(plain.cost))}
        assert "0" not in evidence["point"].values()
        assert plain.feasible(point)
    if proof.kind == "optimality":
        value, bound = plain.value(point), plain.proved_bound(evidence["tree"])
        assert claim["termination"] == "optimal"
        assert claim["sense"] == model.sense
        assert Fraction(claim["objective"]) == value
        better = (lambda a, b: a < b) if model.sense == "minimize" else (lambda a, b: a > b)
        if proof.strength == "exact":
            assert "bound" not in claim
            assert bound is None or not better(bound, value)
        else:
            assert proof.strength == "rigorous"
            assert not better(bound, Fraction(claim["bound"]))
            assert better(Fraction(claim["bound"]), value)
    elif proof.kind == "infeasibility":
        assert (claim, proof.strength) == ({"termination": "infeasible"}, "exact")
        assert plain.proved_bound(evidence["tree"]) is None
    else:
        assert proof.kind == "unboundedness"
        assert claim == {"termination": "unbounded", "sense": model.sense}
        _verify_ray(plain, plain.point(evidence["ray"]))


def _verify_ray(plain: Plain, ray: list[Fraction]) -> None:
    assert sum(c * r for c, r in zip(plain.cost, ray, strict=True)) < 0
    for j, r in enumerate(ray):
        assert r >= 0 or plain.lower[j] is None
        assert r <= 0 or plain.upper[j] is None
    for row, sense in zip(plain.rows, plain.sense, strict=True):
        assert _holds(sum(a * r for a, r in zip(row, ray, strict=True)), sense, Fraction(0))
