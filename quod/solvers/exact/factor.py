"""Square sparse systems in exact arithmetic: singletons are peeled off, FLINT solves the dense rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from flint import fmpq, fmpq_mat

from quod.solvers.exact.program import ZERO, Program


class Singular(ArithmeticError):
    """The matrix has no inverse."""


class Factor:
    """The square matrix A[rows, columns] of a program, ready to solve with.

    Rows and columns with a single remaining entry are eliminated in turn; bases of linear programs reduce
    to a small nucleus in practice, triangular ones to nothing. Raises Singular where that shows early;
    `solve` and `solve_transposed` raise it otherwise.
    """

    def __init__(self, program: Program, rows: Iterable[int], columns: Iterable[int]) -> None:
        self._rows = {i: [] for i in rows}  # type: dict[int, list[tuple[int, fmpq]]]
        self._columns = {j: [] for j in columns}  # type: dict[int, list[tuple[int, fmpq]]]
        if len(self._rows) != len(self._columns):
            raise Singular
        for j, column in self._columns.items():
            for i, a in program.columns[j]:
                if i in self._rows:
                    column.append((i, a))
                    self._rows[i].append((j, a))
        self._row_singletons: list[tuple[int, int, fmpq]] = []
        self._column_singletons: list[tuple[int, int, fmpq]] = []
        self._nucleus_rows, self._nucleus_columns = self._peel()
        self._dense: fmpq_mat | None = None

    @property
    def nucleus(self) -> int:
        """Rows of the dense part."""
        return len(self._nucleus_rows)

    def _peel(self) -> tuple[list[int], list[int]]:
        rows_left = {i: len(entries) for i, entries in self._rows.items()}
        columns_left = {j: len(entries) for j, entries in self._columns.items()}
        waiting = [(True, i) for i, count in rows_left.items() if count <= 1]
        waiting += [(False, j) for j, count in columns_left.items() if count <= 1]
        while waiting:
            is_row, line = waiting.pop()
            if line not in (rows_left if is_row else columns_left):
                continue
            entries, others = (self._rows, columns_left) if is_row else (self._columns, rows_left)
            cross = next(((k, a) for k, a in entries[line] if k in others), None)
            if cross is None:
                raise Singular
            i, j = (line, cross[0]) if is_row else (cross[0], line)
            (self._row_singletons if is_row else self._column_singletons).append((i, j, cross[1]))
            del rows_left[i], columns_left[j]
            for k, _ in self._columns[j]:
                if k in rows_left:
                    rows_left[k] -= 1
                    if rows_left[k] <= 1:
                        waiting.append((True, k))
            for k, _ in self._rows[i]:
                if k in columns_left:
                    columns_left[k] -= 1
                    if columns_left[k] <= 1:
                        waiting.append((False, k))
        return sorted(rows_left), sorted(columns_left)

    def solve(self, rhs: Mapping[int, fmpq]) -> dict[int, fmpq]:
        """x by column with A x = rhs; rows without an entry in `rhs` have 0."""
        found: dict[int, fmpq] = {}
        for i, j, pivot in self._row_singletons:
            found[j] = self._remainder(self._rows[i], rhs.get(i, ZERO), found) / pivot
        right = [self._remainder(self._rows[i], rhs.get(i, ZERO), found) for i in self._nucleus_rows]
        found.update(zip(self._nucleus_columns, self._dense_solve(right, transposed=False), strict=True))
        for i, j, pivot in reversed(self._column_singletons):
            found[j] = self._remainder(self._rows[i], rhs.get(i, ZERO), found) / pivot
        return found

    def solve_transposed(self, rhs: Mapping[int, fmpq]) -> dict[int, fmpq]:
        """y by row with yᵀ A = rhs; columns without an entry in `rhs` have 0."""
        found: dict[int, fmpq] = {}
        for i, j, pivot in self._column_singletons:
            found[i] = self._remainder(self._columns[j], rhs.get(j, ZERO), found) / pivot
        right = [self._remainder(self._columns[j], rhs.get(j, ZERO), found) for j in self._nucleus_columns]
        found.update(zip(self._nucleus_rows, self._dense_solve(right, transposed=True), strict=True))
        for i, j, pivot in reversed(self._row_singletons):
            found[i] = self._remainder(self._columns[j], rhs.get(j, ZERO), found) / pivot
        return found

    @staticmethod
    def _remainder(entries: Sequence[tuple[int, fmpq]], rhs: fmpq, found: Mapping[int, fmpq]) -> fmpq:
        for k, a in entries:
            value = found.get(k)
            if value:
                rhs -= a * value
        return rhs

    def _dense_solve(self, rhs: list[fmpq], *, transposed: bool) -> list[fmpq]:
        if not any(rhs):
            return [ZERO] * len(rhs)
        matrix = self._matrix()
        right = fmpq_mat(len(rhs), 1, rhs)
        try:
            solution = (matrix.transpose() if transposed else matrix).solve(right)
        except ZeroDivisionError:
            raise Singular from None
        entries: list[fmpq] = solution.entries()
        return entries

    def _matrix(self) -> fmpq_mat:
        if self._dense is None:
            position = {j: k for k, j in enumerate(self._nucleus_columns)}
            size = len(self._nucleus_rows)
            flat = [ZERO] * (size * size)
            for k, i in enumerate(self._nucleus_rows):
                for j, a in self._rows[i]:
                    if j in position:
                        flat[k * size + position[j]] = a
            self._dense = fmpq_mat(size, size, flat)
        return self._dense
