"""Fits the reader's log-linear weights: roles of numbers, attachment of coefficients, readings of bounds.

The tagger must not have seen the texts that these weights are fitted on (it would look better than it
is), so each text is tagged by a tagger that was trained without the texts near it.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from quod.solvers.drafters.template import assemble, attach, matching, roles
from quod.solvers.drafters.template.context import Context
from quod.solvers.drafters.template.corpus import Example, Reference
from quod.solvers.drafters.template.limits import Limit, Option
from quod.solvers.drafters.template.mentions import GENERIC, find_mentions
from quod.solvers.drafters.template.rows import CoefficientRow

_STEPS = 200


@dataclass(frozen=True)
class Choice:
    """Features of the alternatives, and which of them are right."""

    alternatives: list[dict[str, float]]
    right: list[bool]


def fit_roles(contexts: Sequence[Context], examples: Sequence[Example]) -> dict[str, float]:
    """Weights of `roles`; half of the examples hide the tagger, so that wording alone can decide."""
    rows: list[tuple[dict[str, float], int]] = []
    for context, example in zip(contexts, examples, strict=True):
        for number in context.numbers:
            role = roles.NEITHER
            for label, start, end in example.spans:
                if start < number.end and end > number.start and label in ("PARAM", "LIMIT"):
                    role = roles.COEFFICIENT if label == "PARAM" else roles.BOUND
            features = roles.features(context, number)
            hidden = {f: v for f, v in features.items() if f not in ("P", "L") and not f.startswith("tagged")}
            rows += [(features, roles.ROLES.index(role)), (hidden, roles.ROLES.index(role))]
    random.Random(0).shuffle(rows)
    choices = []
    for features, role_index in rows:
        alternatives = [{f"{r}|{f}": v for f, v in features.items()} for r in roles.ROLES]
        choices.append(Choice(alternatives, [k == role_index for k in range(len(roles.ROLES))]))
    return fit(choices, decay=1.0)


def attachment_choices(context: Context, reference: Reference) -> list[Choice]:
    """For each coefficient: the places it may belong to; right are those whose variable has its value."""
    variables = reference.variables()
    if not all(v.stems for v in variables):
        return []
    size, mentions = len(variables), find_mentions(context, variables)
    inside = {i for m in mentions for i in range(m.first, m.last + 1)}
    numbers = [
        n
        for n in context.numbers
        if n.kind != "times"
        and n.first not in inside
        and roles.probabilities(context, n)[roles.COEFFICIENT] > 0.5
    ]
    rows = [reference.objective, *(row for row, _, rhs in reference.rows if rhs)]
    found = []
    for number in numbers:
        several = [r for r in rows if number.value != 1 or (len({*r}) > 1 and sum(map(bool, r)) > 1)]
        holders = {v for r in several for v in range(size) if abs(r[v]) == number.value}
        everywhere = any(all(c == number.value for c in r) for r in rows)
        options = attach.places(context, number, numbers, mentions)
        right = [
            everywhere if o.mention is None else o.mention.variable in holders and len(holders) < size
            for o in options
        ]
        if holders and any(right) and not all(right):
            found.append(Choice([dict.fromkeys(o.features, 1.0) for o in options], right))
    return found


def option_choices(context: Context, reference: Reference) -> list[Choice]:
    """For each bound and the objective of the best draft over the reference's variables: its readings."""
    variables = reference.variables()
    if not all(v.stems for v in variables):
        return []
    draft = max(assemble.assemble(context, variables), key=lambda d: d.score, default=None)
    if draft is None:
        return []
    choices = [_limit_choice(limit, draft.rows, reference) for limit, _ in draft.limits]
    options = matching.objective_options(context, draft.target, draft.rows)
    ones = all(c == 1 for c in reference.objective)
    right = [
        ones if o.kind == "count" else _is_row(draft.rows[o.target], reference.objective) for o in options
    ]
    choices.append(Choice([o.features for o in options], right))
    return [c for c in choices if any(c.right) and not all(c.right)]


def _is_row(row: CoefficientRow, vector: tuple[Fraction, ...]) -> bool:
    return all((row.entries[v].value if v in row.entries else 0) == c for v, c in enumerate(vector))


def _limit_choice(limit: Limit, rows: list[CoefficientRow], reference: Reference) -> Choice:
    value, size = limit.number.value, len(reference.names)
    right: set[tuple[str, int]] = set()
    for vector, _, rhs in reference.rows:
        used = [v for v, c in enumerate(vector) if c]
        spread = max(vector) - min(vector)
        if limit.number.kind in ("percent", "fraction") and rhs == 0 and spread:
            scaled = [c / spread for c in vector]
            shares = (v for v in range(size) if all(c == (k == v) - value for k, c in enumerate(scaled)))
            right |= {("ratio", v) for v in shares}
        if rhs != value:
            continue
        if len(used) == 1 and vector[used[0]] == 1:
            right.add(("bound", used[0]))
        elif all(c == 1 for c in vector):
            right.add(("sum", GENERIC))
        right |= {("row", k) for k, row in enumerate(rows) if _is_row(row, vector)}
    return Choice([o.features for o in limit.options], _marks(limit.options, right, size))


def _marks(options: Iterable[Option], right: set[tuple[str, int]], size: int) -> list[bool]:
    served = {target for kind, target in right if kind == "row"}
    shared = [o for o in options if o.kind == "rows" and set(matching.served(o)) == served]
    if shared:
        return [o in shared for o in options]
    if sum(kind == "bound" for kind, _ in right) == size:
        right.add(("bound_all", GENERIC))
    return [(o.kind, o.target) in right for o in options]


def fit(choices: Sequence[Choice], decay: float) -> dict[str, float]:
    """Weights of the log-linear model that makes the right alternatives likely (AdaGrad, L2 decay)."""
    names = sorted({f for c in choices for a in c.alternatives for f in a})
    index = {f: k for k, f in enumerate(names)}
    flat = [a for c in choices for a in c.alternatives]
    column = np.array([index[f] for a in flat for f in a], dtype=np.intp)
    value = np.array([v for a in flat for v in a.values()])
    row = np.repeat(np.arange(len(flat)), [len(a) for a in flat])
    group = np.repeat(np.arange(len(choices)), [len(c.alternatives) for c in choices])
    right = np.array([r for c in choices for r in c.right], dtype=float)
    weights, squares = np.zeros(len(names)), np.full(len(names), 1e-8)
    for _ in range(_STEPS):
        scores = np.bincount(row, weights=weights[column] * value, minlength=len(flat))
        chances = _normalized(np.exp(np.clip(scores - _most(scores, group), -60.0, 0.0)), group)
        step = _normalized(chances * right, group) - chances
        gradient = np.bincount(column, weights=step[row] * value, minlength=len(names)) - decay * weights
        squares += gradient**2
        weights += 0.5 * gradient / np.sqrt(squares)
    return {f: round(float(weights[k]), 3) for f, k in index.items()}


def _most(scores: np.ndarray, group: np.ndarray) -> np.ndarray:
    most = np.full(group[-1] + 1, -np.inf)
    np.maximum.at(most, group, scores)
    spread: np.ndarray = most[group]
    return spread


def _normalized(mass: np.ndarray, group: np.ndarray) -> np.ndarray:
    shares: np.ndarray = mass / np.maximum(np.bincount(group, weights=mass), 1e-12)[group]
    return shares
