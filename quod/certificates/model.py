"""A formulation expanded: columns, and the objective and rows as exact functions (docs/formulation.md
§2-3)."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import flint

from quod import errors
from quod.certificates import algebra, budget, declarations, expressions, iteration, reading, syntax

_FIELDS = ("version", "text", "sets", "parameters", "variables", "constraints", "conventions", "unused")
_ROW_REMARKS = ("kind", "description", "evidence")

Leaf = Callable[[int], algebra.Value]


@dataclasses.dataclass(frozen=True)
class Row:
    """value ⋈ 0, where value is left minus right."""

    name: str
    comparison: str
    value: algebra.Value


@dataclasses.dataclass(frozen=True)
class _Constraint:
    name: str
    comparison: str
    loops: Sequence[iteration.Loop]
    parts: Sequence[tuple[expressions.Evaluate, int]]


class Model:
    """Declared columns, and the objective and rows as functions of what a column stands for."""

    def __init__(self, formulation: Any, used: budget.Budget | None = None) -> None:
        fields = reading.mapping(formulation, "formulation", ("objective",), _FIELDS)
        if fields.get("version", 1) != 1 or isinstance(fields.get("version"), bool):
            reading.reject("formulation", "only version 1 is known")
        text = fields.get("text")
        self.text = None if text is None else reading.text(text, "formulation.text")
        self.declared = declarations.Declarations(
            *(fields.get(name, []) for name in ("sets", "parameters", "variables")), used=used
        )
        self._columns()
        objective = reading.mapping(
            fields["objective"], "objective", ("sense", "expression"), ("label", "unit", "evidence")
        )
        self.sense = reading.word(objective["sense"], "objective.sense", ("minimize", "maximize"))
        expression = reading.text(objective["expression"], "objective.expression")
        compiler = expressions.Compiler(self.declared, "objective")
        self._objective = compiler.pieces(syntax.expression(expression, "objective"))
        self._constraints: list[_Constraint] = []
        for part in reading.array(fields.get("constraints", []), "constraints"):
            self._constraints.append(self._compiled(part))
        names = {constraint.name for constraint in self._constraints}
        if len(names) != len(self._constraints) or "objective" in names:
            reading.reject("constraints", "a constraint name is used twice or reserved")

    def _columns(self) -> None:
        self.names: list[str] = []
        self.lower: list[flint.fmpq | None] = []
        self.upper: list[flint.fmpq | None] = []
        self.integer: list[bool] = []
        for variable in self.declared.variables.values():
            self.names += [declarations.name_of(variable.name, key) for key in variable.columns]
            count = len(variable.columns)
            self.lower += [variable.lower] * count
            self.upper += [variable.upper] * count
            self.integer += [variable.integer] * count
        self.column = {name: j for j, name in enumerate(self.names)}
        if len(self.column) != len(self.names):
            reading.reject("variables", "two columns have the same name")

    def _compiled(self, part: Any) -> _Constraint:
        fields = reading.mapping(part, "constraints", ("name", "expression"), ("for_each", *_ROW_REMARKS))
        name = declarations.identifier(fields["name"], "constraints.name")
        where = f"constraint {name}"
        compiler = expressions.Compiler(self.declared, where)
        generators = syntax.loops(reading.text(fields.get("for_each", ""), where), where)
        loops, compiler = iteration.compile_loops(compiler, generators)
        sides = syntax.comparison(reading.text(fields["expression"], where), where)
        left, right = compiler.pieces(sides.left), compiler.pieces(sides.right)
        parts = [(piece, 1) for piece in left] + [(piece, -1) for piece in right]
        return _Constraint(name, sides.operator, loops, parts)

    def objective(self, frame: iteration.Frame) -> algebra.Value:
        """The objective as declared, not negated. Raises CertificateRejected, NotLinear."""
        parts = [(piece, 1) for piece in self._objective]
        return located("objective", lambda: _sum(parts, frame))

    def rows(self, frame: iteration.Frame) -> Iterator[tuple[str, str, Callable[[], algebra.Value]]]:
        """Name, comparison and left minus right of each row; the last must be called before the next row is
        taken."""
        for constraint in self._constraints:
            more = functools.partial(next, iteration.bindings(constraint.loops, frame), False)
            value = functools.partial(_sum, constraint.parts, frame)
            while located(f"constraint {constraint.name}", more):
                key = tuple(frame.loop[name] for loop in constraint.loops for name in loop.names)
                yield declarations.name_of(constraint.name, key), constraint.comparison, value


@dataclasses.dataclass(frozen=True)
class Expanded:
    """A model whose objective and rows are affine up to extrema."""

    model: Model
    objective: algebra.Affine
    rows: list[Row]


def expand(model: Model) -> Expanded:
    """Objective and rows over unit columns. Raises NotLinear (naming the row), CertificateRejected."""
    frame = iteration.Frame(algebra.unit, model.declared.used)
    objective = affine(model.objective(frame))
    frame.used.keep(algebra.weight(objective))
    rows = []
    for name, comparison, value in model.rows(frame):
        function = affine(located(f"row {name}", value))
        frame.used.line(len(name))
        frame.used.keep(algebra.weight(function))
        rows.append(Row(name, comparison, function))
    if len({row.name for row in rows}) != len(rows):
        reading.reject("constraints", "two rows have the same name")
    return Expanded(model, objective, rows)


def _sum(parts: Sequence[tuple[expressions.Evaluate, int]], frame: iteration.Frame) -> algebra.Value:
    return frame.made(algebra.total((part(frame), sign) for part, sign in parts), len(parts))


def affine(value: algebra.Value) -> algebra.Affine:
    """A constant or affine value as Affine."""
    return value if isinstance(value, algebra.Affine) else algebra.Affine(value)


def located(where: str, evaluate: Callable[[], Any]) -> Any:
    """Evaluate, naming the place in what is rejected."""
    try:
        return evaluate()
    except algebra.NotLinear as error:
        raise algebra.NotLinear(f"{where}: {error}") from None
    except errors.CertificateRejected as error:
        raise errors.CertificateRejected(f"{where}: {error}") from None
