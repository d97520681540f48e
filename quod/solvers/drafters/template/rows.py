"""Coefficient rows: the coefficients of different variables that speak of the same resource."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import permutations

from quod.solvers.drafters.template.attach import choose
from quod.solvers.drafters.template.context import (
    Bag,
    Context,
    describe,
    similarity,
    words_after,
    words_before,
)
from quod.solvers.drafters.template.lexicon import STOP
from quod.solvers.drafters.template.mentions import GENERIC, Mention
from quod.solvers.drafters.template.numbers import Number


@dataclass(frozen=True)
class Coefficient:
    """A number attached to a variable (GENERIC: to every variable), with what it is about."""

    number: Number
    variable: int
    bag: Bag
    sentence: int
    unit: str
    order: int
    siblings: int
    """Place among, and count of, the coefficients of the same variable in the sentence."""
    value: Fraction
    """The number, negative where the text calls it a loss."""


@dataclass
class CoefficientRow:
    """Coefficients by variable; a variable without an entry does not take part."""

    entries: dict[int, Coefficient] = field(default_factory=dict)

    @property
    def bag(self) -> Bag:
        """Mean of the bags of the coefficients."""
        total: Bag = {}
        members = list({id(c): c for c in self.entries.values()}.values())
        for member in members:
            for word, weight in member.bag.items():
                total[word] = total.get(word, 0.0) + weight / len(members)
        return total


def attach_all(
    context: Context,
    numbers: list[Number],
    mentions: list[Mention],
    weights: dict[str, float],
    taken: set[int],
) -> tuple[list[Coefficient], float]:
    """Coefficients with their most probable variables, and the sum of the log-probabilities."""
    chosen: list[tuple[Number, int]] = []
    score = 0.0
    listed = in_order(context, numbers, mentions)
    for number in numbers:
        if number.first in listed:
            chosen.append((number, listed[number.first][0]))
            continue
        options = choose(context, number, numbers, mentions, weights)
        score += options[0][0]
        chosen.append((number, options[0][1]))
    result = []
    for number, variable in chosen:
        sentence = context.tokens[number.first].sentence
        peers = [n for n, v in chosen if v == variable and context.tokens[n.first].sentence == sentence]
        # The last member of "2, 3 and 5 hours" says what all of them count.
        teller = listed[number.first][1] if number.first in listed else number
        unit = "$" if number.money else _unit(context, teller, taken)
        result.append(
            Coefficient(
                number,
                variable,
                describe(context, number, taken) | describe(context, teller, taken),
                sentence,
                unit,
                peers.index(number),
                len(peers),
                -number.value if _lost(context, number) else number.value,
            )
        )
    return result, score


def in_order(
    context: Context, numbers: list[Number], mentions: list[Mention]
) -> dict[int, tuple[int, Number]]:
    """Lists "2, 3 and 5 hours" with a number per variable: variable and last member, by first token."""
    found: dict[int, tuple[int, Number]] = {}
    order = list(dict.fromkeys(m.variable for m in mentions if m.variable != GENERIC))
    for run in _runs(context, numbers):
        if len(run) != len(order):
            continue
        start, end = context.sentence_of(run[0].first)
        here = [m for m in mentions if m.variable != GENERIC and start <= m.first <= end]
        near = list(dict.fromkeys(m.variable for m in here))
        told = any(t.lower in ("respectively", "order") for t in context.tokens[run[-1].last : end + 1])
        if near and len(near) != len(order):
            continue
        # "A costs 2 and B 3" is no list; a list stands behind or before all names.
        apart = not any(run[0].first < m.first < run[-1].first for m in here)
        if apart and (told or not near or len(order) > 2):
            for number, variable in zip(run, near or order, strict=True):
                found[number.first] = (variable, run[-1])
    return found


def _runs(context: Context, numbers: list[Number]) -> list[list[Number]]:
    """Numbers with nothing but commas, "and" and currency signs between them."""
    runs: list[list[Number]] = []
    for number in sorted(numbers, key=lambda n: n.first):
        gap = context.tokens[runs[-1][-1].last + 1 : number.first] if runs else []
        if runs and gap and all(t.lower in (",", "and", "or", "$", "€", "£", "%") for t in gap):
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs


def _lost(context: Context, number: Number) -> bool:
    spans = (*words_before(context, number), *words_after(context, number))
    # "loses 3 hours" is a plain amount of what is lost.
    return number.money and any(
        context.tokens[i].stem == "loss" or context.tokens[i].lower in ("loses", "lose") for i in spans
    )


def _unit(context: Context, number: Number, taken: set[int]) -> str:
    """The noun that the number counts, "$" for money."""
    if number.money:
        return "$"
    if number.kind == "percent":
        return "%"
    for i in words_after(context, number):
        token = context.tokens[i]
        if i in taken:
            return ""
        if token.stem not in STOP:
            return token.root
        if token.lower in ("per", "each", "every", "to", "for", "on"):
            return ""
    return ""


def _resource(coefficient: Coefficient, resources: tuple[Bag, ...]) -> int | None:
    """The one bound that clearly counts the same as the coefficient."""
    near = sorted(((similarity(coefficient.bag, bag), k) for k, bag in enumerate(resources)), reverse=True)
    if not near or near[0][0] < 0.5 or (len(near) > 1 and near[0][0] - near[1][0] < 0.12):
        return None
    return near[0][1]


def affinity(a: Coefficient, b: Coefficient, resources: tuple[Bag, ...]) -> float:
    """How well two coefficients of different variables share a row; `resources`: what the bounds count."""
    score = 2.5 * similarity(a.bag, b.bag)
    mine, yours = _resource(a, resources), _resource(b, resources)
    if mine is not None and yours is not None and mine != yours:
        score -= 3.0
    if a.unit and b.unit:
        score += 0.7 if a.unit == b.unit else -0.7
    if (a.unit == "$") != (b.unit == "$"):
        score -= 0.8
    if (a.unit == "%") != (b.unit == "%"):
        score -= 1.5
    if a.sentence == b.sentence:
        score += 0.5
    if a.siblings == b.siblings and a.order == b.order:
        score += 0.4
    return score


def build_rows(
    coefficients: list[Coefficient], variables: int, resources: tuple[Bag, ...]
) -> tuple[list[CoefficientRow], float]:
    """Rows by aligning column after column, the longest first; and the sum of affinities."""
    columns = {v: [c for c in coefficients if c.variable == v] for v in range(variables)}
    shared = [c for c in coefficients if c.variable == GENERIC]
    rows = [CoefficientRow(dict.fromkeys(range(variables), c)) for c in shared]
    order = sorted(columns, key=lambda v: (-len(columns[v]), v))
    grown = [CoefficientRow({order[0]: c}) for c in columns[order[0]]]
    total = 0.0
    for v in order[1:]:
        gained, pairs = _align(grown, columns[v], resources)
        total += gained
        placed = set()
        for r, c in pairs:
            grown[r].entries[v] = columns[v][c]
            placed.add(c)
        grown += [CoefficientRow({v: c}) for k, c in enumerate(columns[v]) if k not in placed]
    return rows + grown, total


def _align(
    rows: list[CoefficientRow], column: list[Coefficient], resources: tuple[Bag, ...]
) -> tuple[float, list[tuple[int, int]]]:
    """Best one-to-one match of a column's coefficients with the rows (a row takes one per variable)."""
    gains = [
        [sum(affinity(e, c, resources) for e in r.entries.values()) / len(r.entries) for c in column]
        for r in rows
    ]
    if not column or not rows:
        return 0.0, []
    if len(rows) > 6 or len(column) > 6:
        return _greedy(gains)
    best: tuple[float, list[tuple[int, int]]] = (-1e9, [])
    small = min(len(rows), len(column))
    for pick in permutations(range(max(len(rows), len(column))), small):
        pairs = list(enumerate(pick)) if len(rows) <= len(column) else [(r, c) for c, r in enumerate(pick)]
        pairs = [(r, c) for r, c in pairs if gains[r][c] > -0.9]
        value = sum(gains[r][c] + 0.6 for r, c in pairs)
        if value > best[0] + 1e-9:
            best = (value, pairs)
    return best


def _greedy(gains: list[list[float]]) -> tuple[float, list[tuple[int, int]]]:
    cells = sorted(((g, r, c) for r, line in enumerate(gains) for c, g in enumerate(line)), reverse=True)
    used_r: set[int] = set()
    used_c: set[int] = set()
    pairs, total = [], 0.0
    for gain, r, c in cells:
        if gain > -0.9 and r not in used_r and c not in used_c:
            pairs.append((r, c))
            total += gain + 0.6
            used_r.add(r)
            used_c.add(c)
    return total, pairs
