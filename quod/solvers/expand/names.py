"""Names of columns and rows, made on demand from the loop values."""

from __future__ import annotations

import bisect
import dataclasses
from collections.abc import Sequence

import numpy as np

from quod.solvers.expand.data import Data, index_text
from quod.solvers.expand.frame import Frame
from quod.solvers.standard import Array


@dataclasses.dataclass(frozen=True)
class Label:
    """What naming the rows of one constraint needs, and the rows and columns that linearise its terms.

    `frame` binds the loops of its `rows` rows. For each new column (k,): `origin`, the row within the
    constraint, and `number`, the k in `r#k`. For each new row (m,): `owner`, the new column, and `part`, the
    number in `r#k.part`.
    """

    name: str
    frame: Frame
    rows: int
    origin: Array
    number: Array
    owner: Array
    part: Array


class Names:
    """Maps numbers of columns and rows to names; `labels` are the objective's and the constraints'."""

    def __init__(self, data: Data, labels: Sequence[Label]) -> None:
        self._sets, self._index = data.sets, data.index
        self._variables = list(data.variables)
        self._shapes = {name: data.shape(name) for name in self._variables}
        self._labels = labels
        self._columns = [data.first_column[name] for name in self._variables]
        self._new_columns = np.cumsum([data.columns, *(len(b.origin) for b in labels)]).tolist()
        self._rows = np.cumsum([0, *(b.rows for b in labels[1:])]).tolist()
        self._new_rows = np.cumsum([self._rows[-1], *(len(b.owner) for b in labels)]).tolist()

    def column(self, number: int) -> str:
        """`x`, `x[a,b]` or `r#k`. Raises IndexError."""
        if not 0 <= number < self._new_columns[-1]:
            raise IndexError(f"there is no column {number}")
        if number >= self._new_columns[0]:
            place = bisect.bisect_right(self._new_columns, number) - 1
            return self._term(self._labels[place], number - self._new_columns[place])
        place = bisect.bisect_right(self._columns, number) - 1
        name = self._variables[place]
        shape = self._shapes[name]
        at = np.unravel_index(number - self._columns[place], shape) if shape else ()
        members = [self._sets[s].elements[int(k)] for s, k in zip(self._index[name], at, strict=True)]
        return name + index_text(members)

    def row(self, number: int) -> str:
        """`c`, `c[a,b]` or `r#k.part`. Raises IndexError."""
        if not 0 <= number < self._new_rows[-1]:
            raise IndexError(f"there is no row {number}")
        if number < self._rows[-1]:
            place = bisect.bisect_right(self._rows, number) - 1
            return self._declared(self._labels[place + 1], number - self._rows[place])
        place = bisect.bisect_right(self._new_rows, number) - 1
        label, within = self._labels[place], number - self._new_rows[place]
        return f"{self._term(label, int(label.owner[within]))}.{label.part[within]}"

    def _declared(self, label: Label, row: int) -> str:
        members = [self._sets[s].elements[k] for s, k in label.frame.positions(row)]
        return label.name + index_text(members)

    def _term(self, label: Label, column: int) -> str:
        return f"{self._declared(label, int(label.origin[column]))}#{label.number[column]}"
