"""Chooses what each bound and the objective are about, together: every row should serve once."""

from __future__ import annotations

import math
from collections.abc import Iterator

from quod.solvers.drafters.template.context import Context, similarity
from quod.solvers.drafters.template.lexicon import GAIN, MONEY, STOP, UNITS
from quod.solvers.drafters.template.limits import Features, Limit, Option
from quod.solvers.drafters.template.nouns import hypernyms
from quod.solvers.drafters.template.objective import Target
from quod.solvers.drafters.template.rows import CoefficientRow
from quod.solvers.drafters.template.weights import WEIGHTS, option_weights

COUNT = -1


_SUM = -2


def match_bounds(
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
    head = _head(context, target) if target else ""
    known = [bool(head) and r.bag.get(head, 0.0) > 0.4 for r in rows]
    count["count:strange"] = float(bool(head) and not any(known))
    options = [Option("count", COUNT, count)]
    for k, row in enumerate(rows):
        features = _objective_features(target, row)
        features["objective:head"] = float(known[k])
        if head and not known[k]:
            features["objective:nohead"] = 1.0
            features["objective:sim"] *= 0.5
        options.append(Option("objective", k, features))
    return options


def _head(context: Context, target: Target) -> str:
    """Root of the noun that the objective counts; nothing for money, time and measures."""
    head = ""
    for i in target.phrase:
        token = context.tokens[i]
        if token.stem in STOP and head:
            break
        if token.stem not in STOP:
            head = "" if token.stem in UNITS | MONEY | GAIN else token.root
    return head


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
