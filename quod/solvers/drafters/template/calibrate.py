"""Fits how sure the reader is: a logistic model of whether its optimum is that of the reference model."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import highspy
import numpy as np

from quod.solvers.drafters.template import confidence, reader
from quod.solvers.drafters.template.context import Context
from quod.solvers.drafters.template.corpus import Example, Reference
from quod.solvers.drafters.template.loose_ends import assumptions_of, problems_of
from quod.solvers.drafters.template.model import Model
from quod.solvers.drafters.template.train_tagger import FOLDS, fold_of

_DECAY = 3.0
_BIAS = "bias"


@dataclass(frozen=True)
class Outcome:
    """What came of reading one text: features of the confidence, loose ends, and whether it was right."""

    source: str
    position: int
    row: dict[str, float]
    problems: tuple[str, ...]
    right: bool


def outcomes(contexts: Sequence[Context], examples: Sequence[Example]) -> list[Outcome]:
    """Reads every text that has a reference model."""
    found = []
    for position, (context, example) in enumerate(zip(contexts, examples, strict=True)):
        if example.reference is None:
            continue
        ranked = reader.rank(context)
        if not ranked:
            found.append(Outcome(example.source, position, {}, ("nothing",), False))
            continue
        draft, model, status, _ = ranked[0]
        problems = problems_of(draft, model) + assumptions_of(draft, model)
        row = confidence.features(draft, model, status, reader.margin(ranked), len(problems))
        right = agrees(optimum(*_of_model(model)), optimum(*_of_reference(example.reference)))
        found.append(Outcome(example.source, position, row, problems, right))
    return found


def fit_confidence(found: Sequence[Outcome]) -> dict[str, float]:
    """Weights of the logistic model (Newton steps, L2 decay on standardised features)."""
    read = [o for o in found if o.row]
    names = sorted(read[0].row, key=lambda name: name != _BIAS)
    table = np.array([[o.row[name] for name in names] for o in read])
    right = np.array([o.right for o in read], dtype=float)
    # Both kinds of text count alike: our own problems are fewer, and harder to read.
    size = Counter(o.source for o in read)
    share = np.array([len(read) / len(size) / size[o.source] for o in read])
    mean, spread = table.mean(axis=0), table.std(axis=0) + 1e-9
    mean[0], spread[0] = 0.0, 1.0
    scaled = (table - mean) / spread
    decay = np.full(len(names), _DECAY)
    decay[0] = 0.01
    weights = np.zeros(len(names))
    for _ in range(50):
        chance = 1.0 / (1.0 + np.exp(-scaled @ weights))
        slope = scaled.T @ (share * (chance - right)) + decay * weights
        curve = (scaled * (share * chance * (1 - chance))[:, None]).T @ scaled + np.diag(decay)
        weights -= np.linalg.solve(curve, slope)
    plain = weights / spread
    plain[0] -= float(plain[1:] @ mean[1:])
    return {name: round(float(w), 4) for name, w in zip(names, plain, strict=True)}


def report(found: Sequence[Outcome], threshold: float) -> Iterator[str]:
    """Accuracy per source, of all texts and of those read with confidence (judged by the other folds)."""
    sure, edge = set[int](), math.log(threshold / (1 - threshold))
    for fold in range(FOLDS):
        weights = fit_confidence([o for o in found if fold_of(o.position) != fold])
        mine = [o for o in found if fold_of(o.position) == fold and o.row and not o.problems]
        sure |= {o.position for o in mine if sum(weights[n] * v for n, v in o.row.items()) >= edge}
    for source in sorted({o.source for o in found}):
        here = [o for o in found if o.source == source]
        picked = [o for o in here if o.position in sure]
        yield (
            f"{source}: {sum(o.right for o in here)} of {len(here)} right; confident and without problems: "
            f"{sum(o.right for o in picked)} of {len(picked)} right"
        )


Rows = list[tuple[tuple[Fraction, ...], str, Fraction]]


def _of_model(model: Model) -> tuple[str, tuple[Fraction, ...], Rows]:
    return model.sense, model.objective, [(r.coefficients, r.op, r.rhs) for r in model.rows]


def _of_reference(reference: Reference) -> tuple[str, tuple[Fraction, ...], Rows]:
    return reference.sense, reference.objective, list(reference.rows)


def optimum(sense: str, objective: tuple[Fraction, ...], rows: Rows) -> float | None:
    """Optimal value over non-negative integers, strict rows one off; None where there is none."""
    solver = highspy.Highs()
    for option, value in (("output_flag", False), ("threads", 1), ("time_limit", 5.0), ("mip_rel_gap", 0.0)):
        solver.setOptionValue(option, value)
    for v, cost in enumerate(objective):
        solver.addVar(0, highspy.kHighsInf)
        solver.changeColCost(v, float(cost))
        solver.changeColIntegrality(v, highspy.HighsVarType.kInteger)
    maximize = sense == "max"
    solver.changeObjectiveSense(highspy.ObjSense.kMaximize if maximize else highspy.ObjSense.kMinimize)
    for coefficients, op, rhs in rows:
        scale = math.lcm(*(c.denominator for c in (*coefficients, rhs)))
        edge = rhs * scale + (1 if op == ">" else -1 if op == "<" else 0)
        lower = float(edge) if op in (">=", ">", "=") else -highspy.kHighsInf
        upper = float(edge) if op in ("<=", "<", "=") else highspy.kHighsInf
        used = [v for v, c in enumerate(coefficients) if c]
        values = np.array([float(coefficients[v] * scale) for v in used])
        solver.addRow(lower, upper, len(used), np.array(used, dtype=np.int32), values)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    return float(solver.getInfo().objective_function_value)


def agrees(a: float | None, b: float | None) -> bool:
    """The same optimum, or none in both."""
    if a is None or b is None:
        return a is b
    return math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-9)
