"""Canonical form of a linear formulation: what stays equal when a model is only written differently.

Order, names, scaling of rows, swapped sides, bounds written as rows, and strict rows on integers written with
one more do not matter; columns may be permuted where their labels do not tell which is which.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from quod import errors
from quod.solvers import expand
from quod.solvers.drafters.template import tokens
from quod.solvers.formulation import Formulation
from quod.solvers.standard import StandardForm

Key = tuple[str, frozenset[tuple[int, Fraction]], Fraction]
"""Operator (`<=`, `==`, or `objective`), coefficients by column, right-hand side."""
MAX_COLUMNS = 500
"""Larger models are not compared by form."""
_MAX_PERMUTED = 6


@dataclass(frozen=True)
class Domain:
    """Domain of a column; `free` when nothing keeps it from being negative."""

    integer: bool
    free: bool


@dataclass(frozen=True)
class Row:
    """A row with its kind (of the constraint it comes from; `bound` for bounds of columns)."""

    kind: str
    coefficients: Mapping[int, Fraction]
    equality: bool
    rhs: Fraction

    def key(self, columns: Sequence[int], domains: Sequence[Domain]) -> Key | None:
        """The row after column j became `columns[j]`; None when every point of the domains satisfies it."""
        terms = {columns[j]: value for j, value in self.coefficients.items() if value}
        if not terms:
            true = self.rhs >= 0 and (not self.equality or self.rhs == 0)
            return None if true else ("<=", frozenset(), Fraction(-1))
        scale = _scale(terms.values())
        if self.equality and terms[min(terms)] < 0:
            scale = -scale
        rhs = self.rhs * scale
        if not self.equality and all(domains[j].integer for j, value in self.coefficients.items() if value):
            rhs = Fraction(math.floor(rhs))
        if self.is_sign() and rhs == 0 and not domains[min(self.coefficients)].free:
            return None
        scaled = frozenset((j, value * scale) for j, value in terms.items())
        return ("==" if self.equality else "<=", scaled, rhs)

    def is_sign(self) -> bool:
        """Whether the row says that one column is at least something not negative."""
        values = [value for value in self.coefficients.values() if value]
        return (
            not self.equality
            and len(self.coefficients) == 1
            and len(values) == 1
            and values[0] < 0 >= self.rhs
        )


@dataclass(frozen=True)
class Canonical:
    """A formulation as minimization with rows `<=` and `==`; columns keep their order and labels."""

    labels: tuple[str, ...]
    domains: tuple[Domain, ...]
    objective: Mapping[int, Fraction]
    rows: tuple[Row, ...]

    def keys(self, columns: Sequence[int] | None = None) -> frozenset[Key]:
        """Keys of the objective and of all rows that say something, columns renumbered."""
        place = columns or range(len(self.labels))
        found = {row.key(place, self.domains) for row in self.rows}
        return frozenset(key for key in found if key is not None) | {self.objective_key(place)}

    def objective_key(self, columns: Sequence[int]) -> Key:
        """The objective is compared as it is: its scale changes the optimum."""
        terms = frozenset((columns[j], value) for j, value in self.objective.items() if value)
        return ("objective", terms, Fraction(0))


def canonical(formulation: Formulation) -> Canonical:
    """The canonical form.

    Raises InvalidInput for a model that is not linear, LimitExceeded for one that is too large to compare.
    """
    form = expand.expand(formulation, exact=True)
    if form.quadratic:
        raise errors.InvalidInput("a quadratic model has no canonical form here")
    if form.shape[1] > MAX_COLUMNS or form.shape[0] > 10 * MAX_COLUMNS:
        raise errors.LimitExceeded("columns", form.shape[1], MAX_COLUMNS)
    flip = -1 if form.sense == "maximize" else 1
    kinds = {row.name: row.kind for row in formulation.constraints}
    rows = [_row(form, i, kinds.get(form.row_name(i).partition("[")[0], "")) for i in range(form.shape[0])]
    signed = {min(row.coefficients) for row in rows if row.is_sign()}
    return Canonical(
        labels=_labels(formulation, form),
        domains=tuple(
            Domain(bool(flag), lower is None and j not in signed)
            for j, (flag, lower) in enumerate(zip(form.integer, form.lower, strict=True))
        ),
        objective={j: flip * _fraction(value) for j, value in enumerate(form.cost)},
        rows=(*rows, *_bounds(form)),
    )


def align(first: Canonical, second: Canonical) -> list[int]:
    """Column of `first` for every column of `second`; columns too many get numbers behind those of `first`.

    Equal labels (up to endings) decide; the rest is tried in every order, or taken in order when it is long.
    """
    wanted = [_stems(label) for label in first.labels]
    given = [_stems(label) for label in second.labels]
    place: dict[int, int] = {}
    for fits in (_same, _part_of):
        for j, stems in enumerate(given):
            free = [i for i in range(len(wanted)) if i not in place.values() and fits(wanted[i], stems)]
            if j not in place and len(free) == 1:
                place[j] = free[0]
    rest = [j for j in range(len(given)) if j not in place]
    total = max(len(wanted), len(given))
    open_ = [i for i in range(total) if i not in place.values()]
    orders = itertools.permutations(open_, len(rest)) if len(open_) <= _MAX_PERMUTED else iter([tuple(open_)])
    target = first.keys()

    def columns(order: Sequence[int]) -> list[int]:
        return [place[j] if j in place else order[rest.index(j)] for j in range(len(given))]

    return max((columns(order) for order in orders), key=lambda chosen: len(target & second.keys(chosen)))


def equal(first: Canonical, second: Canonical) -> bool:
    """Whether both are one model, written differently."""
    if len(first.labels) != len(second.labels):
        return False
    columns = align(first, second)
    domains = all(first.domains[columns[j]] == domain for j, domain in enumerate(second.domains))
    return domains and first.keys() == second.keys(columns)


def _row(form: StandardForm, i: int, kind: str) -> Row:
    span = slice(form.indptr[i], form.indptr[i + 1])
    flip = -1 if form.row_sense[i] > 0 else 1
    terms = {int(j): flip * _fraction(v) for j, v in zip(form.indices[span], form.data[span], strict=True)}
    return Row(kind, terms, form.row_sense[i] == 0, flip * _fraction(form.rhs[i]))


def _bounds(form: StandardForm) -> list[Row]:
    rows: list[Row] = []
    for j, (lower, upper) in enumerate(zip(form.lower, form.upper, strict=True)):
        if lower is not None and _fraction(lower) != 0:
            rows.append(Row("bound", {j: Fraction(-1)}, False, -_fraction(lower)))
        if upper is not None:
            rows.append(Row("bound", {j: Fraction(1)}, False, _fraction(upper)))
    return rows


def _labels(formulation: Formulation, form: StandardForm) -> tuple[str, ...]:
    scalar = {v.name: v.label or v.name for v in formulation.variables if not v.index}
    names = [form.column_name(j) for j in range(form.shape[1])]
    return tuple(scalar.get(name, name) for name in names)


def _scale(values: Any) -> Fraction:
    """The positive rational that makes `values` coprime integers."""
    items = list(values)
    numerator = math.gcd(*(value.numerator for value in items))
    return Fraction(math.lcm(*(value.denominator for value in items)), numerator)


def _fraction(value: Any) -> Fraction:
    return Fraction(int(value.p), int(value.q))


def _stems(label: str) -> frozenset[str]:
    return frozenset(t.stem.lower() for t in tokens.tokenize(label.replace("_", " ")) if t.text.isalnum())


def _same(left: frozenset[str], right: frozenset[str]) -> bool:
    return bool(left) and left == right


def _part_of(left: frozenset[str], right: frozenset[str]) -> bool:
    return bool(left and right) and (left <= right or right <= left)
