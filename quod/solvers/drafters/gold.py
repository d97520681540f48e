"""The `gold` drafter: formulations from NL4Opt's official declarations.

It reads no words; it looks the text up among the records it was given. It is the oracle that everything
behind the reading is tested with, and what benchmarks compare other drafters to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from quod import errors
from quod.solvers import formulation
from quod.solvers.drafters import base, declarations, shares, wording, writing
from quod.solvers.drafters.template import numbers as text_numbers
from quod.solvers.drafters.template import tokens

NOT_DECLARED = "the official declarations do not use it"


class GoldDrafter:
    """Drafts the formulation that the official declarations of a known text state."""

    name = "gold"

    def __init__(self, records: Sequence[Mapping[str, Any]]) -> None:
        self._records = {str(record.get("document")): record for record in records}

    def draft(self, text: str) -> base.Draft:
        """The declared formulation of `text`. Raises InvalidInput when the text is in none of the records."""
        if text not in self._records:
            raise errors.InvalidInput(
                "the drafter `gold` only knows the texts of its benchmark file; this is none of them",
                field="text",
            )
        return base.Draft(formulation=formulate(self._records[text]), confidence=1.0)


def formulate(record: Mapping[str, Any]) -> formulation.Formulation:
    """The formulation of one official record, under the declared policy (see `wording`).

    Raises InvalidInput naming the field that is not understood.
    """
    problem = declarations.read(record)
    names = writing.identifiers(problem.labels)
    spans = _Spans(problem)
    evidence = [spans.variable(i) for i in range(len(names))]
    stated = wording.divisible(problem.text, [[e.start for e in places] for places in evidence])
    variables = [
        formulation.Variable(
            name=name, label=label, domain="real" if i in stated else "integer", evidence=evidence[i]
        )
        for i, (name, label) in enumerate(zip(names, problem.labels, strict=True))
    ]
    conventions = _integrality(names, stated)
    objective = _objective(problem.objective, names, spans)
    rows: list[shares.Row] = []
    for i, declared in enumerate(problem.rows):
        row, convention = _row(declared, f"c{i + 1}", names, spans)
        rows.append(row)
        conventions += [convention] if convention else []
    conventions += shares.conventions(rows, names)
    return formulation.Formulation(
        text=problem.text, variables=variables, objective=objective,
        constraints=[row.constraint for row in rows],
        conventions=conventions, unused=spans.unused(),
    )  # fmt: skip


def _integrality(
    names: Sequence[str], stated: Mapping[int, formulation.Evidence]
) -> list[formulation.Convention]:
    divisible = [name for i, name in enumerate(names) if i in stated]
    whole = [name for i, name in enumerate(names) if i not in stated]
    found = []
    if divisible:
        spans = sorted({(e.start, e.end) for e in stated.values()})
        evidence = [formulation.Evidence(start=start, end=end) for start, end in spans]
        found.append(wording.integrality(divisible, divisible=True, evidence=evidence))
    if whole:
        found.append(wording.integrality(whole, divisible=False))
    return found


def _objective(
    declared: declarations.Objective, names: Sequence[str], spans: _Spans
) -> formulation.Objective:
    values = [v.exact for v in declared.values] or [Fraction(1)] * len(declared.variables)
    evidence = spans.take("OBJ_DIR", declared.direction)
    for variable, value in zip(declared.variables, declared.values, strict=False):
        evidence += spans.take("PARAM", value.words, near=spans.places(variable))
    return formulation.Objective(
        sense=declared.sense, label=declared.name, evidence=_sorted(evidence),
        expression=writing.linear(_collect(declared.variables, values, names)),
    )  # fmt: skip


def _row(
    declared: declarations.Row, name: str, names: Sequence[str], spans: _Spans
) -> tuple[shares.Row, formulation.Convention | None]:
    strict = declared.operator != "==" and wording.is_strict(declared.direction, declared.operator)
    # "two times more" words a multiple; only "more than two times" excludes equality.
    if declared.kind == "xby" and "than" not in declared.direction.lower():
        strict = strict and "exceed" in declared.direction.lower()
    operator = declared.operator[0] if strict else declared.operator
    direction, numbers = spans.row(declared)
    row = formulation.Constraint(
        name=name, kind=declared.kind, expression=_expression(declared, operator, names),
        evidence=_sorted(direction + numbers),
    )  # fmt: skip
    convention = wording.strictness(name, operator, declared.direction, direction) if strict else None
    coefficients, rhs = _totals(declared, names)
    return shares.Row(row, coefficients, operator, rhs), convention


def _totals(declared: declarations.Row, names: Sequence[str]) -> tuple[dict[str, Fraction], Fraction]:
    """Coefficients and right-hand side of a sum or a share; nothing for the kinds that are neither."""
    if declared.kind == "sum":
        return dict.fromkeys(names, Fraction(1)), declared.values[0].exact
    if declared.kind == "ratio":
        proportion = declared.values[0].exact
        part = names[declared.variables[0]]
        return {name: (name == part) - proportion for name in names}, Fraction(0)
    return {}, Fraction(0)


def _expression(declared: declarations.Row, operator: str, names: Sequence[str]) -> str:
    values = [v.exact for v in declared.values]
    named = [names[i] for i in declared.variables]
    everything = {name: Fraction(1) for name in names}
    if declared.kind == "sum":
        return writing.comparison(everything, operator, values[0])
    if declared.kind == "linear":
        return writing.comparison(_collect(declared.variables, values[:-1], names), operator, values[-1])
    if declared.kind == "ratio":
        return shares.written(named[0], operator, values[0], names)
    if declared.kind == "xy":
        return f"{named[0]} {operator} {named[1]}"
    if declared.kind == "xby":
        return f"{named[0]} {operator} {writing.factor(values[0])}*{named[1]}"
    return writing.comparison({named[0]: Fraction(1)}, operator, values[0])


def _collect(
    variables: Sequence[int], values: Sequence[Fraction], names: Sequence[str]
) -> dict[str, Fraction]:
    """Coefficients by name; terms that mean the same variable are added."""
    total: dict[str, Fraction] = {}
    for variable, value in zip(variables, values, strict=True):
        total[names[variable]] = total.get(names[variable], Fraction(0)) + value
    return total


def _sorted(evidence: Sequence[formulation.Evidence]) -> list[formulation.Evidence]:
    unique = {(e.start, e.end): e for e in evidence}
    return [unique[key] for key in sorted(unique)]


def _distance(start: int, near: Sequence[int], *, behind: int, before: int) -> int:
    """Weighted distance of `start` to the closest of `near`; `start` itself when there is none."""
    return min((behind * (start - p) if start >= p else before * (p - start) for p in near), default=start)


class _Spans:
    """The tagged spans of a record, given out to the declarations that mean them."""

    def __init__(self, problem: declarations.Problem) -> None:
        self._problem = problem
        self._given: set[int] = set()

    def variable(self, index: int) -> list[formulation.Evidence]:
        """Every mention of a variable."""
        return [self._evidence(i) for i in self._labelled("VAR") if self._variable_of(i) == index]

    def places(self, variable: int) -> list[int]:
        """Where the mentions of a variable end."""
        return [evidence.end for evidence in self.variable(variable)]

    def take(self, label: str, words: str, near: Sequence[int] = ()) -> list[formulation.Evidence]:
        """The span of `words` that is free (any if none is) and lies closest behind one of `near`."""
        fitting = [i for i in self._labelled(label) if self._span(i).words.lower() == words.lower()]
        if not fitting:
            return []
        best = min(fitting, key=lambda i: (i in self._given, self._behind(i, near)))
        self._given.add(best)
        return [self._evidence(best)]

    def row(
        self, declared: declarations.Row
    ) -> tuple[list[formulation.Evidence], list[formulation.Evidence]]:
        """Evidence of the comparison words and of the numbers of a row."""
        has_limit = declared.kind not in ("xy", "xby")
        limit = self._limit(declared) if has_limit else []
        anchors = [e.start for e in limit] or [p for v in declared.variables for p in self.places(v)]
        numbers = list(limit)
        if declared.kind == "xby":
            numbers += self.take("PARAM", declared.values[0].words, near=anchors)
            anchors = [e.start for e in numbers] or anchors
        direction = self._direction(declared.direction, anchors)
        if declared.kind == "linear":
            for variable, value in zip(declared.variables, declared.values[:-1], strict=True):
                numbers += self.take("PARAM", value.words, near=self.places(variable))
        return direction, numbers

    def _direction(self, words: str, anchors: Sequence[int]) -> list[formulation.Evidence]:
        """The comparison words closest before an anchor; one phrase may govern several rows."""
        fitting = [i for i in self._labelled("CONST_DIR") if self._span(i).words.lower() == words.lower()]
        if not fitting:
            return []
        best = min(fitting, key=lambda i: _distance(self._span(i).start, anchors, behind=2, before=1))
        self._given.add(best)
        return [self._evidence(best)]

    def unused(self) -> list[formulation.Unused]:
        """Numbers of the text, tagged or not, and tagged comparison phrases that no declaration means."""
        used = [(s.start, s.end) for i, s in enumerate(self._problem.spans) if i in self._given]
        used += [(s.start, s.end) for s in self._problem.spans if s.label == "VAR"]
        left = [(s.start, s.end) for s in self._problem.spans if s.label == "CONST_DIR"]
        text = self._problem.text
        left += [(n.start, n.end) for n in text_numbers.find_numbers(text, tokens.tokenize(text))]
        free = sorted({(a, b) for a, b in left if not any(a < end and start < b for start, end in used)})
        return [
            formulation.Unused(evidence=formulation.Evidence(start=a, end=b), reason=NOT_DECLARED)
            for a, b in free
        ]

    def _limit(self, declared: declarations.Row) -> list[formulation.Evidence]:
        places = [p for v in declared.variables for p in self.places(v)]
        words = declared.values[-1].words
        return self.take("LIMIT", words, near=places) or self.take("PARAM", words, near=places)

    def _variable_of(self, index: int) -> int | None:
        mention = self._span(index).words
        known = self._problem.mentions.get(mention)
        lower = {m.lower(): i for m, i in self._problem.mentions.items()}
        return known if known is not None else lower.get(mention.lower())

    def _behind(self, index: int, near: Sequence[int]) -> int:
        # A number follows its variable more often than it precedes it.
        return _distance(self._span(index).start, near, behind=1, before=2)

    def _labelled(self, label: str) -> Iterator[int]:
        return (i for i, span in enumerate(self._problem.spans) if span.label == label)

    def _span(self, index: int) -> declarations.Span:
        return self._problem.spans[index]

    def _evidence(self, index: int) -> formulation.Evidence:
        span = self._span(index)
        return formulation.Evidence(start=span.start, end=span.end)
