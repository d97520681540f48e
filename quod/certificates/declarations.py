"""Sets, parameters and variables of an untrusted formulation: index tuples, exact values, columns."""

from __future__ import annotations

import itertools
import keyword
import math
import re
from collections.abc import Iterator
from typing import Any, NoReturn

import flint

from quod.certificates import budget, reading

Element = str | int
Key = tuple[Element, ...]

MAX_CELLS = 5_000_000
"""Values of one parameter."""
FUNCTIONS = frozenset({"sum", "prod", "abs", "min", "max", "exp", "log", "sqrt", "sin", "cos", "len"})
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ELEMENT = re.compile(r"[^\[\],\"'\\\x00-\x1f]{1,200}")
_REMARKS = ("description", "evidence")


def identifier(value: Any, where: str) -> str:
    """A name that is no word of the language. Raises CertificateRejected."""
    name = reading.text(value, where)
    if len(name) > 200 or not _IDENTIFIER.fullmatch(name) or keyword.iskeyword(name) or name in FUNCTIONS:
        reading.reject(where, f"{name[:80]!r} is not a name")
    return name


class IndexSet:
    """A declared set: its members as tuples of components, in order."""

    def __init__(self, part: Any) -> None:
        fields = reading.mapping(part, "sets", ("name", "elements"), _REMARKS)
        self.name = identifier(fields["name"], "sets.name")
        where = f"set {self.name}"
        self.members: list[Key] = [self._member(e, where) for e in reading.array(fields["elements"], where)]
        self.arity = len(self.members[0]) if self.members else 1
        if any(len(member) != self.arity for member in self.members):
            reading.reject(where, "the elements have different numbers of components")
        self.by_text = {tuple(map(str, member)): member for member in self.members}
        if len(self.by_text) != len(self.members):
            reading.reject(where, "two elements have the same text")
        self.lookup = frozenset(self.members)
        letters = sum(len(component) for member in self.by_text for component in member)
        self.characters = self.arity + -(-letters // max(1, len(self.members)))

    @staticmethod
    def _member(element: Any, where: str) -> Key:
        components = tuple(element) if isinstance(element, list | tuple) else (element,)
        if not 1 <= len(components) <= 20:
            reading.reject(where, f"an element has {len(components)} components")
        for component in components:
            if isinstance(component, bool) or not isinstance(component, str | int):
                reading.reject(where, f"{reading.shown(component)} is neither a text nor a whole number")
            if isinstance(component, int) and abs(component) >= 2**62:
                reading.reject(where, "a whole number is too large for an element")
            if isinstance(component, str) and not _ELEMENT.fullmatch(component):
                reading.reject(
                    where, f"element {component[:80]!r} has a comma, bracket, quote or control character"
                )
        return components


class Product:
    """The product of index sets; its keys are the members' components in one flat tuple, first set
    slowest."""

    def __init__(self, sets: list[IndexSet], where: str) -> None:
        self.sets, self.where = sets, where
        self.size = math.prod(len(s.members) for s in sets)
        self.width = sum(s.arity for s in sets)
        self.characters = sum(s.characters for s in sets)
        """Of a name, without that of the variable: the average of the members, rounded up."""

    def keys(self) -> Iterator[Key]:
        """All keys in order. Raises CertificateRejected when there are more than MAX_CELLS."""
        if self.size > MAX_CELLS:
            reading.reject(self.where, f"there are {self.size} index combinations, more than {MAX_CELLS}")
        if len(self.sets) == 1:
            return iter(self.sets[0].members)
        combinations = itertools.product(*(s.members for s in self.sets))
        return (tuple(itertools.chain.from_iterable(c)) for c in combinations)

    def contains(self, key: Key) -> bool:
        """Whether a flat key is an index."""
        start = 0
        for index_set in self.sets:
            if key[start : start + index_set.arity] not in index_set.lookup:
                return False
            start += index_set.arity
        return start == len(key)

    def from_text(self, text: str) -> Key:
        """The key written as `a,b`. Raises CertificateRejected when it is none."""
        parts, start = tuple(part.strip() for part in text.split(",")), 0
        key: Key = ()
        for index_set in self.sets:
            member = index_set.by_text.get(parts[start : start + index_set.arity])
            if member is None:
                reading.reject(self.where, f"{text[:80]!r} is no index")
            key, start = key + member, start + index_set.arity
        if start != len(parts):
            reading.reject(self.where, f"{text[:80]!r} has too many parts")
        return key


class Parameter:
    """A number, or one for each index; values that are not listed are the default."""

    def __init__(self, part: Any, sets: dict[str, IndexSet]) -> None:
        optional = ("index", "value", "values", "file", "default", "unit", *_REMARKS)
        fields = reading.mapping(part, "parameters", ("name",), optional)
        self.name = identifier(fields["name"], "parameters.name")
        where = f"parameter {self.name}"
        self.index = _product(fields.get("index", []), sets, where)
        given = {
            name: fields[name]
            for name in ("value", "values", "file", "default")
            if fields.get(name) is not None
        }
        if "file" in given:
            reading.reject(where, "the values must stand in the certificate, not in a file")
        self.default = reading.number(given["default"], where) if "default" in given else None
        self.values: dict[Key, flint.fmpq] = {}
        if not self.index.sets:
            if "value" not in given or "values" in given:
                reading.reject(where, "a parameter without index needs exactly a 'value'")
            self.values[()] = reading.number(given["value"], where)
        elif "value" in given or ("values" not in given and self.default is None):
            reading.reject(where, "an indexed parameter needs 'values', not a 'value'")
        elif "values" in given:
            self._read(given["values"], where)

    def _read(self, values: Any, where: str) -> None:
        if isinstance(values, dict):
            for text, value in reading.mapping(values, where, (), None).items():
                key = self.index.from_text(text)
                if key in self.values:
                    reading.reject(where, f"the index {text[:80]!r} stands twice")
                self.values[key] = reading.number(value, where)
            if self.default is None and len(self.values) != self.index.size:
                reading.reject(where, f"{self.index.size - len(self.values)} values are missing")
            return
        level = [values]
        for index_set in self.index.sets:
            nested = []
            for item in level:
                entries = reading.array(item, where)
                if len(entries) != len(index_set.members):
                    reading.reject(
                        where, f"{len(entries)} values for {len(index_set.members)} of {index_set.name}"
                    )
                nested += entries
            level = nested
        numbers = (reading.number(value, where) for value in level)
        self.values = dict(zip(self.index.keys(), numbers, strict=True))

    def at(self, key: Key) -> flint.fmpq:
        """The value at an index. Raises CertificateRejected outside the index sets."""
        value = self.values.get(key)
        if value is None:
            if self.default is None or not self.index.contains(key):
                outside(self.name, key)
            return self.default
        return value


class Variable:
    """A decision: domain, bounds, and its columns from `first` on."""

    def __init__(self, part: Any, sets: dict[str, IndexSet], first: int, used: budget.Budget) -> None:
        optional = ("label", "index", "domain", "lower", "upper", "unit", *_REMARKS)
        fields = reading.mapping(part, "variables", ("name",), optional)
        self.name = identifier(fields["name"], "variables.name")
        where = f"variable {self.name}"
        self.label = reading.text(fields.get("label", ""), where)
        self.index = _product(fields.get("index", []), sets, where)
        domain = reading.word(fields.get("domain", "real"), where, ("real", "integer", "binary"))
        self.integer = domain != "real"
        lower, upper = fields.get("lower", "0"), fields.get("upper")
        self.lower = None if lower is None else reading.number(lower, f"{where}, lower")
        self.upper = None if upper is None else reading.number(upper, f"{where}, upper")
        if domain == "binary":
            self.lower = flint.fmpq(0) if self.lower is None else max(self.lower, flint.fmpq(0))
            self.upper = flint.fmpq(1) if self.upper is None else min(self.upper, flint.fmpq(1))
        if self.integer:
            self.lower = None if self.lower is None else flint.fmpq(self.lower.ceil())
            self.upper = None if self.upper is None else flint.fmpq(self.upper.floor())
        used.line(len(self.name) + self.index.characters + 8 * self.index.width, self.index.size)
        self.columns: dict[Key, int] = {key: first + k for k, key in enumerate(self.index.keys())}

    def at(self, key: Key) -> int:
        """The column at an index. Raises CertificateRejected outside the index sets."""
        column = self.columns.get(key)
        if column is None:
            outside(self.name, key)
        return column


class Declarations:
    """Everything a formulation declares before its objective and rows."""

    def __init__(
        self, sets: Any, parameters: Any, variables: Any, *, used: budget.Budget | None = None
    ) -> None:
        self.used = budget.Budget() if used is None else used
        self.sets: dict[str, IndexSet] = {}
        self.parameters: dict[str, Parameter] = {}
        self.variables: dict[str, Variable] = {}
        for part in reading.array(sets, "sets"):
            index_set = IndexSet(part)
            self._new(index_set.name)
            self.sets[index_set.name] = index_set
        for part in reading.array(parameters, "parameters"):
            parameter = Parameter(part, self.sets)
            self._new(parameter.name)
            self.parameters[parameter.name] = parameter
        count = 0
        for part in reading.array(variables, "variables"):
            variable = Variable(part, self.sets, count, self.used)
            self._new(variable.name)
            self.variables[variable.name] = variable
            count += len(variable.columns)

    def _new(self, name: str) -> None:
        if name in self.sets or name in self.parameters or name in self.variables:
            reading.reject(name, "the name is declared twice")


def name_of(name: str, key: Key) -> str:
    """`x` or `x[a,b]`."""
    return f"{name}[{','.join(map(str, key))}]" if key else name


def outside(name: str, key: Key) -> NoReturn:
    """Raise CertificateRejected for an index that is not in its sets."""
    reading.reject(name_of(name, key), "the index lies outside its sets")


def _product(names: Any, sets: dict[str, IndexSet], where: str) -> Product:
    index = []
    if len(reading.array(names, where)) > 20:
        reading.reject(where, "there are more than 20 index sets")
    for name in reading.array(names, where):
        if not isinstance(name, str) or name not in sets:
            reading.reject(where, f"index {reading.shown(name)} is not a set")
        index.append(sets[name])
    return Product(index, where)
