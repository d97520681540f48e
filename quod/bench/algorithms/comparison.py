"""Advice against measurement: what the advised size gave, over what the best size of a sweep gave."""

from __future__ import annotations

import collections
import math
import statistics
from collections.abc import Sequence
from typing import Any

from quod.agents import granularity
from quod.bench.algorithms.execution import Trial


def compare(
    fits: granularity.Fits,
    trials: Sequence[Trial],
    task: str,
    n: int,
    p: int,
    *,
    weights: granularity.Weights,
    max_error: float | None = None,
    errors: dict[int, float] | None = None,
) -> dict[str, Any]:
    """Advice among all sizes (`free`) and among those that `trials` measured, and the best of the latter.

    `advised_over_best` divides the measured values of the weighted sum; it is below 1 where the advised size
    breaks the bound on the error and the best one does not (`kept_bound`). `free_over_best` is the same for
    the free advice, None when it was not measured. `errors` are mean errors by m from
    a larger sample, in place of those of `trials`. Where no measured size keeps the bound, the one with the
    least error is the best. Makespans are medians over the trials, the rest are means.
    """
    measured = _measured([trial for trial in trials if (trial.n, trial.p) == (n, p)], errors)
    value = {m: _value(weights, *each) for m, each in measured.items()}
    bound = math.inf if max_error is None else max_error
    allowed = [m for m, each in measured.items() if each[0] <= bound]
    best = min(allowed, key=value.__getitem__) if allowed else min(measured, key=lambda m: measured[m][0])
    given = {"weights": weights, "max_error": max_error, "fits": fits}
    free = granularity.advise(task, n, p, **given)  # type: ignore[arg-type]
    advised = granularity.advise(task, n, p, **given, candidates=measured)  # type: ignore[arg-type]
    return {
        "task": task, "n": n, "p": p, "max_error": max_error,
        "free_m": free.m,
        "free": _shown(free, weights),
        "advised_m": advised.m,
        "advised": _shown(advised, weights),
        "measured_value": value[advised.m],
        "measured_error": measured[advised.m][0],
        "free_kept_bound": measured[free.m][0] <= bound if free.m in measured else None,
        "kept_bound": measured[advised.m][0] <= bound,
        "best_m": best,
        "best_value": value[best],
        "free_over_best": value[free.m] / value[best] if free.m in value and value[best] else None,
        "advised_over_best": value[advised.m] / value[best] if value[best] else None,
    }  # fmt: skip


def _measured(
    trials: Sequence[Trial], errors: dict[int, float] | None
) -> dict[int, tuple[float, float, float, float]]:
    """By m: error, input tokens, output tokens, makespan."""
    groups: dict[int, list[tuple[float, float, float, float]]] = collections.defaultdict(list)
    for trial in trials:
        tokens = [
            sum(getattr(call.usage, name) for call in trial.calls)
            for name in ("input_tokens", "output_tokens")
        ]
        groups[trial.m].append((float(trial.scores["error"] or 0), *tokens, trial.makespan))
    found = {}
    for m, rows in groups.items():
        columns = list(zip(*rows, strict=True))
        error, read, written = (statistics.mean(column) for column in columns[:3])
        seconds = statistics.median(columns[3])
        found[m] = (error if errors is None else errors[m], read, written, seconds)
    return found


def _value(weights: granularity.Weights, error: float, read: float, written: float, seconds: float) -> float:
    return (
        weights.error * error
        + weights.input_tokens * read
        + weights.output_tokens * written
        + weights.seconds * seconds
    )


def _shown(advice: granularity.Advice, weights: granularity.Weights) -> dict[str, Any]:
    return {
        "pieces": advice.pieces,
        "value": advice.value(weights),
        "error": advice.error,
        "error_interval": list(advice.interval),
        "input_tokens": advice.input_tokens,
        "output_tokens": advice.output_tokens,
        "latency": advice.latency,
        "feasible": advice.feasible,
        "extrapolated": list(advice.extrapolated),
    }
