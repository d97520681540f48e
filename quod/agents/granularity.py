"""How large the pieces of a task should be: error, cost and latency as fitted functions of m, and advice.

A task of size n is cut into pieces of size m, which p calls at once give to a model (Chen et al., arXiv
2407.14788, sections 3 and 4). From measured runs (`quod bench algorithms`) three things are fitted:

  error(m, n)     a fractional logit in log m, its square and log n (Papke and Wooldridge, J. Appl.
                  Econometrics 1996): one form for errors that rise, fall or do both
  tokens(m)       lines in the size of the piece, for input and output
  seconds(m, q)   a + b·m + c·m·(q − 1) with q calls at once, and the spread around it

and predicted: the cost by adding up pieces, the makespan by list scheduling of calls drawn from the spread.
What this does not cover: other models, prompts or inputs than those measured, and sizes outside the measured
range, which `advise` does not propose and marks as extrapolated when the caller insists.
"""

from __future__ import annotations

import importlib.resources
import json
import math
import operator
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pydantic

from quod import documents, errors
from quod.agents import makespan

DRAWS = 24
"""Simulated runs behind one predicted makespan."""
MOST_CANDIDATES = 60


class _Model(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", allow_inf_nan=False)


class Line(_Model):
    """intercept + slope·size + load·size·(calls at once − 1)."""

    intercept: float
    slope: float = 0.0
    load: float = 0.0

    def __call__(self, size: float, at_once: int = 1) -> float:
        """The value, never below 0."""
        return max(0.0, self.intercept + self.slope * size + self.load * size * (at_once - 1))


class CallFit(_Model):
    """Tokens and seconds of a call by its size; `spread`: quantiles of measured over fitted seconds."""

    input_tokens: Line
    output_tokens: Line
    seconds: Line
    spread: list[float] = pydantic.Field(min_length=1)
    r_squared: float | None = None
    """Of the seconds; None where they do not vary."""
    calls: int


class ErrorFit(_Model):
    """logit E[error] = coefficients · (1, log m, log² m, log n), with their covariance."""

    coefficients: list[float] = pydantic.Field(min_length=4, max_length=4)
    covariance: list[list[float]]
    rmse: float
    """Root mean square of fitted minus measured mean error over the cells of the sweep."""

    def __call__(self, m: float, n: float) -> float:
        """The expected error of a run."""
        return _logistic(self._score(_features(m, n)))

    def interval(self, m: float, n: float, z: float = 1.959963984540054) -> tuple[float, float]:
        """95 % interval of the expected error (delta method on the logit scale)."""
        x = _features(m, n)
        variance = sum(x[i] * x[j] * self.covariance[i][j] for i in range(4) for j in range(4))
        score, spread = self._score(x), z * math.sqrt(max(0.0, variance))
        return _logistic(score - spread), _logistic(score + spread)

    def _score(self, x: Sequence[float]) -> float:
        return sum(a * b for a, b in zip(self.coefficients, x, strict=True))


class TaskFit(_Model):
    """All that was fitted for one task, and the ranges of n, m and p that were measured."""

    task: str
    unit: str
    overlap: bool
    samples: int = 1
    n: tuple[int, int]
    m: tuple[int, int]
    p: tuple[int, int]
    trials: int
    error: ErrorFit
    sub: CallFit
    final: CallFit | None = None
    """Of a last call that needs the pieces; its size counts as n."""
    overhead: Line = Line(intercept=0.0)
    """Seconds of a run, by its number of calls, that were spent neither in calls nor waiting for them."""


class Fits(_Model):
    """A document of fits; `provenance` says which model was measured, how and when."""

    provenance: str
    tasks: dict[str, TaskFit]


class Weights(_Model):
    """What one unit of each is worth: error (0 to 1), tokens, seconds. The advice has the least sum."""

    error: float = pydantic.Field(0.0, ge=0)
    input_tokens: float = pydantic.Field(0.0, ge=0)
    output_tokens: float = pydantic.Field(0.0, ge=0)
    seconds: float = pydantic.Field(0.0, ge=0)


LATENCY = Weights(seconds=1.0)
COST = Weights(input_tokens=1.0, output_tokens=1.0)


@dataclass(frozen=True)
class Advice:
    """A size of pieces and what is predicted for it; `interval` is a 95 % interval of the expected error.

    `feasible` is False when no size keeps to the bound on the error: m then has the least error.
    `extrapolated` names the inputs that lie outside what was measured.
    """

    task: str
    n: int
    p: int
    m: int
    pieces: int
    error: float
    interval: tuple[float, float]
    input_tokens: float
    output_tokens: float
    latency: float
    feasible: bool
    extrapolated: tuple[str, ...]
    provenance: str

    def value(self, weights: Weights) -> float:
        """The weighted sum that is minimised."""
        return (
            weights.error * self.error
            + weights.input_tokens * self.input_tokens
            + weights.output_tokens * self.output_tokens
            + weights.seconds * self.latency
        )


def pieces(n: int, m: int, *, overlap: bool = False) -> list[tuple[int, int]]:
    """Half-open ranges of at most m that cover [0, n); with `overlap` they begin half of m apart."""
    if n < 1 or m < 1:
        raise errors.InvalidInput(f"size {n} cannot be cut into pieces of {m}; give sizes from 1 on")
    step = max(1, m // 2) if overlap else m
    starts = range(0, max(1, n - m + step) if overlap else n, step)
    return [(start, min(n, start + m)) for start in starts]


def advise(
    task: str,
    n: int,
    p: int,
    *,
    weights: Weights = LATENCY,
    max_error: float | None = None,
    cautious: bool = False,
    fits: Fits | None = None,
    candidates: Iterable[int] | None = None,
) -> Advice:
    """The size of pieces with the least weighted sum among those whose expected error is at most `max_error`.

    With `cautious` the upper end of the error's interval has to keep to the bound. Without `candidates` the
    smallest size for each number of pieces is tried, within the range that was measured. `fits` is the
    shipped document by default, which stands for the scripted model and no other (see its provenance).
    Raises InvalidInput for a task without a fit and for sizes below 1.
    """
    fits = fits or shipped()
    if task not in fits.tasks:
        known = ", ".join(sorted(fits.tasks))
        raise errors.InvalidInput(f"nothing was measured for {task!r}; known: {known}", field="task")
    fit = fits.tasks[task]
    if n < 1 or p < 1:
        raise errors.InvalidInput(f"n is {n} and p is {p}; give numbers from 1 on", field="n")
    sizes = sorted(set(candidates)) if candidates is not None else sizes_worth_trying(fit, n, p)
    if not sizes:
        raise errors.InvalidInput("no candidates were given", field="candidates")
    tried = [predict(fit, n, m, p, provenance=fits.provenance) for m in sizes]
    bound = math.inf if max_error is None else max_error
    allowed = [each for each in tried if (each.interval[1] if cautious else each.error) <= bound]
    if allowed:
        return min(allowed, key=lambda each: each.value(weights))
    least = min(tried, key=lambda each: each.error)
    return Advice(**{**least.__dict__, "feasible": False})


def predict(fit: TaskFit, n: int, m: int, p: int, *, provenance: str = "") -> Advice:
    """What a run with pieces of size m should give."""
    ranges = pieces(n, m, overlap=fit.overlap)
    sizes = [end - start for start, end in ranges for _ in range(fit.samples)]
    last = [fit.final] if fit.final else []
    outside = [
        name
        for name, value, (low, high) in (("n", n, fit.n), ("m", m, fit.m), ("p", p, fit.p))
        if not low <= value <= high
    ]
    return Advice(
        fit.task, n, p, m,
        pieces=len(ranges),
        error=fit.error(m, n),
        interval=fit.error.interval(m, n),
        input_tokens=sum(map(fit.sub.input_tokens, sizes)) + sum(each.input_tokens(n) for each in last),
        output_tokens=sum(map(fit.sub.output_tokens, sizes)) + sum(each.output_tokens(n) for each in last),
        latency=_latency(fit, sizes, n, p) + fit.overhead(len(sizes) + len(last)),
        feasible=True,
        extrapolated=tuple(outside),
        provenance=provenance,
    )  # fmt: skip


def sizes_worth_trying(fit: TaskFit, n: int, p: int) -> list[int]:
    """For each number of pieces the smallest size that needs no more: larger ones only wait longer.

    Of many numbers some are left out, but few that p divides, which leave no worker idle at the end.
    """
    low, high = min(fit.m[0], n), min(fit.m[1], n)
    most = len(pieces(n, low, overlap=fit.overlap))
    steps = min(most, MOST_CANDIDATES)
    counts = {round(most ** (i / max(1, steps - 1))) for i in range(steps)}
    counts |= set(range(1, min(most, 20) + 1)) | set(range(p, min(most, p * MOST_CANDIDATES) + 1, p))
    found = {low, high}
    for k in counts:
        m = math.ceil(2 * n / (k + 1)) if fit.overlap else math.ceil(n / k)
        while len(pieces(n, m, overlap=fit.overlap)) > k:
            m += 1
        found.add(m)
    return sorted(m for m in found if low <= m <= high)


def read(path: Path) -> Fits:
    """A document of fits, or the fits in a report of `quod bench algorithms`. Raises InvalidInput."""
    document = documents.read_json(str(path))
    if isinstance(document, dict) and "fits" in document:
        document = document["fits"]
    try:
        return Fits.model_validate(document)
    except pydantic.ValidationError as error:
        raise errors.InvalidInput(f"{path} is not a document of fits: {error}") from None


def shipped() -> Fits:
    """The fits that come with quod."""
    file = importlib.resources.files("quod.agents") / "data" / "granularity.json"
    return Fits.model_validate(json.loads(file.read_text(encoding="utf-8")))


def _latency(fit: TaskFit, sizes: Sequence[int], n: int, p: int) -> float:
    """Mean makespan of simulated runs; they share their randomness with those of other sizes."""
    at_once = min(p, len(sizes))
    expected = [fit.sub.seconds(size, at_once) for size in sizes]
    draws = 1 if len(fit.sub.spread) == 1 else DRAWS
    total = 0.0
    for number in range(draws):
        draw = random.Random(number)
        factors = draw.choices(fit.sub.spread, k=len(expected))
        total += makespan.independent(map(operator.mul, expected, factors), at_once)
    return total / draws + (fit.final.seconds(n) if fit.final else 0.0)


def _features(m: float, n: float) -> tuple[float, float, float, float]:
    return 1.0, math.log(m), math.log(m) ** 2, math.log(n)


def _logistic(score: float) -> float:
    return 1 / (1 + math.exp(-score)) if score > -700 else 0.0
