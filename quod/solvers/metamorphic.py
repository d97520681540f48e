"""Formulations that must have the same optimum as the one they are made from, or a known multiple of it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from quod.solvers.formulation import Formulation

_NAME = re.compile(r"\"[^\"]*\"|'[^']*'|[A-Za-z_][A-Za-z0-9_]*")


def scaled(formulation: Formulation, factor: int) -> Formulation:
    """The formulation with its objective times `factor`: the optimum is `factor` times as large."""
    objective = formulation.objective
    changed = objective.model_copy(update={"expression": f"{factor} * ({objective.expression})"})
    return formulation.model_copy(update={"objective": changed})


def renamed(formulation: Formulation) -> Formulation:
    """Other names of variables and rows, and both in reverse order: the optimum is the same."""
    taken = names_used(formulation) | {s.name for s in formulation.sets}
    taken |= {parameter.name for parameter in formulation.parameters}
    prefix = "v_"
    while any(name.startswith(prefix) for name in taken):
        prefix = "v" + prefix
    names = {variable.name: f"{prefix}{k}" for k, variable in enumerate(formulation.variables)}
    objective = formulation.objective.model_copy(
        update={"expression": _with_names(formulation.objective.expression, names)}
    )
    rows = [
        row.model_copy(
            update={
                "name": f"{prefix}row_{k}",
                "expression": _with_names(row.expression, names),
                "for_each": _with_names(row.for_each, names),
            }
        )
        for k, row in enumerate(formulation.constraints)
    ]
    variables = [
        variable.model_copy(update={"name": names[variable.name]}) for variable in formulation.variables
    ]
    return formulation.model_copy(
        update={
            "variables": variables[::-1],
            "constraints": rows[::-1],
            "objective": objective,
            "conventions": [],
        }
    )


def names_used(formulation: Formulation) -> set[str]:
    """Every name that the objective and the rows write outside quotes, loop names and functions included."""
    texts = [formulation.objective.expression]
    texts += [f"{row.expression} {row.for_each}" for row in formulation.constraints]
    return {name for text in texts for name in _NAME.findall(text) if name[0] not in "\"'"}


def _with_names(text: str, names: Mapping[str, str]) -> str:
    """Rename outside quotes. A loop name that hides a variable changes with its uses: the meaning stays."""
    return _NAME.sub(lambda match: names.get(match.group(), match.group()), text)
