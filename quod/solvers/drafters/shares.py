"""What a percentage is of: of all that is used, or of all that there is.

"At least 40 % of the investment must be in bonds" is read as a share of the sum of the variables. Where
another row limits that very sum to an amount T, the words may mean 40 % of T; both readings agree when the
limit is met exactly, and may differ otherwise.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from fractions import Fraction

from quod import numbers
from quod.solvers import formulation
from quod.solvers.drafters import writing


@dataclasses.dataclass(frozen=True)
class Row:
    """A constraint as a drafter wrote it, with its coefficients by variable (zeros left out)."""

    constraint: formulation.Constraint
    coefficients: Mapping[str, Fraction]
    operator: str
    rhs: Fraction


def conventions(rows: Sequence[Row], names: Sequence[str]) -> list[formulation.Convention]:
    """One convention for each share among `rows`, if a row limits the plain sum of all variables."""
    whole = _whole(rows, names)
    if whole is None:
        return []
    return [
        _convention(row, *found, whole)
        for row in rows
        if row.rhs == 0 and (found := share(row.coefficients)) is not None
    ]


def written(part: str, operator: str, proportion: Fraction, names: Sequence[str]) -> str:
    """A share as people write it: `bonds >= 0.4*(bonds + shares)`."""
    everything = writing.linear(dict.fromkeys(names, Fraction(1)))
    return f"{part} {operator} {writing.factor(proportion)}*({everything})"


def _whole(rows: Sequence[Row], names: Sequence[str]) -> Fraction | None:
    """The amount to which a row limits the sum of all variables."""
    for row in rows:
        if row.operator in ("<=", "<", "==") and row.coefficients == dict.fromkeys(names, Fraction(1)):
            return row.rhs
    return None


def share(coefficients: Mapping[str, Fraction]) -> tuple[str, Fraction] | None:
    """Of a row "part - p * sum of all": the part and p; None for any other row."""
    for part, own in coefficients.items():
        others = {value for name, value in coefficients.items() if name != part}
        if len(others) == 1:
            (rest,) = others
            if -1 < rest < 0 and own - rest == 1:
                return part, -rest
    return None


def _convention(row: Row, part: str, proportion: Fraction, whole: Fraction) -> formulation.Convention:
    return formulation.Convention(
        kind="percentage",
        targets=[row.constraint.name],
        reading=row.constraint.expression,
        alternative=writing.comparison({part: Fraction(1)}, row.operator, proportion * whole),
        note=f"a share of the sum that is used, not of the {numbers.to_decimal_text(whole)} that there are",
        evidence=row.constraint.evidence,
    )
