"""From a draft to rows of exact numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from quod.solvers.drafters.template.assemble import Draft
from quod.solvers.drafters.template.comparisons import Comparison
from quod.solvers.drafters.template.context import words_after, words_before
from quod.solvers.drafters.template.direction import bound_direction
from quod.solvers.drafters.template.limits import Limit, Option
from quod.solvers.drafters.template.matching import COUNT
from quod.solvers.drafters.template.numbers import Number


@dataclass(frozen=True)
class ModelRow:
    """sum(coefficients * variables) op rhs; tokens first..last are the clause, `numbers` those used."""

    kind: str
    coefficients: tuple[Fraction, ...]
    op: str
    rhs: Fraction
    first: int
    last: int
    numbers: tuple[Number, ...]
    how: str


@dataclass(frozen=True)
class Model:
    """Objective and rows over the variables of a draft, by position."""

    sense: str
    objective: tuple[Fraction, ...]
    objective_numbers: tuple[Number, ...]
    rows: tuple[ModelRow, ...]


def build(draft: Draft) -> Model:
    """The draft with its directions read and its numbers put in."""
    size = len(draft.variables)
    sense = draft.target.sense if draft.target else "max"
    rows = [row for limit, option in draft.limits for row in _limit_rows(draft, limit, option, sense, size)]
    rows += [_comparison_row(c, size) for c in draft.comparisons]
    rows.sort(key=lambda r: r.first)
    coefficients: tuple[Fraction, ...] = (Fraction(1),) * size
    numbers: tuple[Number, ...] = ()
    if draft.objective != COUNT:
        coefficients, numbers = _row_values(draft, draft.objective)
    return Model(sense, coefficients, numbers, tuple(_turned(sense, coefficients, rows)))


def _turned(sense: str, objective: tuple[Fraction, ...], rows: list[ModelRow]) -> list[ModelRow]:
    """Rows whose direction the text leaves open, turned where doing nothing (or everything) would be best."""
    if sense == "min":
        if min(objective) < 0 or not all(holds_at_zero(r) for r in rows):
            return rows
        old, new = "<=", ">="
        open_ends = [r for r in rows if r.op == old and r.how == "default" and r.kind in ("linear", "sum")]
    else:
        free = [v for v, c in enumerate(objective) if c > 0 and not any(_caps(r, v) for r in rows)]
        old, new = ">=", "<="
        open_ends = [r for r in rows if r.op == old and r.how != "explicit"]
        open_ends = [r for r in open_ends if any(r.coefficients[v] > 0 for v in free)]
    least = [r for r in open_ends if r.how == "default"] or open_ends
    return [replace(r, op=new, how="default") if any(r is k for k in least[:1]) else r for r in rows]


def holds_at_zero(row: ModelRow) -> bool:
    """The row holds where every variable is zero."""
    return (row.rhs >= 0 and row.op in ("<=", "<")) or (row.rhs <= 0 and row.op in (">=", "=", "<="))


def _caps(row: ModelRow, variable: int) -> bool:
    return row.op in ("<=", "<", "=") and row.coefficients[variable] > 0


def _row_values(draft: Draft, k: int) -> tuple[tuple[Fraction, ...], tuple[Number, ...]]:
    entries = draft.rows[k].entries
    values = tuple(entries[v].value if v in entries else Fraction(0) for v in range(len(draft.variables)))
    return values, tuple(dict.fromkeys(entries[v].number for v in sorted(entries)))


def _unit_vector(size: int, at: int) -> tuple[Fraction, ...]:
    return tuple(Fraction(int(v == at)) for v in range(size))


def _limit_rows(draft: Draft, limit: Limit, option: Option, sense: str, size: int) -> list[ModelRow]:
    context, number = draft.context, limit.number
    before, after = words_before(context, number), words_after(context, number)
    found = bound_direction(context, number.first, number.last, before, after, sense)
    first = min(before.start, found.first, number.first)
    last = max(after.stop - 1, found.last, number.last)
    rhs, numbers = number.value, (number,)
    if option.kind == "row":
        vector, used = _row_values(draft, option.target)
        return [ModelRow("linear", vector, found.op, rhs, first, last, (number, *used), found.how)]
    if option.kind == "rows":
        shared = []
        for k in range(len(draft.rows)):
            if option.target >> k & 1:
                vector, used = _row_values(draft, k)
                shared.append(
                    ModelRow("linear", vector, found.op, rhs, first, last, (number, *used), found.how)
                )
        return shared
    if option.kind == "ratio":
        share = tuple(Fraction(int(v == option.target)) - rhs for v in range(size))
        return [ModelRow("ratio", share, found.op, Fraction(0), first, last, numbers, found.how)]
    if option.kind == "sum":
        return [ModelRow("sum", (Fraction(1),) * size, found.op, rhs, first, last, numbers, found.how)]
    targets = range(size) if option.kind == "bound_all" else [option.target]
    kind = "lowerbound" if found.op in (">=", ">") else "upperbound"
    return [
        ModelRow(kind, _unit_vector(size, v), found.op, rhs, first, last, numbers, found.how) for v in targets
    ]


def _comparison_row(comparison: Comparison, size: int) -> ModelRow:
    vector = [Fraction(0)] * size
    vector[comparison.left] += 1
    vector[comparison.right] -= comparison.factor
    kind = "linear" if comparison.constant else "xby" if comparison.number else "xy"
    numbers = (comparison.number,) if comparison.number else ()
    return ModelRow(
        kind,
        tuple(vector),
        comparison.op,
        comparison.constant,
        comparison.first,
        comparison.last,
        numbers,
        "explicit",
    )
