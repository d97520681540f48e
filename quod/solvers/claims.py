"""Which elements of a formulation use a number or a comparison phrase of the text, by their evidence.

A range that marks just the number is taken at its word. A wider one ("at least 15 % of the land") counts for
a number only when the number's value, in one of its usual forms, occurs in what the element says; otherwise
a range over the whole sentence would cover everything.
"""

from __future__ import annotations

import bisect
import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from quod import errors
from quod import numbers as exact_numbers
from quod.solvers import metamorphic
from quod.solvers.comparisons import Phrase
from quod.solvers.drafters.template.numbers import Number
from quod.solvers.formulation import Convention, Evidence, Formulation, Parameter, Set, Variable

LONGEST = 2000
"""A range over more characters marks nothing."""
_NUMERAL = re.compile(
    r"(?<![\w.])(\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][+-]?\d{1,3})?(?:\s?/\s?(\d{1,40}))?"
)
_WORD = re.compile(r"[A-Za-z_]\w*")
_VALUES = 10_000  # of an indexed parameter that are looked at


@dataclass(frozen=True)
class Claim:
    """An element with its evidence; `compares` when it limits something (row, bound, strict reading)."""

    title: str
    evidence: Sequence[Evidence]
    values: frozenset[Fraction]
    names: frozenset[str]
    compares: bool
    targets: tuple[str, ...] = ()


def of_numbers(formulation: Formulation, numbers: Sequence[Number]) -> list[list[str]]:
    """For each number the titles of the elements that use it, conventions only when nothing else does."""
    starts = [n.start for n in numbers]
    users: list[list[Claim]] = [[] for _ in numbers]
    for claim in _claims(formulation):
        for span in claim.evidence:
            for i in _touched(span, starts, numbers):
                if _marks(span, numbers[i]) or (_holds(span, numbers[i]) and _says(claim, numbers[i])):
                    users[i].append(claim)
    return [_titles(claims) for claims in users]


def of_phrases(
    formulation: Formulation,
    phrases: Sequence[Phrase],
    numbers: Sequence[Number],
    users: Sequence[Sequence[str]],
) -> list[list[str]]:
    """For each phrase the titles of the rows and bounds that use it; `users` are those of the numbers.

    A phrase is used when a row marks it, or when a row uses the number that it governs. A range over several
    phrases counts only for those whose number the row uses too.
    """
    starts = [p.start for p in phrases]
    found: list[list[Claim]] = [[] for _ in phrases]
    comparing = [claim for claim in _claims(formulation) if claim.compares]
    titles = {claim.title for claim in comparing}
    used_in = _rows_of_parameters(formulation)
    for claim in comparing:
        for span in claim.evidence:
            touched = [i for i in _touched(span, starts, phrases) if _names(span, phrases[i])]
            for i in touched:
                number = phrases[i].number
                wide = len(touched) > 1 and number is not None and span.end >= numbers[number].start
                if not wide or claim.title in users[number or 0]:
                    found[i].append(claim)
    result = [_titles(claims) for claims in found]
    for i, phrase in enumerate(phrases):
        if phrase.number is not None:
            by_number = [row for user in users[phrase.number] for row in used_in.get(user, [user])]
            result[i] += [title for title in by_number if title in titles and title not in result[i]]
    return result


def _touched(
    span: Evidence, starts: Sequence[int], items: Sequence[Number] | Sequence[Phrase]
) -> Iterator[int]:
    if span.end - span.start > LONGEST:
        return
    i = max(0, bisect.bisect_right(starts, span.start) - 1)
    while i < len(items) and starts[i] < span.end:
        if items[i].end > span.start:
            yield i
        i += 1


def _marks(span: Evidence, number: Number) -> bool:
    return span.start >= number.start - 3 and span.end <= number.end + 3


def _names(span: Evidence, phrase: Phrase) -> bool:
    """It touches the first or the last word: in "more taxis than" a mark on "taxis" is no comparison."""
    words = phrase.text.split()
    first, last = phrase.start + len(words[0]), phrase.end - len(words[-1])
    return span.start < first or span.end > last


def _holds(span: Evidence, number: Number) -> bool:
    return span.start <= number.start and number.end <= span.end


def _says(claim: Claim, number: Number) -> bool:
    value = number.value
    forms = {value, -value}
    if number.kind in ("percent", "fraction"):
        forms |= {100 * value, 1 - value, 100 * (1 - value)}
        if value:
            forms |= {1 / value, (1 - value) / value}
        if value != 1:
            forms.add(value / (1 - value))
        forms |= {Fraction(value.numerator), Fraction(value.denominator)} & claim.values
    if number.kind == "times":
        forms |= {value + 1, value - 1} | ({1 / value} if value else set())
    # A coefficient of one is not written.
    return value == 1 or not forms.isdisjoint(claim.values)


def _titles(claims: Sequence[Claim]) -> list[str]:
    """Each once; a convention not beside its targets, a parameter not beside a row that names it."""
    titles = {claim.title for claim in claims}
    named = frozenset().union(*(claim.names for claim in claims if not claim.title.startswith("parameter ")))
    kept: dict[str, None] = {}
    for claim in claims:
        kind, _, name = claim.title.partition(" ")
        shadowed = kind == "parameter" and name in named
        beside = any(t.split(" ")[-1] == target for target in claim.targets for t in titles)
        if not shadowed and not beside:
            kept[claim.title] = None
    return list(kept)


def _rows_of_parameters(formulation: Formulation) -> dict[str, list[str]]:
    """For each parameter title the titles of the rows that name it."""
    rows: dict[str, list[str]] = {f"parameter {p.name}": [] for p in formulation.parameters}
    for row in formulation.constraints:
        for name in set(_WORD.findall(row.expression)):
            if f"parameter {name}" in rows:
                rows[f"parameter {name}"].append(f"constraint {row.name}")
    return rows


def _claims(formulation: Formulation) -> Iterator[Claim]:
    scalars = {p.name: p for p in formulation.parameters}
    parameter_values = functools.cache(lambda name: frozenset(_of_parameter(scalars[name])))

    def stated(expression: str) -> tuple[frozenset[Fraction], frozenset[str]]:
        names = frozenset(_WORD.findall(expression))
        used = frozenset().union(*(parameter_values(name) for name in names if name in scalars))
        return used | frozenset(_in_expression(expression)), names

    for a_set in formulation.sets:
        yield Claim(f"set {a_set.name}", a_set.evidence, frozenset(_of_set(a_set)), frozenset(), False)
    used = metamorphic.names_used(formulation)
    # A parameter that no expression names uses nothing.
    for p in (p for p in formulation.parameters if p.name in used):
        yield Claim(f"parameter {p.name}", p.evidence, parameter_values(p.name), frozenset(), False)
    for variable in formulation.variables:
        values = frozenset(_of_variable(variable))
        bounded = variable.upper is not None or variable.lower not in (None, "0")
        yield Claim(f"variable {variable.name}", variable.evidence, values, frozenset(), bounded)
    objective = formulation.objective
    yield Claim("objective", objective.evidence, *stated(objective.expression), False)
    for row in formulation.constraints:
        yield Claim(f"constraint {row.name}", row.evidence, *stated(f"{row.expression} {row.for_each}"), True)
    for i, convention in enumerate(formulation.conventions):
        yield _of_convention(i, convention)


def _of_convention(i: int, convention: Convention) -> Claim:
    values = frozenset(_in_expression(f"{convention.reading} {convention.alternative}"))
    title = f"convention {i + 1} ({convention.kind})"
    strict = convention.kind == "strictness"
    return Claim(title, convention.evidence, values, frozenset(), strict, tuple(convention.targets))


def _in_expression(expression: str) -> Iterator[Fraction]:
    for match in _NUMERAL.finditer(expression):
        top, _, _ = match.group().partition("/")
        yield Fraction(top.strip())
        if match[2]:
            yield Fraction(match[2])
            if int(match[2]):
                yield Fraction(top.strip()) / Fraction(match[2])


def _of_set(a_set: Set) -> Iterator[Fraction]:
    yield Fraction(len(a_set.elements))
    for element in a_set.elements[:_VALUES]:
        for part in element if isinstance(element, tuple) else (element,):
            yield from _in_expression(str(part))


def _of_variable(variable: Variable) -> Iterator[Fraction]:
    for bound in (variable.lower, variable.upper):
        if bound is not None and (bound != "0" or variable.evidence):
            yield Fraction(bound)


def _of_parameter(parameter: Parameter) -> Iterator[Fraction]:
    found: list[Any] = [parameter.value, parameter.default]
    pending = [parameter.values]
    while pending and len(found) < _VALUES:
        values = pending.pop()
        if isinstance(values, np.ndarray):
            found += values.ravel()[:_VALUES].tolist()
        elif isinstance(values, dict):
            pending += values.values()
        elif isinstance(values, list | tuple):
            pending += values
        else:
            found.append(values)
    for value in found:
        if value is not None:
            try:
                yield exact_numbers.exact(value)
            except errors.InvalidInput:
                continue
