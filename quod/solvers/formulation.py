"""The formulation: the five elements of an optimization problem, typed, before any code.

Sets, parameters, variables, objective and constraints follow the five-element formulation of LLMOPT
(Jiang et al., ICLR 2025). Expressions are text in the language of `quod.solvers.language`; numbers are
exact. `docs/formulation.md` is the specification that the checker implements a second time.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal

import pydantic

from quod import errors, numbers

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
ELEMENT = re.compile(r"[^\[\],\"'\\\x00-\x1f]{1,200}")
FUNCTIONS = frozenset({"sum", "prod", "abs", "min", "max", "exp", "log", "sqrt", "sin", "cos", "len"})


def _identifier(value: str) -> str:
    if not IDENTIFIER.fullmatch(value) or keyword.iskeyword(value) or value in FUNCTIONS:
        raise ValueError(f"{value!r} is not a name; use letters, digits and _, not a word of the language")
    return value


def _exact_text(value: Any) -> str:
    try:
        return numbers.to_text(numbers.exact(value))
    except errors.InvalidInput as error:
        raise ValueError(str(error)) from None


Identifier = Annotated[str, pydantic.AfterValidator(_identifier)]
Number = Annotated[str, pydantic.BeforeValidator(_exact_text)]
"""Exact number as canonical text ("5", "25/2"); a float is read as its shortest decimal."""
Element = str | int | tuple[str | int, ...]


class Part(pydantic.BaseModel):
    """Base of the elements: unknown fields are refused."""

    model_config = pydantic.ConfigDict(extra="forbid")


class Evidence(Part):
    """Half-open character range `[start, end)` of the problem text."""

    start: int = pydantic.Field(ge=0)
    end: int = pydantic.Field(ge=0)

    @pydantic.model_validator(mode="after")
    def _ordered(self) -> Evidence:
        if self.end < self.start:
            raise ValueError("end lies before start")
        return self


class Set(Part):
    """An index set; the order of `elements` is kept. A member may be a tuple (a sparse set of arcs, say)."""

    name: Identifier
    elements: list[Element]
    description: str = ""
    evidence: list[Evidence] = []

    @pydantic.field_validator("elements")
    @classmethod
    def _plain(cls, elements: list[Element]) -> list[Element]:
        for element in elements:
            for part in element if isinstance(element, tuple) else (element,):
                if isinstance(part, str) and not ELEMENT.fullmatch(part):
                    raise ValueError(f"element {part!r} has a comma, bracket, quote or control character")
        if len(set(elements)) != len(elements):
            raise ValueError("an element stands twice")
        if len({len(e) if isinstance(e, tuple) else 0 for e in elements}) > 1:
            raise ValueError("elements have different numbers of components")
        return elements


class Table(Part):
    """A CSV or JSON file beside the problem that holds the values of a parameter.

    CSV: one row a value, the index in the columns `columns`, the value in column `value`.
    JSON: nested lists in the order of the index sets, or an object of comma-joined indices.
    """

    path: str
    columns: list[str] = []
    value: str = "value"


class Parameter(Part):
    """A known number (`value`), or an indexed family of them (`values` or `file`).

    `values` is a nested list in the order of the index sets, or an object whose keys are indices joined by
    commas (`{"paris,rome": "12.5"}`); missing keys take `default`, without one they are an error.
    From Python it may also be a NumPy array of the shape of the index sets.
    """

    model_config = pydantic.ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    name: Identifier
    index: list[Identifier] = []
    value: Number | None = None
    values: Any = None
    file: Table | None = None
    default: Number | None = None
    unit: str = ""
    description: str = ""
    evidence: list[Evidence] = []


class Variable(Part):
    """A decision. Bounds are numbers; `None` means unbounded. `label` is what the user calls it."""

    name: Identifier
    label: str = ""
    index: list[Identifier] = []
    domain: Literal["real", "integer", "binary"] = "real"
    lower: Number | None = "0"
    upper: Number | None = None
    unit: str = ""
    description: str = ""
    evidence: list[Evidence] = []


class Objective(Part):
    """What is best: the sense and an expression without comparison."""

    sense: Literal["minimize", "maximize"]
    expression: str
    label: str = ""
    unit: str = ""
    evidence: list[Evidence] = []


class Constraint(Part):
    """One comparison, or one for each binding of `for_each` (`"i in I for j in J if i != j"`).

    `kind` names the template (NL4Opt's sum, upperbound, lowerbound, linear, ratio, xy, xby, or a logic kind).
    """

    name: Identifier
    expression: str
    for_each: str = ""
    kind: str = ""
    description: str = ""
    evidence: list[Evidence] = []


class Convention(Part):
    """A choice the words leave open: how it was read, and what else they may mean.

    `integrality`: the domain of `targets` (variables) is `reading`, could be `alternative` ("real").
    `strictness`: the comparison of `targets` (constraints) is `reading`, could be `alternative`: "<", "<=".
    `percentage`: the whole expression of `targets[0]` (a constraint, or "objective") likewise.
    """

    kind: Literal["integrality", "strictness", "percentage"]
    targets: list[str]
    reading: str
    alternative: str
    note: str = ""
    evidence: list[Evidence] = []


class Unused(Part):
    """A number or comparison phrase of the text that no element uses, and why."""

    evidence: Evidence
    reason: str


class Formulation(Part):
    """The five elements, the text they were read from, and the conventions chosen."""

    version: Literal[1] = 1
    text: str | None = None
    sets: list[Set] = []
    parameters: list[Parameter] = []
    variables: list[Variable] = []
    objective: Objective
    constraints: list[Constraint] = []
    conventions: list[Convention] = []
    unused: list[Unused] = []

    @pydantic.model_validator(mode="after")
    def _consistent(self) -> Formulation:
        declared: list[Set | Parameter | Variable] = [*self.sets, *self.parameters, *self.variables]
        _unique((element.name for element in declared), "the name {!r} is used twice")
        _unique((v.label or v.name for v in self.variables), "two variables are called {!r}; relabel one")
        rows = ["objective", *(row.name for row in self.constraints)]
        _unique(rows, "the constraint name {!r} is used twice or reserved")
        sets = {s.name for s in self.sets}
        indexed: list[Parameter | Variable] = [*self.parameters, *self.variables]
        for element in indexed:
            for name in element.index:
                if name not in sets:
                    raise ValueError(f"{element.name!r} is indexed by {name!r}, which is not a set")
        self._evidence_inside_text()
        return self

    def _evidence_inside_text(self) -> None:
        if self.text is None:
            return
        parts: list[Any] = [*self.sets, *self.parameters, *self.variables, self.objective]
        parts += [*self.constraints, *self.conventions]
        spans = [span for part in parts for span in part.evidence]
        spans += [item.evidence for item in self.unused]
        for span in spans:
            if span.end > len(self.text):
                raise ValueError(f"evidence {span.start}-{span.end} lies outside the text")


def _unique(names: Iterable[str], message: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(message.format(name))
        seen.add(name)


def parse(document: Any) -> Formulation:
    """A Formulation from a JSON-like object. Raises InvalidInput naming the first field that is wrong."""
    try:
        return Formulation.model_validate(document)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "formulation"
        raise errors.InvalidInput(first["msg"].removeprefix("Value error, "), field=field) from None
