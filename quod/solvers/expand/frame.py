"""Frames: the bindings of some loops as a box of cells, filtered by conditions.

A frame has axes; each loop contributes one, and its positions are an array that is long on that axis only, so
a frame of 10⁶ cells costs a few short arrays. A condition merges the axes it looks at into one axis of the
bindings that satisfy it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from quod.solvers.expand.data import Data
from quod.solvers.standard import Array


@dataclasses.dataclass(frozen=True)
class Bound:
    """What a loop name stands for: one component of the members of a set at the positions `key`."""

    key: str
    set: str
    component: int


@dataclasses.dataclass(frozen=True)
class Frame:
    """Cells of `shape`. Every array has len(shape) dimensions, each of size 1 or of the axis.

    `arrays` holds loop positions and whatever else belongs to a cell (its row, its factor).
    """

    shape: tuple[int, ...] = (1,)  # never (): NumPy turns 0-d object arrays into bare objects
    arrays: dict[str, Array] = dataclasses.field(default_factory=dict)
    bound: dict[str, Bound] = dataclasses.field(default_factory=dict)
    loops: tuple[str, ...] = ()  # keys of the loops, outermost first

    @property
    def cells(self) -> int:
        """Number of bindings."""
        return math.prod(self.shape)

    def with_arrays(self, **arrays: Array) -> Frame:
        """The same cells with more arrays (reshaped views are the caller's business)."""
        return dataclasses.replace(self, arrays={**self.arrays, **arrays})

    def extend(self, names: tuple[str, ...], set_name: str, size: int) -> Frame:
        """A new last axis for one loop."""
        key = f"loop {len(self.loops)}"
        arrays = {name: array[..., None] for name, array in self.arrays.items()}
        arrays[key] = np.arange(size).reshape((1,) * len(self.shape) + (size,))
        bound = {name: Bound(key, set_name, component) for component, name in enumerate(names)}
        return Frame((*self.shape, size), arrays, {**self.bound, **bound}, (*self.loops, key))

    def filter(self, mask: Array) -> Frame:
        """The cells where `mask` (broadcast) holds; the axes on which it varies become one, the last."""
        if mask.all():
            return self
        axes = [axis for axis, size in enumerate(mask.shape) if size != 1]
        kept = [axis for axis in range(len(self.shape)) if axis not in axes]
        found = np.nonzero(mask.reshape([mask.shape[axis] for axis in axes])) if axes else ()
        count = len(found[0]) if axes else 0
        kept_all = (slice(None),) * len(kept)
        arrays = {}
        for name, array in self.arrays.items():
            moved = array.transpose([*kept, *axes])
            at = tuple(
                where if array.shape[axis] != 1 else np.zeros(1, dtype=np.int64)
                for axis, where in zip(axes, found, strict=True)
            )
            varies = any(array.shape[axis] != 1 for axis in axes)
            arrays[name] = moved[kept_all + at] if varies else moved.reshape(*moved.shape[: len(kept)], 1)
        shape = (*(self.shape[axis] for axis in kept), count)
        return Frame(shape, arrays, self.bound, self.loops)

    def project(self, keys: set[str]) -> tuple[Frame, tuple[int, ...]]:
        """The frame on the axes on which the arrays `keys` vary, with these arrays only.

        Also the shape that puts a result of it back among all axes."""
        used = {key: self.arrays[key] for key in keys}
        axes = [a for a in range(len(self.shape)) if any(array.shape[a] != 1 for array in used.values())]
        arrays = {key: array.reshape([array.shape[a] for a in axes] or [1]) for key, array in used.items()}
        bound = {name: item for name, item in self.bound.items() if item.key in keys}
        back = tuple(self.shape[a] if a in axes else 1 for a in range(len(self.shape)))
        return Frame(tuple(self.shape[a] for a in axes) or (1,), arrays, bound, self.loops), back

    def take(self, cells: Array) -> Frame:
        """The cells with these flat numbers as a frame of one axis."""
        at = np.unravel_index(cells, self.shape)
        arrays = {}
        for name, array in self.arrays.items():
            arrays[name] = array[
                tuple(w if array.shape[a] != 1 else np.zeros_like(w) for a, w in enumerate(at))
            ]
        return Frame((len(cells),), arrays, self.bound, self.loops)

    def flat(self, name: str) -> Array:
        """An array for every cell, in C order."""
        return np.broadcast_to(self.arrays[name], self.shape).reshape(-1)

    def sorted(self) -> Frame:
        """One axis, the bindings in the order in which nested loops visit them."""
        keys = [self.flat(key) for key in self.loops]
        order = np.lexsort(keys[::-1]) if keys else np.arange(self.cells)
        return self.take(order)

    def positions(self, cell: int) -> list[tuple[str, int]]:
        """The set of each loop and the position bound in a cell, outermost loop first."""
        set_of = {item.key: item.set for item in self.bound.values()}
        at = np.unravel_index(cell, self.shape)
        return [
            (set_of[key], self._at(key, at)) for key in self.loops if key in set_of and key in self.arrays
        ]

    def _at(self, key: str, at: Sequence[Any]) -> int:
        array = self.arrays[key]
        return int(array[tuple(int(w) if array.shape[a] != 1 else 0 for a, w in enumerate(at))])

    def describe(self, flags: Array, data: Data) -> str:
        """The loop values of the first flagged cell, for messages: ` (at i = paris, t = 3)`."""
        if not self.bound:
            return ""
        cell = int(np.flatnonzero(np.broadcast_to(flags, self.shape).reshape(-1))[0])
        at = np.unravel_index(cell, self.shape)
        parts = []
        for name, item in self.bound.items():
            if item.key in self.arrays:
                member = data.member(item.set, self._at(item.key, at))
                parts.append(f"{name} = {member[item.component] if isinstance(member, tuple) else member}")
        return f" (at {', '.join(parts)})" if parts else ""
