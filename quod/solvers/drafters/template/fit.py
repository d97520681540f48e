"""Fits the reader's log-linear weights: roles of numbers, attachment of coefficients, readings of bounds.

The tagger must not have seen the texts that these weights are fitted on (it would look better than it
is), so each text is tagged by a tagger that was trained without the texts near it.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from quod.solvers.drafters.template import assemble, attach, matching, roles
from quod.solvers.drafters.template.context import Context, make_context
from quod.solvers.drafters.template.lexicon import STOP
from quod.solvers.drafters.template.limits import Limit, Option
from quod.solvers.drafters.template.mentions import GENERIC, Variable, find_mentions
from quod.solvers.drafters.template.rows import CoefficientRow
from quod.solvers.drafters.template.tagger import Tagger, prepare
from quod.solvers.drafters.template.train import Document, train

FOLDS = 5
_BLOCK = 15  # neighbouring texts are often variants of each other and share a fold
_STEPS = 200


@dataclass(frozen=True)
class Choice:
    """Features of the alternatives, and which of them are right."""

    alternatives: list[dict[str, float]]
    right: list[bool]


@dataclass(frozen=True)
class Reference:
    """A model that a careful reader wrote down for a text."""

    names: tuple[str, ...]
    objective: tuple[Fraction, ...]
    rows: tuple[tuple[tuple[Fraction, ...], Fraction], ...]

    @staticmethod
    def parse(line: dict[str, Any]) -> Reference:
        """From {"vars": […], "obj": […], "cons": [[[…], op, rhs], …]}."""
        rows = tuple((tuple(map(_exact, c[0])), _exact(c[2])) for c in line["cons"])
        return Reference(tuple(line["vars"]), tuple(map(_exact, line["obj"])), rows)

    def variables(self) -> tuple[Variable, ...]:
        """The named variables as the reader labels them."""
        found = []
        for name in self.names:
            stems = {t.stem for t in prepare(name)[0] if t.stem not in STOP and t.text[0].isalnum()}
            found.append(Variable(name, frozenset(stems), 0, 0))
        return tuple(found)


def _exact(value: float | int | str) -> Fraction:
    return Fraction(str(value)).limit_denominator(10**9)


def jackknifed(documents: Sequence[Document]) -> list[Context]:
    """Every text tagged by a tagger that has not seen it."""
    contexts: dict[int, Context] = {}
    with tempfile.TemporaryDirectory() as folder:
        for fold in range(FOLDS):
            path = Path(folder) / f"{fold}.crfsuite"
            train([d for i, d in enumerate(documents) if i // _BLOCK % FOLDS != fold], path)
            tagger = Tagger(path)
            for i, (text, _) in enumerate(documents):
                if i // _BLOCK % FOLDS == fold:
                    tokens, numbers = prepare(text)
                    contexts[i] = make_context(text, tokens, numbers, tagger.tag(tokens, numbers))
    return [contexts[i] for i in range(len(documents))]


def fit_roles(contexts: Sequence[Context], documents: Sequence[Document]) -> dict[str, float]:
    """Weights of `roles`; half of the examples hide the tagger, so that wording alone can decide."""
    rows: list[tuple[dict[str, float], int]] = []
    for context, (_, spans) in zip(contexts, documents, strict=True):
        for number in context.numbers:
            role = roles.NEITHER
            for label, start, end in spans:
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
    rows = [reference.objective, *(row for row, rhs in reference.rows if rhs)]
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
    for vector, rhs in reference.rows:
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
    encoded = []
    for choice in choices:
        where = [np.array([index[f] for f in a], dtype=np.intp) for a in choice.alternatives]
        values = [np.array(list(a.values())) for a in choice.alternatives]
        encoded.append((where, values, np.array(choice.right, dtype=float)))
    weights, squares = np.zeros(len(names)), np.full(len(names), 1e-8)
    for _ in range(_STEPS):
        gradient = -decay * weights
        for where, values, right in encoded:
            scores = np.array([weights[w] @ v for w, v in zip(where, values, strict=True)])
            chances = np.exp(scores - scores.max())
            chances /= chances.sum()
            wanted = chances * right
            wanted /= max(wanted.sum(), 1e-12)
            for w, v, step in zip(where, values, wanted - chances, strict=True):
                gradient[w] += step * v
        squares += gradient**2
        weights += 0.5 * gradient / np.sqrt(squares)
    return {f: round(float(weights[k]), 3) for f, k in index.items()}
