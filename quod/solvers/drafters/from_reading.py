"""The `template` drafter: what the template reader understood, as a formulation."""

from __future__ import annotations

import re

from quod.solvers import formulation
from quod.solvers.drafters import base, shares, wording, writing
from quod.solvers.drafters.template import reader
from quod.solvers.drafters.template.reading import Reading, ReadVariable, Row, Span

_OBJECTIVE = re.compile(r"(?:maxim|minim)i[sz](?:e|ing)\s+(?:the |his |her |its |their )?(.{1,60})", re.I)
_OPERATORS = {"<=": "<=", ">=": ">=", "=": "==", "<": "<", ">": ">"}


class TemplateDrafter:
    """Reads without a language model and without a network; the same text always gives the same draft."""

    name = "template"

    def draft(self, text: str) -> base.Draft:
        """The best reading of `text`; what was not understood is in `problems`."""
        reading = reader.read(text)
        return base.Draft(
            formulation=formulate(text, reading),
            problems=list(reading.problems),
            confidence=reading.confidence,
            notes=list(reading.assumptions),
        )


def formulate(text: str, reading: Reading) -> formulation.Formulation | None:
    """The formulation of a reading; None without variables or without an objective."""
    if reading.objective is None or not reading.variables:
        return None
    labels = [variable.name for variable in reading.variables]
    names = dict(zip(labels, writing.identifiers(labels), strict=True))
    rows = [_row(f"c{number}", row, names) for number, row in enumerate(reading.rows, start=1)]
    coefficients = {names[label]: value for label, value in reading.objective.coefficients.items()}
    return formulation.Formulation(
        text=text,
        variables=[_variable(variable, names) for variable in reading.variables],
        objective=formulation.Objective(
            sense="maximize" if reading.objective.sense == "max" else "minimize",
            expression=writing.linear(coefficients),
            label=_label(text, reading.objective.evidence),
            evidence=_evidence(reading.objective.evidence),
        ),
        constraints=[row.constraint for row in rows],
        conventions=[
            *_integrality(reading, names),
            *_strictness(text, reading, rows),
            *shares.conventions(rows, list(names.values())),
        ],
        unused=[
            formulation.Unused(evidence=_evidence((item.span,))[0], reason=item.reason)
            for item in reading.unused
        ],
    )


def _label(text: str, evidence: tuple[Span, ...]) -> str:
    """What is best, in the words of the text: "profit" of "maximize his profit"; or empty."""
    words = text[evidence[0].start : evidence[0].end] if evidence else ""
    found = _OBJECTIVE.fullmatch(" ".join(words.split()))
    return found[1] if found else ""


def _variable(variable: ReadVariable, names: dict[str, str]) -> formulation.Variable:
    return formulation.Variable(
        name=names[variable.name],
        label=variable.name,
        domain="real" if variable.divisible else "integer",
        evidence=_evidence(variable.evidence),
    )


def _row(name: str, row: Row, names: dict[str, str]) -> shares.Row:
    coefficients = {names[label]: value for label, value in row.coefficients.items()}
    operator = _OPERATORS[row.op]
    found = shares.share(coefficients) if row.kind == "ratio" and row.rhs == 0 else None
    if found is not None and len(coefficients) == len(names):
        expression = shares.written(found[0], operator, found[1], list(names.values()))
    else:
        expression = writing.comparison(coefficients, operator, row.rhs)
    constraint = formulation.Constraint(
        name=name,
        kind=row.kind,
        expression=expression,
        description="; ".join(row.conventions),
        evidence=_evidence((row.clause, *row.numbers)),
    )
    return shares.Row(constraint, coefficients, operator, row.rhs)


def _strictness(text: str, reading: Reading, rows: list[shares.Row]) -> list[formulation.Convention]:
    return [
        wording.strictness(
            made.constraint.name,
            row.op,
            text[row.clause.start : row.clause.end],
            _evidence((row.clause,)),
        )
        for row, made in zip(reading.rows, rows, strict=True)
        if row.op in "<>"
    ]


def _integrality(reading: Reading, names: dict[str, str]) -> list[formulation.Convention]:
    found = []
    for divisible in (True, False):
        group = [variable for variable in reading.variables if variable.divisible is divisible]
        if group:
            spans = {variable.divisible_evidence for variable in group if variable.divisible_evidence}
            found.append(
                wording.integrality(
                    [names[variable.name] for variable in group],
                    divisible=divisible,
                    evidence=_evidence(tuple(spans)),
                )
            )
    return found


def _evidence(spans: tuple[Span, ...]) -> list[formulation.Evidence]:
    ranges = sorted({(span.start, span.end) for span in spans})
    return [formulation.Evidence(start=start, end=end) for start, end in ranges]
