"""From trials to `granularity.Fits`: fractional logit for errors, lines for tokens and seconds."""

from __future__ import annotations

import collections
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from quod.agents import granularity
from quod.bench.algorithms.base import Algorithm
from quod.bench.algorithms.execution import Call, Trial

Array = np.ndarray[Any, np.dtype[np.float64]]
RIDGE = 0.01
"""Weight of the penalty on standardised coefficients: keeps them finite where no error was seen."""
QUANTILES = 41
ENOUGH = 3
"""Values of m from which on the square of log m is fitted."""


def fit(
    algorithm: Algorithm, trials: Sequence[Trial], *, samples: int = 1, errors: Sequence[Trial] = ()
) -> granularity.TaskFit | None:
    """The fit of one task; None when there is no trial whose calls were answered.

    `errors` are more trials for the error alone, whose times mean nothing.
    """
    answered = [trial for trial in trials if any(call.failure is None for call in trial.calls)]
    if not answered:
        return None
    subs = [(call, min(trial.p, trial.pieces * samples)) for trial, call in _calls(answered, "sub")]
    finals = [(_sized(call, trial.n), 1) for trial, call in _calls(answered, "final")]
    return granularity.TaskFit(
        task=algorithm.name,
        unit=algorithm.unit,
        overlap=algorithm.overlap,
        samples=samples,
        n=_range(trial.n for trial in answered),
        m=_range(trial.m for trial in answered),
        p=_range(trial.p for trial in answered),
        trials=len(answered),
        error=_error([*answered, *errors]),
        sub=_call(subs),
        final=_call(finals) if finals else None,
        overhead=_overhead(answered),
    )


def _calls(trials: Sequence[Trial], role: str) -> list[tuple[Trial, Call]]:
    return [(t, call) for t in trials for call in t.calls if call.role == role and call.failure is None]


def _sized(call: Call, n: int) -> Call:
    return Call(call.role, n, call.seconds, call.usage, call.usable)


def _range(values: Any) -> tuple[int, int]:
    found = list(values)
    return min(found), max(found)


def _call(calls: Sequence[tuple[Call, int]]) -> granularity.CallFit:
    """Least squares; a line that falls is replaced by a constant, since no call gets cheaper by its size."""
    size = np.array([call.size for call, _ in calls], float)
    load = size * np.array([at_once - 1 for _, at_once in calls], float)
    if not _told_apart(calls):
        load = np.zeros_like(size)
    seconds = np.array([call.seconds for call, _ in calls], float)

    def line(values: Sequence[float]) -> granularity.Line:
        intercept, slope = _least_squares(np.array(values, float), [size])
        return granularity.Line(intercept=intercept, slope=slope)

    intercept, slope, loaded = _least_squares(seconds, [size, load])
    expected = np.maximum(intercept + slope * size + loaded * load, 1e-9)
    ratios = seconds / expected
    spread = np.quantile(ratios, (np.arange(QUANTILES) + 0.5) / QUANTILES)
    spread *= ratios.mean() / spread.mean()
    total = float(((seconds - seconds.mean()) ** 2).sum())
    missed = float(((seconds - expected) ** 2).sum())
    return granularity.CallFit(
        input_tokens=line([call.usage.input_tokens for call, _ in calls]),
        output_tokens=line([call.usage.output_tokens for call, _ in calls]),
        seconds=granularity.Line(intercept=intercept, slope=slope, load=loaded),
        spread=[round(float(value), 5) for value in spread],
        r_squared=round(1 - missed / total, 4) if total > 0 and len(calls) > ENOUGH else None,
        calls=len(calls),
    )


def _told_apart(calls: Sequence[tuple[Call, int]]) -> bool:
    """Whether one size was measured under several loads; else load and size rise and fall together."""
    loads: dict[int, set[int]] = collections.defaultdict(set)
    for call, at_once in calls:
        loads[call.size].add(at_once)
    return any(len(found) > 1 for found in loads.values())


def _overhead(trials: Sequence[Trial]) -> granularity.Line:
    count = np.array([len(trial.calls) for trial in trials], float)
    seconds = np.array([max(0.0, trial.makespan - trial.replayed) for trial in trials], float)
    intercept, slope = _least_squares(seconds, [count])
    return granularity.Line(intercept=intercept, slope=slope)


def _least_squares(y: Array, features: Sequence[Array]) -> list[float]:
    """Intercept and coefficients; those that come out negative, or do not vary, are 0 and not fitted."""
    kept = [i for i, feature in enumerate(features) if np.ptp(feature) > 0]
    while True:
        columns = np.column_stack([np.ones_like(y), *(features[i] for i in kept)])
        found = np.linalg.lstsq(columns, y, rcond=None)[0]
        negative = [i for i, value in zip(kept, found[1:], strict=True) if value < 0]
        if not negative:
            break
        kept.remove(negative[-1])
    slopes = dict(zip(kept, found[1:], strict=True))
    return [float(found[0]), *(float(slopes.get(i, 0.0)) for i in range(len(features)))]


def _error(trials: Sequence[Trial]) -> granularity.ErrorFit:
    """Quasi-likelihood by Newton's method, sandwich covariance by clusters (Papke and Wooldridge 1996)."""
    y = np.array([trial.scores["error"] for trial in trials], float)
    m, n = (np.log([getattr(trial, name) for trial in trials]) for name in ("m", "n"))
    features = np.column_stack([np.ones_like(y), m, m**2, n])
    kinds = len(set(m.tolist()))
    kept = [0] + [1] * (kinds > 1) + [2] * (kinds >= ENOUGH) + [3] * bool(np.ptp(n) > 0)
    # Standardised columns, so that one ridge suits all and nothing overflows; undone below.
    scaling = np.eye(4)
    for i in kept[1:]:
        deviation = features[:, i].std()
        scaling[:, i] = 0
        scaling[i, i], scaling[0, i] = 1 / deviation, -features[:, i].mean() / deviation
    x = (features @ scaling)[:, kept]
    # Replies for one input and m can be the same for every p: they count as one observation.
    groups = np.unique([(trial.n, trial.m, trial.number) for trial in trials], axis=0, return_inverse=True)[1]
    found, covariance = _newton(x, y, groups.ravel())
    back = scaling[:, kept]
    coefficients = back @ found
    fitted = granularity.ErrorFit(
        coefficients=coefficients.tolist(),
        covariance=(back @ covariance @ back.T).tolist(),
        rmse=0.0,
    )
    return fitted.model_copy(update={"rmse": round(_rmse(trials, fitted), 5)})


def _newton(x: Array, y: Array, groups: Any) -> tuple[Array, Array]:
    penalty = RIDGE * np.eye(x.shape[1])
    share = float(np.clip(y.mean(), 1e-3, 1 - 1e-3))
    found = np.zeros(x.shape[1])
    found[0] = math.log(share / (1 - share))
    for _ in range(100):
        mean = _logistic(x @ found)
        gradient = x.T @ (y - mean) - penalty @ found
        hessian = x.T @ (x * (mean * (1 - mean))[:, None]) + penalty
        step = np.linalg.solve(hessian, gradient)
        step *= min(1.0, 2.0 / max(1e-12, float(np.abs(step).max())))  # far steps overshoot
        found = found + step
        if float(np.abs(step).max()) < 1e-9:
            break
    mean = _logistic(x @ found)
    inverse = np.linalg.inv(x.T @ (x * (mean * (1 - mean))[:, None]) + penalty)
    residual = np.zeros((int(groups.max()) + 1, x.shape[1]))
    np.add.at(residual, groups, x * (y - mean)[:, None])
    return found, inverse @ (residual.T @ residual) @ inverse


def _logistic(scores: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-np.clip(scores, -500, 500))))


def _rmse(trials: Sequence[Trial], fitted: Callable[[float, float], float]) -> float:
    cells: dict[tuple[int, int], list[float]] = collections.defaultdict(list)
    for trial in trials:
        cells[trial.n, trial.m].append(float(trial.scores["error"] or 0.0))
    misses = [(sum(errors) / len(errors) - fitted(m, n)) ** 2 for (n, m), errors in cells.items()]
    return math.sqrt(sum(misses) / len(misses))
