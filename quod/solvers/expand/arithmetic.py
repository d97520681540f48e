"""float64 or exact rationals (`flint.fmpq` in object arrays) behind one small interface.

NumPy's operators work on both, so the expansion is written once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import flint
import numpy as np

from quod import errors, numbers
from quod.solvers.standard import Array

_SHORT_DECIMAL = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")


class Arithmetic:
    """How numbers are made, collected and compared; `exact` decides the kind."""

    def __init__(self, exact: bool) -> None:
        self.exact = exact
        self.dtype: Any = object if exact else np.float64

    def number(self, value: Fraction | int, field: str | None = None) -> Any:
        """One scalar. Raises InvalidInput when it does not fit a float."""
        if self.exact:
            return flint.fmpq(value.numerator, value.denominator)
        try:
            return float(value)
        except OverflowError:
            raise errors.InvalidInput("the number is beyond 1e308", field=field) from None

    def full(self, shape: int | tuple[int, ...], value: Fraction | int) -> Array:
        """An array of the shape that holds `value` everywhere."""
        return np.full(shape, self.number(value), dtype=self.dtype)

    def zeros(self, shape: int | tuple[int, ...]) -> Array:
        """An array of zeros."""
        return self.full(shape, 0) if self.exact else np.zeros(shape)

    def integers(self, values: Array) -> Array:
        """An int64 array as numbers."""
        if not self.exact:
            return values.astype(np.float64)
        return np.asarray(np.frompyfunc(flint.fmpq, 1, 1)(values.astype(object)), dtype=object)

    def array(self, values: Any, field: str) -> Array:
        """Numbers from a NumPy array or nested lists of JSON numbers and texts; the float path leaves
        numeric arrays as they are. Raises InvalidInput naming `field`."""
        array = values if isinstance(values, np.ndarray) else _rectangle(values, field)
        if array.dtype.kind in "iuf":
            if not np.isfinite(array).all():
                raise errors.InvalidInput("the values hold NaN or an infinity", field=field)
            if not self.exact:
                return np.asarray(array, dtype=np.float64)
        elif array.dtype.kind != "O":
            raise errors.InvalidInput(f"the values are {array.dtype}, not numbers", field=field)
        result = np.empty(array.shape, dtype=self.dtype)
        flat = result.reshape(-1)
        for position, value in enumerate(array.reshape(-1).tolist()):
            flat[position] = self.read(value, field)
        return result

    def read(self, value: Any, field: str) -> Any:
        """One JSON number or text. Raises InvalidInput naming `field`."""
        value = value.item() if isinstance(value, np.generic) else value
        if not self.exact:
            if type(value) is float and math.isfinite(value):
                return value
            if type(value) is str and _SHORT_DECIMAL.fullmatch(value):
                return float(value)  # correctly rounded, as by way of a Fraction
        return self.number(numbers.exact(value, field=field), field)

    def sums(self, owner: Array, values: Array, count: int) -> Array:
        """Σ values by owner (0 ≤ owner < count), in order."""
        if not self.exact:
            return np.bincount(owner, weights=values, minlength=count)
        result = self.zeros(count)
        np.add.at(result, owner, values)
        return result

    def finite(self, values: Array) -> bool:
        """Whether no float overflowed on the way."""
        return self.exact or bool(np.isfinite(values).all())

    def whole(self, values: Array) -> Array:
        """Which values are whole numbers."""
        if not self.exact:
            return np.equal(values, np.floor(values))
        return np.array([v.q == 1 for v in values.reshape(-1)], dtype=bool).reshape(values.shape)

    def to_float(self, values: Array) -> Array:
        """float64, nearest to the exact values."""
        if not self.exact:
            return values
        flat = [int(v.p) / int(v.q) for v in values.reshape(-1)]
        return np.array(flat, dtype=np.float64).reshape(values.shape)


def _rectangle(values: Any, field: str) -> Array:
    """Nested lists as an object array; every list of a level must have the same length."""
    shape: list[int] = []
    level: Sequence[Any] = [values]
    while level and isinstance(level[0], list | tuple):
        lengths = {len(item) if isinstance(item, list | tuple) else -1 for item in level}
        if len(lengths) > 1:
            raise errors.InvalidInput("the nested lists of values have different lengths", field=field)
        shape.append(lengths.pop())
        level = [part for item in level for part in item]
    array = np.empty(len(level), dtype=object)
    array[:] = level
    return array.reshape(shape)
