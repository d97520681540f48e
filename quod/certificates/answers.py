"""Whether the answer that a result shows people is the one that its certificate proves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flint

from quod.certificates import declarations, reading
from quod.certificates.model import Model


def answer_keys(formulation: Any) -> dict[str, str]:
    """What an answer's `values` call each column: `label`, `label[a,b]`, or the column's name where the
    variable has
    no label. When two columns would share a key, every column keeps its name.

    `formulation` is the JSON object. Raises CertificateRejected when it is malformed.
    """
    fields = reading.mapping(formulation, "formulation", (), None)
    parts = (fields.get(name, []) for name in ("sets", "parameters", "variables"))
    return _keys(declarations.Declarations(*parts))


def _keys(declared: declarations.Declarations) -> dict[str, str]:
    names: list[str] = []
    keys: list[str] = []
    for variable in declared.variables.values():
        shown = variable.label or variable.name
        names += [declarations.name_of(variable.name, key) for key in variable.columns]
        keys += [declarations.name_of(shown, key) for key in variable.columns]
    unique = len(set(keys)) == len(keys)
    return dict(zip(names, keys if unique else names, strict=True))


def optimal(
    result: dict[str, Any],
    model: Model,
    point: Sequence[flint.fmpq],
    objective: flint.fmpq,
    *,
    decimals: bool,
) -> None:
    """Raises CertificateRejected unless the answer's objective, sense and values are those that were
    proved."""
    _same_problem(result, model)
    answer = reading.mapping(result.get("answer"), "answer", ("objective", "sense", "values"), None)
    if reading.number(answer["objective"], "answer.objective", decimals=decimals) != objective:
        reading.reject(
            "answer.objective", f"is {reading.shown(answer['objective'])}, but {objective} was proved"
        )
    claimed = result["certificate"]["claim"].get("bound")
    if answer.get("bound") is not None and (
        claimed is None
        or reading.number(answer["bound"], "answer.bound", decimals=False)
        != reading.number(claimed, "claim.bound")
    ):
        reading.reject("answer.bound", "is not the bound that the certificate claims")
    _same_sense(answer, model)
    _same_values(answer["values"], model, point, decimals)


def without_value(result: dict[str, Any], model: Model, point: Sequence[flint.fmpq] | None) -> None:
    """The same where there is no optimum: no objective is shown, and values only where there is a point."""
    _same_problem(result, model)
    if result.get("answer") is None:
        return
    answer = reading.mapping(result["answer"], "answer", (), None)
    if answer.get("objective") is not None:
        reading.reject("answer.objective", "is given, but the certificate proves that there is no optimum")
    if answer.get("sense") is not None:
        _same_sense(answer, model)
    if answer.get("values") is not None:
        if point is None:
            reading.reject("answer.values", "are given, but the certificate proves that there is no point")
        _same_values(answer["values"], model, point, decimals=False)


def _same_problem(result: dict[str, Any], model: Model) -> None:
    problem = result.get("problem")
    if problem is not None and model.text is not None and problem != model.text:
        reading.reject("problem", "is not the text of the certified formulation")


def _same_sense(answer: dict[str, Any], model: Model) -> None:
    if answer["sense"] != model.sense:
        reading.reject(
            "answer.sense", f"is {reading.shown(answer['sense'])}, but the formulation says {model.sense}"
        )


def _same_values(values: Any, model: Model, point: Sequence[flint.fmpq], decimals: bool) -> None:
    keys = list(_keys(model.declared).values())
    given = reading.mapping(values, "answer.values", keys, ())
    for key, proved in zip(keys, point, strict=True):
        if reading.number(given[key], f"answer.values, {key}", decimals=decimals) != proved:
            reading.reject("answer.values", f"{key} is {reading.shown(given[key])}, but {proved} was proved")
