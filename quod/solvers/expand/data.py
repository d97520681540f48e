"""Sets, parameters and variables of a formulation as arrays.

Every member component ("atom") of every set has one code in a common universe; a set is one code array
for each component, and finding the position of an index in a set is a table lookup.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from quod import errors
from quod.solvers import scopes
from quod.solvers.expand.arithmetic import Arithmetic
from quod.solvers.formulation import Element, Formulation, Parameter, Set, Variable
from quod.solvers.standard import Array

MISSING = -1
DEFAULT_MAX_NONZEROS = 20_000_000


class Universe:
    """Codes 0, 1, … of all atoms, texts and whole numbers apart."""

    def __init__(self, sets: Sequence[Set]) -> None:
        self.code: dict[str | int, int] = {}
        for declared in sets:
            for element in declared.elements:
                for atom in element if isinstance(element, tuple) else (element,):
                    self.code.setdefault(atom, len(self.code))
        self.atoms = list(self.code)
        for atom in self.atoms:
            if isinstance(atom, int) and abs(atom) >= 2**62:
                raise errors.InvalidInput(f"the element {atom} is too large", field="sets")
        whole = [(atom, code) for atom, code in self.code.items() if isinstance(atom, int)]
        self._values = np.array([atom for atom, _ in sorted(whole)], dtype=np.int64)
        self._codes = np.array([code for _, code in sorted(whole)], dtype=np.int64)
        self.mixed = 0 < len(whole) < len(self.atoms)  # texts and whole numbers
        self.integer = np.zeros(len(self.atoms), dtype=np.int64)  # value by code, 0 for texts
        self.integer[self._codes] = self._values
        self.is_text = np.ones(len(self.atoms), dtype=bool)
        self.is_text[self._codes] = False

    def codes_of(self, values: Array) -> Array:
        """Codes of whole numbers, MISSING where no set has the number."""
        if not len(self._values):
            return np.full(values.shape, MISSING, dtype=np.int64)
        at = np.searchsorted(self._values, values).clip(max=len(self._values) - 1)
        return np.where(self._values[at] == values, self._codes[at], MISSING)


class IndexSet:
    """A set as code arrays, one of length `size` for each component."""

    def __init__(self, declared: Set, universe: Universe) -> None:
        self.name, self.elements, self.size = declared.name, declared.elements, len(declared.elements)
        self.arity = scopes.arity(declared.elements)
        if universe.mixed and len(member_texts(self.elements)) != self.size:
            raise errors.InvalidInput("two elements have the same text", field=f"set {self.name!r}")
        rows = [e if isinstance(e, tuple) else (e,) for e in declared.elements]
        table = np.array([[universe.code[a] for a in row] for row in rows], dtype=np.int64)
        table = table.reshape(self.size, self.arity)
        self.codes = [np.ascontiguousarray(table[:, k]) for k in range(self.arity)]
        self._universe = len(universe.atoms) + 1
        self._table: Array | None = None
        self._order: Array | None = None
        self._keys: Array | None = None

    def component(self, number: int) -> Array:
        """Codes of one component; an empty set has as many components as anybody asks for."""
        return self.codes[number] if self.size else np.zeros(0, dtype=np.int64)

    def positions(self, codes: Sequence[Array]) -> Array:
        """Position in the set of each index (component codes, broadcast), MISSING where it is no member."""
        if self.arity == 1:
            if self._table is None:
                self._table = np.full(self._universe, MISSING, dtype=np.int64)
                self._table[self.codes[0]] = np.arange(self.size)
            return self._table[codes[0]]  # code MISSING reads the last entry, which stays MISSING
        if not self.size:
            return np.full(np.broadcast_shapes(*(c.shape for c in codes)), MISSING, dtype=np.int64)
        if self._keys is None:
            keys = self._key(self.codes)
            self._order = np.argsort(keys, kind="stable")
            self._keys = keys[self._order]
        assert self._order is not None
        wanted = self._key(codes)
        at = np.searchsorted(self._keys, wanted).clip(max=self.size - 1)
        return np.where(self._keys[at] == wanted, self._order[at], MISSING)

    def _key(self, codes: Sequence[Array]) -> Array:
        if self._universe**self.arity >= 2**62:
            raise errors.InvalidInput(
                f"{self.arity} components over {self._universe} members are too many",
                field=f"set {self.name!r}",
            )
        key = codes[0] + 1
        for component in codes[1:]:
            key = key * self._universe + component + 1
        return key


class Data:
    """Everything declared, as arrays; parameters are read when first used."""

    def __init__(self, formulation: Formulation, arithmetic: Arithmetic, max_cells: int) -> None:
        self.formulation, self.arithmetic, self.max_cells = formulation, arithmetic, max_cells
        self.universe = Universe(formulation.sets)
        self.sets = {s.name: IndexSet(s, self.universe) for s in formulation.sets}
        self.index = {p.name: p.index for p in formulation.parameters}
        self.index |= {v.name: v.index for v in formulation.variables}
        self._parameters = {p.name: p for p in formulation.parameters}
        self._values: dict[str, Array] = {}
        self._exact: Data | None = None
        self.variables = {v.name: v for v in formulation.variables}
        self.first_column: dict[str, int] = {}
        self.columns = 0
        for variable in formulation.variables:
            self.first_column[variable.name] = self.columns
            self.columns += self._cells(variable, "columns")

    def exactly(self) -> Data:
        """The same declarations in exact arithmetic."""
        if self.arithmetic.exact:
            return self
        if self._exact is None:
            self._exact = Data(self.formulation, Arithmetic(exact=True), self.max_cells)
        return self._exact

    def shape(self, name: str) -> tuple[int, ...]:
        """Sizes of the index sets of a parameter or variable."""
        return tuple(self.sets[s].size for s in self.index[name])

    def values(self, name: str) -> Array:
        """The values of a parameter, an array of `shape(name)`. Raises InvalidInput naming it."""
        if name not in self._values:
            self._values[name] = self._read(self._parameters[name])
        return self._values[name]

    def member(self, name: str, position: int) -> Element:
        """The member of a set at a position."""
        return self.sets[name].elements[position]

    def _cells(self, item: Parameter | Variable, kind: str) -> int:
        cells = 1
        for size in self.shape(item.name):
            cells *= size
        if cells > self.max_cells:
            raise errors.LimitExceeded(
                kind,
                cells,
                self.max_cells,
                f"{item.name} over {' x '.join(item.index)} has {cells:,} {kind}, the limit is "
                f"{self.max_cells:,}; "
                "index it by a set of the tuples that occur",
            )
        return cells

    def _read(self, parameter: Parameter) -> Array:
        field = f"parameter {parameter.name!r}"
        if parameter.file is not None and parameter.values is None:
            raise errors.InvalidInput(f"the file {parameter.file.path} was not loaded", field=field)
        if (parameter.value is None) == (not parameter.index) or (
            not parameter.index and parameter.values is not None
        ):
            need = "'values'" if parameter.index else "a 'value'"
            raise errors.InvalidInput(f"it needs {need}, and only that", field=field)
        if not parameter.index:
            return self.arithmetic.array(np.array(parameter.value, dtype=object), field)
        self._cells(parameter, "values")
        shape = self.shape(parameter.name)
        if parameter.values is None:
            if parameter.default is None:
                raise errors.InvalidInput("values are missing", field=field)
            return np.full(shape, self.arithmetic.read(parameter.default, field), dtype=self.arithmetic.dtype)
        if isinstance(parameter.values, dict):
            return self._from_keys(parameter, shape, field)
        array = self.arithmetic.array(parameter.values, field)
        if array.shape != shape and not (array.size == 0 and 0 in shape):
            wanted = " x ".join(f"{n} ({s})" for n, s in zip(shape, parameter.index, strict=True))
            found = " x ".join(map(str, array.shape)) or "a single number"
            raise errors.InvalidInput(f"the values are {found}, the index sets need {wanted}", field=field)
        return array.reshape(shape)

    def _from_keys(self, parameter: Parameter, shape: tuple[int, ...], field: str) -> Array:
        places = [member_texts(self.sets[s].elements) for s in parameter.index]
        array = np.empty(shape, dtype=self.arithmetic.dtype)
        seen = np.zeros(shape, dtype=bool)
        for key, value in parameter.values.items():
            at = split_key(str(key).split(","), places, [self.sets[s].arity for s in parameter.index])
            if at is None:
                raise errors.InvalidInput(
                    f"the key {key!r} is no index of {' x '.join(parameter.index)}", field=field
                )
            if seen[at]:
                raise errors.InvalidInput(f"the key {key!r} stands twice", field=field)
            array[at], seen[at] = self.arithmetic.read(value, field), True
        if not seen.all():
            if parameter.default is None:
                first = tuple(int(k) for k in np.argwhere(~seen)[0])
                names = [self.member(s, k) for s, k in zip(parameter.index, first, strict=True)]
                raise errors.InvalidInput(
                    f"the value of {index_text(names)} is missing and there is no default", field=field
                )
            array[~seen] = self.arithmetic.read(parameter.default, field)
        return array


def read_parameter(parameter: Parameter, formulation: Formulation) -> Array:
    """The values of one parameter as floats of the shape of its index sets. Raises InvalidInput naming it."""
    alone = formulation.model_copy(update={"parameters": [parameter], "variables": []})
    return Data(alone, Arithmetic(exact=False), DEFAULT_MAX_NONZEROS).values(parameter.name)


def member_texts(elements: Sequence[Element]) -> dict[tuple[str, ...], int]:
    """Position of each member by the texts of its components."""
    return {tuple(map(str, e)) if isinstance(e, tuple) else (str(e),): k for k, e in enumerate(elements)}


def split_key(
    parts: Sequence[str], places: Sequence[dict[tuple[str, ...], int]], arities: Sequence[int]
) -> tuple[int, ...] | None:
    """Positions for the texts of an index such as `paris`, `rome`; None when it names no member."""
    parts = [part.strip() for part in parts]
    if len(parts) != sum(arities):
        return None
    at: list[int] = []
    for place, width in zip(places, arities, strict=True):
        head, parts = tuple(parts[:width]), parts[width:]
        if head not in place:
            return None
        at.append(place[head])
    return tuple(at)


def index_text(members: Sequence[Any]) -> str:
    """`[a,b]` with the components of tuples flattened; empty for no members."""
    atoms = [str(a) for m in members for a in (m if isinstance(m, tuple) else (m,))]
    return f"[{','.join(atoms)}]" if atoms else ""
