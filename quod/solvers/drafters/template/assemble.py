"""One model from one set of variables: roles of numbers, rows, bounds, objective, and features to rank it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from quod.solvers.drafters.template import comparisons, roles
from quod.solvers.drafters.template.attach import shipped_weights
from quod.solvers.drafters.template.comparisons import Comparison
from quod.solvers.drafters.template.context import Bag, Context, content, words_after
from quod.solvers.drafters.template.limits import Features, Limit, Option, read_limit
from quod.solvers.drafters.template.matching import match_bounds
from quod.solvers.drafters.template.mentions import GENERIC, Mention, Variable, find_mentions
from quod.solvers.drafters.template.numbers import Number
from quod.solvers.drafters.template.objective import Target, find_target
from quod.solvers.drafters.template.rows import CoefficientRow, attach_all, build_rows
from quod.solvers.drafters.template.weights import WEIGHTS


@dataclass
class Draft:
    """A candidate model in terms of the text; `features` score it against other candidates."""

    context: Context
    variables: tuple[Variable, ...]
    mentions: list[Mention]
    rows: list[CoefficientRow]
    limits: list[tuple[Limit, Option]]
    comparisons: list[Comparison]
    target: Target | None
    objective: int
    """Row of the objective, or COUNT for the plain sum of the variables."""
    unread: list[Number]
    features: Features = field(default_factory=dict)

    @property
    def score(self) -> float:
        """Weighted sum of the features."""
        return sum(WEIGHTS.get(name, 0.0) * value for name, value in self.features.items())


def assemble(context: Context, variables: tuple[Variable, ...]) -> Iterator[Draft]:
    """Candidate models over the given variables, one per way to tell coefficients from bounds."""
    mentions = find_mentions(context, variables)
    named = {m.variable for m in mentions} - {GENERIC}
    if len(named) < len(variables):
        return
    taken = {i for m in mentions for i in range(m.first, m.last + 1)}
    numbers = [n for n in context.numbers if not any(i in taken for i in range(n.first, n.last + 1))]
    target = find_target(context, taken)
    for coefficients, bounds, unread, cost in _roles(context, numbers):
        features: Features = {"roles": cost}
        stops = bounds + coefficients
        pairs, bounds_left, coefficients_left = _multipliers(context, coefficients, bounds, mentions, stops)
        attached, likelihood = attach_all(context, coefficients_left, mentions, shipped_weights(), taken)
        rows, agreement = build_rows(attached, len(variables), _resources(context, bounds_left, taken))
        features["attach"] = likelihood
        features["affinity"] = agreement / max(1, len(attached))
        _row_features(rows, len(variables), features)
        compared = pairs + _unless_covered(comparisons.plain(context, mentions), pairs)
        limits = [
            read_limit(context, n, rows, mentions, taken, len(variables), bounds_left) for n in bounds_left
        ]
        chosen, objective, more = match_bounds(context, limits, rows, target)
        features.update(more)
        _variable_features(context, variables, mentions, features)
        features["limits:none"] = float(not limits and not compared)
        yield Draft(context, variables, mentions, rows, chosen, compared, target, objective, unread, features)


def _roles(
    context: Context, numbers: list[Number]
) -> Iterator[tuple[list[Number], list[Number], list[Number], float]]:
    """Coefficients, bounds and unread numbers; the three least certain numbers are tried both ways."""
    sure: list[tuple[Number, str]] = []
    doubtful: list[tuple[float, Number, str, str]] = []
    for number in numbers:
        ranked = sorted(((p, r) for r, p in roles.probabilities(context, number).items()), reverse=True)
        sure.append((number, ranked[0][1]))
        if ranked[1][0] > 0.04:
            gap = math.log(ranked[0][0] / ranked[1][0])
            doubtful.append((gap, number, ranked[0][1], ranked[1][1]))
    doubtful.sort(key=lambda d: d[0])
    for mask in range(2 ** min(3, len(doubtful))):
        flips = {d[1]: d[3] for k, d in enumerate(doubtful[:3]) if mask >> k & 1}
        cost = -sum(d[0] for d in doubtful[:3] if d[1] in flips)
        split = [(n, flips.get(n, role)) for n, role in sure]
        yield (
            [n for n, r in split if r == "p"],
            [n for n, r in split if r == "b"],
            [n for n, r in split if r == "o"],
            cost,
        )


def _multipliers(
    context: Context,
    coefficients: list[Number],
    bounds: list[Number],
    mentions: list[Mention],
    stops: list[Number],
) -> tuple[list[Comparison], list[Number], list[Number]]:
    pairs: list[Comparison] = []
    used: set[int] = set()
    for number in sorted(coefficients + bounds, key=lambda n: n.first):
        gap = comparisons.difference(context, number, mentions)
        if gap is not None:
            pairs.append(gap)
            used.add(number.first)
            continue
        factor = number.kind == "times" or (number.kind == "fraction" and number in coefficients)
        if number.kind == "fraction" and number in bounds:
            factor = _compares(context, number)
        if not factor:
            continue
        pair = comparisons.multiplied(context, number, mentions, [s for s in stops if s is not number])
        if pair is not None:
            pairs.append(pair)
            used.add(number.first)
    return pairs, [n for n in bounds if n.first not in used], [n for n in coefficients if n.first not in used]


def _compares(context: Context, number: Number) -> bool:
    words = [t.lower for t in context.tokens[number.last + 1 : number.last + 7]]
    return "as" in words[:3] or "than" in words


def _resources(context: Context, bounds: list[Number], taken: set[int]) -> tuple[Bag, ...]:
    """What each bound counts ("60 units of taro"); bounds without a noun are left out."""
    found: list[Bag] = []
    for number in bounds:
        bag: Bag = {}
        content(context, words_after(context, number), taken, 1.0, bag)
        bag.pop("availab", None)
        if any(weight > 0.5 and not word.startswith("<") for word, weight in bag.items()):
            found.append(bag)
    return tuple(found)


def _unless_covered(plain: list[Comparison], pairs: list[Comparison]) -> list[Comparison]:
    return [c for c in plain if not any(p.first <= c.last and c.first <= p.last for p in pairs)]


def _row_features(rows: list[CoefficientRow], variables: int, features: Features) -> None:
    missing = sum(variables - len(r.entries) for r in rows)
    features["rows:missing"] = float(missing)
    features["rows:partial"] = float(sum(len(r.entries) < variables for r in rows))
    features["rows:none"] = float(not rows)
    features["rows:mixed"] = float(sum(len({c.unit == "$" for c in r.entries.values()}) > 1 for r in rows))
    features["rows:units"] = float(sum(len({c.unit for c in r.entries.values()} - {""}) > 1 for r in rows))


def _variable_features(
    context: Context, variables: tuple[Variable, ...], mentions: list[Mention], features: Features
) -> None:
    marginals = context.tagging.marginals[:, 0]
    inside = {i for m in mentions for i in range(m.first, m.last + 1)}
    features["vars:tagged_outside"] = float(sum(p for i, p in enumerate(marginals) if i not in inside))
    features["vars:inside"] = sum(math.log(max(marginals[i], 0.02)) for i in inside) / max(1, len(inside))
    features["vars:count"] = float(len(variables))
    features["vars:once"] = float(
        sum(sum(m.variable == v for m in mentions) < 2 for v in range(len(variables)))
    )
    features["vars:two"] = float(len(variables) == 2)
    said = _said_count(context)
    if said:
        features["vars:said" if said == len(variables) else "vars:notsaid"] = 1.0


def _said_count(context: Context) -> int:
    """ "two types of", "three different": how many variables the text announces."""
    for number in context.numbers:
        if number.worded and number.kind == "plain" and 2 <= number.value <= 5:
            following = [t.stem for t in context.tokens[number.last + 1 : number.last + 4]]
            if set(following) & {
                "type",
                "kind",
                "product",
                "method",
                "option",
                "different",
                "model",
                "brand",
                "way",
                "size",
                "variety",
            }:
                return int(number.value)
    return 0
