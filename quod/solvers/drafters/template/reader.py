"""`read(text)`: an optimization word problem as a candidate model, without a language model.

The three steps of Li et al. 2023 (identify the variables, classify objective and constraints against
typed templates, generate), done jointly: several sets of variables are tried, a model is assembled for
each, and the models are ranked by how well every number, row and bound of the text finds its place.

Covered are linear models in NL4Opt's manner: two to six variables, coefficient rows with a bound, sums,
single bounds, shares, and comparisons of two variables. Not covered: products of variables, indexed
families, blending percentages, conditions ("if … then"), several objectives.
"""

from __future__ import annotations

import dataclasses

from quod.solvers.drafters import wording
from quod.solvers.drafters.template import confidence, roles
from quod.solvers.drafters.template.assemble import Draft
from quod.solvers.drafters.template.context import Context, make_context
from quod.solvers.drafters.template.loose_ends import assumptions_of, problems_of
from quod.solvers.drafters.template.matching import COUNT
from quod.solvers.drafters.template.model import Model, ModelRow, build
from quod.solvers.drafters.template.numbers import Number
from quod.solvers.drafters.template.reading import Objective, Reading, ReadVariable, Row, Span, Unused
from quod.solvers.drafters.template.search import drafts
from quod.solvers.drafters.template.solve import status
from quod.solvers.drafters.template.tagger import prepare, shipped

LONGEST = 20_000
MOST_NUMBERS = 80
_CHECKED = 4
_PENALTY = {"unbounded": 4.0, "infeasible": 3.0}


def read(text: str) -> Reading:
    """The best candidate model of `text`; never raises on any text, see `Reading.problems`."""
    if len(text) > LONGEST:
        return _nothing(f"the text has {len(text)} characters; at most {LONGEST} are read")
    tokens, numbers = prepare(text)
    if not tokens:
        return _nothing("the text is empty")
    if len(numbers) > MOST_NUMBERS:
        return _nothing(f"the text has {len(numbers)} numbers; at most {MOST_NUMBERS} are read")
    return read_context(make_context(text, tokens, numbers, shipped().tag(tokens, numbers)))


def read_context(context: Context) -> Reading:
    """`read` for a text that is tagged already."""
    ranked = rank(context)
    if not ranked:
        missing = "no decision variables were found: two or more things that the numbers speak of"
        return Reading((), None, (), tuple(_unused(context, context.numbers)), (missing,), 0.0)
    draft, model, outcome, _ = ranked[0]
    problems, assumptions = problems_of(draft, model), assumptions_of(draft, model)
    doubts = len(problems) + len(assumptions)
    row = confidence.features(draft, model, outcome, margin(ranked), doubts)
    reading = _reading(draft, model, problems, confidence.probability(row))
    return dataclasses.replace(reading, assumptions=assumptions)


Ranked = tuple[Draft, Model, str, float]


def rank(context: Context) -> list[Ranked]:
    """Drafts with their models, best first; the leading ones are checked to have a finite optimum."""
    found: list[Ranked] = []
    for k, draft in enumerate(drafts(context)):
        model = build(draft)
        outcome = status(model) if k < _CHECKED else "unknown"
        found.append((draft, model, outcome, draft.score - _PENALTY.get(outcome, 0.0)))
    return sorted(found, key=lambda r: -r[3])


def margin(ranked: list[Ranked]) -> float:
    """Lead of the first model over the best one that says something else."""
    best = canonical(ranked[0][0], ranked[0][1])
    others = (score for draft, model, _, score in ranked[1:] if canonical(draft, model) != best)
    return ranked[0][3] - next(others, ranked[0][3] - 9.0)


def canonical(draft: Draft, model: Model) -> object:
    """The model up to the order of its variables and rows."""
    order = sorted(range(len(draft.variables)), key=lambda v: sorted(draft.variables[v].stems))
    rows = frozenset((tuple(r.coefficients[v] for v in order), r.op, r.rhs) for r in model.rows)
    return model.sense, tuple(model.objective[v] for v in order), rows


def _nothing(problem: str) -> Reading:
    return Reading((), None, (), (), (problem,), 0.0)


def _span(context: Context, first: int, last: int) -> Span:
    return Span(context.tokens[first].start, context.tokens[last].end)


def _names(draft: Draft) -> list[str]:
    names: list[str] = []
    for variable in draft.variables:
        name = " ".join(variable.name.split())
        # Two labels may be spelled alike; the model needs distinct names.
        names.append(name if name not in names else f"{name} ({len(names) + 1})")
    return names


def _reading(draft: Draft, model: Model, problems: tuple[str, ...], certainty: float) -> Reading:
    context, names = draft.context, _names(draft)
    places = [
        [context.tokens[m.first].start for m in draft.mentions if m.variable == v] for v in range(len(names))
    ]
    stated = wording.divisible(context.text, places)
    fractional = {v: (statement.start, statement.end) for v, statement in stated.items()}
    variables = tuple(
        ReadVariable(
            name,
            tuple(_span(context, m.first, m.last) for m in draft.mentions if m.variable == v),
            v in fractional,
            Span(*fractional[v]) if v in fractional else None,
        )
        for v, name in enumerate(names)
    )
    rows = tuple(_row(context, names, row, fractional) for row in model.rows)
    inside = {i for m in draft.mentions for i in range(m.first, m.last + 1)}
    used = {n.first for r in model.rows for n in r.numbers} | {n.first for n in model.objective_numbers}
    left = [n for n in context.numbers if n.first not in used and n.first not in inside]
    return Reading(
        variables, _objective(draft, model, names), rows, tuple(_unused(context, left)), problems, certainty
    )


def _objective(draft: Draft, model: Model, names: list[str]) -> Objective | None:
    if draft.target is None:
        return None
    context, phrase = draft.context, draft.target.phrase
    first, last = min(phrase.start, draft.target.cue), max(phrase.stop - 1, draft.target.cue)
    numbers = [Span(n.start, n.end) for n in model.objective_numbers]
    coefficients = dict(zip(names, model.objective, strict=True))
    return Objective(model.sense, coefficients, (_span(context, first, last), *numbers))


def _row(context: Context, names: list[str], row: ModelRow, fractional: dict[int, tuple[int, int]]) -> Row:
    conventions: list[str] = []
    if row.op in "<>":
        conventions.append("strict wording: one more or less where all variables are integers")
    if row.kind == "ratio":
        conventions.append("share of the sum of all variables")
    if row.how == "default":
        conventions.append("direction taken from the objective: the text does not say it")
    coefficients = {n: c for n, c in zip(names, row.coefficients, strict=True) if c}
    numbers = tuple(Span(n.start, n.end) for n in row.numbers)
    return Row(
        row.kind,
        coefficients,
        row.op,
        row.rhs,
        _span(context, row.first, row.last),
        numbers,
        tuple(conventions),
    )


def _unused(context: Context, numbers: list[Number]) -> list[Unused]:
    reasons = {
        roles.NEITHER: "reads like a name, a count of kinds or a remark",
        roles.COEFFICIENT: "reads like a coefficient, but no row takes it",
        roles.BOUND: "reads like a bound, but no row takes it",
    }
    found = []
    for number in numbers:
        chances = roles.probabilities(context, number)
        best = max(chances, key=lambda role: chances[role])
        found.append(Unused(Span(number.start, number.end), number.text, reasons[best]))
    return found


__all__ = ["COUNT", "LONGEST", "read", "read_context"]
