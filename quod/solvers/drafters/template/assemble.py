"""One model from one set of variables: roles of numbers, rows, bounds, objective, and features to rank it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from quod.solvers.drafters.template import comparisons, roles
from quod.solvers.drafters.template.attach import shipped_weights
from quod.solvers.drafters.template.comparisons import Comparison
from quod.solvers.drafters.template.context import Bag, Context, content, similarity, words_after
from quod.solvers.drafters.template.lexicon import STOP, UNITS
from quod.solvers.drafters.template.limits import Limit, Option, hypernyms, read_limit
from quod.solvers.drafters.template.mentions import GENERIC, Mention, Variable, find_mentions
from quod.solvers.drafters.template.numbers import Number
from quod.solvers.drafters.template.objective import Target, find_target
from quod.solvers.drafters.template.rows import CoefficientRow, attach_all, build_rows
from quod.solvers.drafters.template.weights import WEIGHTS, option_weights

Features = dict[str, float]
COUNT = -1
_SUM = -2


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
        chosen, objective, more = _match(context, limits, rows, target)
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


def _match(
    context: Context, limits: list[Limit], rows: list[CoefficientRow], target: Target | None
) -> tuple[list[tuple[Limit, Option]], int, Features]:
    """Chooses a reading for each bound and the objective together: every row should serve exactly once."""
    aims = objective_options(context, target, rows)
    ranked = [_ranked(limit.options) for limit in limits]
    best: tuple[float, list[Option], int, float] | None = None
    budget = [6000]
    for likelihood, aim in _ranked(aims)[:5]:
        used = {aim.target: 1} if aim.target >= 0 else {}
        for score, picks in _assign([r[:4] for r in ranked], rows, used, 0, budget):
            total = score + WEIGHTS["objective"] * likelihood
            if best is None or total > best[0] + 1e-9:
                best = (total, picks, aim.target, likelihood)
    if best is None:
        return [], COUNT, {"objective:none": 1.0, "limits:unread": 1.0}
    _, picks, objective, likelihood = best
    sums = [next(s for s, o in r if o is p) for r, p in zip(ranked, picks, strict=True)]
    merged: Features = {
        "objective": likelihood,
        "objective:none": float(target is None),
        "limits": sum(sums),
        "limits:worst": min(sums, default=0.0),
    }
    merged.update(_usage(rows, picks, objective))
    return list(zip(limits, picks, strict=True)), objective, merged


def served(option: Option) -> list[int]:
    """The rows that a reading of a bound uses."""
    if option.kind == "row":
        return [option.target]
    return (
        [k for k in range(option.target.bit_length()) if option.target >> k & 1]
        if option.kind == "rows"
        else []
    )


def _ranked(options: tuple[Option, ...] | list[Option]) -> list[tuple[float, Option]]:
    """Options with their log-probabilities, best first."""
    weights = option_weights()
    values = [sum(weights.get(n, 0.0) * v for n, v in o.features.items()) for o in options]
    if not values:
        return []
    top = max(values)
    total = top + math.log(sum(math.exp(v - top) for v in values))
    return sorted(((v - total, o) for v, o in zip(values, options, strict=True)), key=lambda x: -x[0])


def _usage(rows: list[CoefficientRow], picks: list[Option], objective: int) -> Features:
    count = [0] * len(rows)
    for pick in picks:
        for k in served(pick):
            count[k] += 1
    free = [c == 0 and k != objective for k, c in enumerate(count)]
    bound_twice = float(sum(c - 1 for c in count if c > 1))
    sums = sum(p.kind == "sum" for p in picks)
    seen = [(p.kind, p.target) for p in picks if p.kind == "bound"]
    return {
        "rows:unused": float(sum(free)),
        "rows:twice": bound_twice,
        "rows:both": float(objective >= 0 and count[objective] > 0),
        "sum:twice": float(max(0, sums - 1)),
        "bound:thrice": float(sum(seen.count(s) > 2 for s in set(seen))),
    }


def _assign(
    ranked: list[list[tuple[float, Option]]],
    rows: list[CoefficientRow],
    used: dict[int, int],
    at: int,
    budget: list[int],
) -> Iterator[tuple[float, list[Option]]]:
    if at == len(ranked):
        unused = sum(k not in used for k in range(len(rows)))
        twice = sum(c - 1 for k, c in used.items() if c > 1 and k >= 0)
        again = max(0, used.get(_SUM, 0) - 1)
        yield (
            WEIGHTS["rows:unused"] * unused + WEIGHTS["rows:twice"] * twice + WEIGHTS["sum:twice"] * again,
            [],
        )
        return
    if not ranked[at]:
        return
    for likelihood, option in ranked[at]:
        budget[0] -= 1
        if budget[0] < 0 and option is not ranked[at][0][1]:
            return
        following = dict(used)
        for k in served(option) or ([_SUM] if option.kind == "sum" else []):
            following[k] = following.get(k, 0) + 1
        for score, picks in _assign(ranked, rows, following, at + 1, budget):
            yield score + WEIGHTS["limits"] * likelihood, [option, *picks]


def objective_options(context: Context, target: Target | None, rows: list[CoefficientRow]) -> list[Option]:
    """Ways to read the objective: the plain count of the variables, or one of the rows."""
    nearest = max((similarity(target.bag, r.bag) for r in rows), default=0.0) if target else 0.0
    count = _count_features(context, target)
    count["count:unlike"] = float(nearest < 0.1)
    options = [Option("count", COUNT, count)]
    return options + [Option("objective", k, _objective_features(target, r)) for k, r in enumerate(rows)]


def _count_features(context: Context, target: Target | None) -> Features:
    features: Features = {"count": 1.0}
    if target is not None:
        features["count:counts"] = float(target.counts)
        features["count:gain"] = float("<gain>" in target.bag or "<money>" in target.bag)
        phrase = [context.tokens[i] for i in target.phrase]
        features["count:number"] = float(any(t.lower == "number" for t in phrase))
        features["count:empty"] = float(not target.bag)
        features["count:per_noun"] = float(_counted_per(context, target))
        features["count:hypernym"] = float(any(t.stem in hypernyms(context) for t in phrase))
        features["count:time"] = float(any(t.lower in ("time", "hours", "minutes", "days") for t in phrase))
    return features


def _counted_per(context: Context, target: Target) -> bool:
    """The objective counts what the coefficients are "per": "5 minutes per patient"."""
    nouns = {context.tokens[i].stem for i in target.phrase if context.tokens[i].stem not in STOP | UNITS}
    pairs = zip(context.tokens, context.tokens[1:], strict=False)
    return any(a.lower in ("per", "every") and b.stem in nouns for a, b in pairs)


def _objective_features(target: Target | None, row: CoefficientRow) -> Features:
    if target is None:
        return {"objective": 1.0}
    bag = row.bag
    features: Features = {"objective": 1.0, "objective:sim": similarity(target.bag, bag)}
    features["objective:gain"] = float("<gain>" in target.bag and "<gain>" in bag)
    features["objective:money"] = float("<money>" in target.bag and "<money>" in bag and "<gain>" not in bag)
    features["objective:nogain"] = float("<gain>" in target.bag and "<gain>" not in bag)
    features["objective:zero"] = float(features["objective:sim"] < 0.03)
    features["objective:sum"] = float(len({c.number.value for c in row.entries.values()}) == 1)
    return features
