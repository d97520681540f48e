"""The other readings of a formulation: one per declared convention, ready to be solved beside the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from quod import errors
from quod.solvers import language
from quod.solvers.formulation import Convention, Formulation, Variable

_OPERATORS = ("<=", ">=", "==", "<", ">")
_NAMED = 3  # so many labels are told, the rest is counted


@dataclass(frozen=True)
class Alternative:
    """The formulation under the other reading of one of its conventions."""

    convention: Convention
    formulation: Formulation

    def describe(self, first: str, other: str) -> str:
        """In words: `first` is the answer under the reading chosen, `other` under the alternative.

        "30000 if acres are divisible, 29950 if whole"
        """
        convention = self.convention
        if convention.kind == "integrality":
            words = {"integer": "whole", "binary": "whole", "real": "divisible"}
            labels = _labels(self.formulation, convention.targets)
            return (
                f"{first} if {labels} are {words[convention.reading]}, "
                f"{other} if {words[convention.alternative]}"
            )
        if convention.kind == "strictness":
            rows = " and ".join(_comparison_words(self.formulation, convention))
            strict, equal = f"{rows} excludes equality", f"{rows} allows equality"
            both = (strict, equal) if convention.reading in ("<", ">") else (equal, strict)
            return f"{first} if {both[0]}, {other} if it {both[1].removeprefix(rows).strip()}"
        row = convention.targets[0] if convention.targets else "objective"
        return f"{first} if {row} means {convention.reading}, {other} if it means {convention.alternative}"


def alternatives(formulation: Formulation) -> list[Alternative]:
    """One per convention whose alternative is another formulation, in order of the conventions.

    Raises InvalidInput, naming the convention, when a target does not exist or is not as `reading` says.
    """
    found = []
    for i, convention in enumerate(formulation.conventions):
        field = f"conventions.{i}"
        changed = _CHANGES[convention.kind](formulation, convention, field)
        swapped = convention.model_copy(
            update={"reading": convention.alternative, "alternative": convention.reading}
        )
        others = [swapped if j == i else c for j, c in enumerate(changed.conventions)]
        if changed != formulation:
            found.append(Alternative(convention, changed.model_copy(update={"conventions": others})))
    return found


def continuous(formulation: Formulation) -> Formulation:
    """The formulation with every variable real (a binary one in [0, 1]); strict rows are then closed."""
    variables = [_with_domain(variable, "real") for variable in formulation.variables]
    return formulation.model_copy(update={"variables": variables})


def _with_domain(variable: Variable, domain: str) -> Variable:
    update: dict[str, object] = {"domain": domain}
    if variable.domain == "binary" and domain != "binary":
        lower, upper = Fraction(variable.lower or 0), Fraction(variable.upper or 1)
        update |= {"lower": str(max(lower, Fraction(0))), "upper": str(min(upper, Fraction(1)))}
    return variable.model_copy(update=update)


def _integrality(formulation: Formulation, convention: Convention, field: str) -> Formulation:
    domains = ("integer", "real", "binary")
    if convention.alternative not in domains or convention.reading not in domains:
        raise errors.InvalidInput("reading and alternative must be 'integer' or 'real'", field=field)
    _known(convention.targets, [v.name for v in formulation.variables], "variable", field)
    variables = [
        _with_domain(variable, convention.alternative) if variable.name in convention.targets else variable
        for variable in formulation.variables
    ]
    return formulation.model_copy(update={"variables": variables})


def _strictness(formulation: Formulation, convention: Convention, field: str) -> Formulation:
    if convention.alternative not in _OPERATORS or convention.reading not in _OPERATORS:
        raise errors.InvalidInput("reading and alternative must be comparisons such as '<'", field=field)
    _known(convention.targets, [c.name for c in formulation.constraints], "constraint", field)
    rows = []
    for row in formulation.constraints:
        if row.name in convention.targets:
            tree = language.parse_constraint(row.expression, f"constraint {row.name!r}")
            if tree.operator != convention.reading:
                raise errors.InvalidInput(
                    f"constraint {row.name!r} has {tree.operator!r}, not the reading {convention.reading!r}",
                    field=field,
                )
            left, right = row.expression[: tree.at], row.expression[tree.at + len(tree.operator) :]
            row = row.model_copy(update={"expression": left + convention.alternative + right})
        rows.append(row)
    return formulation.model_copy(update={"constraints": rows})


def _percentage(formulation: Formulation, convention: Convention, field: str) -> Formulation:
    targets = convention.targets[:1]
    if targets == ["objective"]:
        changed = formulation.objective.model_copy(update={"expression": convention.alternative})
        return formulation.model_copy(update={"objective": changed})
    _known(targets or [""], [c.name for c in formulation.constraints], "constraint", field)
    rows = [
        row.model_copy(update={"expression": convention.alternative}) if row.name in targets else row
        for row in formulation.constraints
    ]
    return formulation.model_copy(update={"constraints": rows})


_CHANGES = {"integrality": _integrality, "strictness": _strictness, "percentage": _percentage}


def _known(targets: Sequence[str], names: Sequence[str], kind: str, field: str) -> None:
    for target in targets:
        if target not in names:
            raise errors.InvalidInput(f"there is no {kind} {target!r}", field=field)


def _labels(formulation: Formulation, targets: Sequence[str]) -> str:
    by_name = {variable.name: variable.label or variable.name for variable in formulation.variables}
    labels = [by_name[target] for target in targets if target in by_name]
    if len(labels) > _NAMED:
        labels = [*labels[:_NAMED], f"{len(labels) - _NAMED} more"]
    return " and ".join([", ".join(labels[:-1]), labels[-1]] if len(labels) > 1 else labels)


def _comparison_words(formulation: Formulation, convention: Convention) -> list[str]:
    words = [formulation.text[e.start : e.end] for e in convention.evidence] if formulation.text else []
    return [f"'{' '.join(piece.split())}'" for piece in words if piece.strip()] or list(convention.targets)
