"""From a sweep to its report: one JSON document of plain numbers.

Error bars are 95 % intervals: Wilson's for metrics that are 0 or 1, else percentile bootstrap over trials.
"""

from __future__ import annotations

import collections
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from quod import errors, jobs
from quod.agents import granularity
from quod.bench import statistics
from quod.bench.algorithms import comparison
from quod.bench.algorithms import fit as fitting
from quod.bench.algorithms.execution import Trial
from quod.bench.algorithms.sweep import Grid, Measured, algorithm

RESAMPLES = 1000
OBJECTIVES: Mapping[str, granularity.Weights] = {"latency": granularity.LATENCY, "cost": granularity.COST}
Cell = dict[str, Any]


def report(
    measured: Measured, *, model: str, seed: int, when: str, max_error: float | None = None
) -> dict[str, Any]:
    """The document: `cells`, `fits` (readable by `granularity.read`), `advice`, and what ended the sweep."""
    provenance = f"model {model}, seed {seed}, quod bench algorithms on {when}"
    fits = granularity.Fits(provenance=provenance, tasks={})
    cells: list[Cell] = []
    advice: list[dict[str, Any]] = []
    for grid in measured.grids:
        trials = measured.of(grid.task)
        fit = fitting.fit(algorithm(grid.task), trials, samples=grid.samples)
        if fit is not None:
            fits.tasks[grid.task] = fit
        cells += cells_of(grid, trials)
        advice += _advice(grid, trials, fits, max_error) if fit is not None else []
    return {
        "suite": "algorithms",
        "model": model,
        "seed": seed,
        "max_error": max_error,
        "ended": _ending(measured.ended),
        "usage": sum((c.usage for t in measured.trials for c in t.calls), jobs.Usage()).model_dump(),
        "cells": cells,
        "advice": advice,
        "fits": fits.model_dump(mode="json"),
    }


def cells_of(grid: Grid, trials: Sequence[Trial]) -> list[Cell]:
    """One line for each (n, m, p) that was measured.

    `predicted` is the makespan by a fit of the other half of the trials, so that no run predicts itself; None
    for a single trial. `replayed` is list scheduling of the calls' measured seconds.
    """
    halves = [[trial for trial in trials if trial.number % 2 == side] for side in (0, 1)]
    fits = [fitting.fit(algorithm(grid.task), half, samples=grid.samples) for half in halves]
    groups: dict[tuple[int, int, int], list[Trial]] = collections.defaultdict(list)
    for trial in trials:
        groups[trial.n, trial.m, trial.p].append(trial)
    return [_cell(grid.task, group, fits) for group in groups.values()]


def interval(values: Sequence[float], *, binary: bool = False) -> dict[str, Any]:
    """Mean with a 95 % interval, which is None for a single value of a metric that is not binary."""
    data = np.asarray(values, float)
    found: tuple[float, float] | None = None
    if binary:
        found = statistics.wilson(round(float(data.sum())), len(data))
    elif len(data) > 1:
        draws = np.random.default_rng(0).integers(len(data), size=(RESAMPLES, len(data)))
        low, high = np.quantile(data[draws].mean(axis=1), [0.025, 0.975])
        found = float(low), float(high)
    return {"mean": float(data.mean()), "interval": list(found) if found else None, "n": len(data)}


def _cell(task: str, trials: Sequence[Trial], fits: Sequence[granularity.TaskFit | None]) -> Cell:
    first, binary = trials[0], algorithm(task).binary
    scores: dict[str, Any] = {}
    for name in first.scores:
        values = [float(trial.scores[name] or 0) for trial in trials if trial.scores[name] is not None]
        scores[name] = interval(values, binary=name in binary) if values else None
    calls = [call for trial in trials for call in trial.calls]
    subs = [call for call in calls if call.role == "sub"]
    makespan = interval([trial.makespan for trial in trials])
    replayed = sum(trial.replayed for trial in trials) / len(trials)
    predicted = _cross_predicted(trials, fits)
    return {
        "task": task, "n": first.n, "m": first.m, "p": first.p, "trials": len(trials),
        "pieces": first.pieces,
        "calls": len(calls) / len(trials),
        "scores": scores,
        "wrong_pieces": interval([float(not call.right) for call in subs], binary=True) if subs else None,
        "unusable_replies": sum(not call.usable for call in calls),
        "failures": dict(collections.Counter(c.failure for c in calls if c.failure).most_common(5)),
        "input_tokens": sum(call.usage.input_tokens for call in calls) / len(trials),
        "output_tokens": sum(call.usage.output_tokens for call in calls) / len(trials),
        "makespan": makespan,
        "sequential": sum(call.seconds for call in calls) / len(trials),
        "replayed": replayed,
        "replayed_over_measured": replayed / makespan["mean"],
        "predicted": predicted,
        "predicted_over_measured": predicted / makespan["mean"] if predicted is not None else None,
    }  # fmt: skip


def _cross_predicted(trials: Sequence[Trial], fits: Sequence[granularity.TaskFit | None]) -> float | None:
    total = 0.0
    for trial in trials:
        fit = fits[1 - trial.number % 2]
        if fit is None:
            return None
        total += granularity.predict(fit, trial.n, trial.m, trial.p).latency
    return total / len(trials)


def _advice(
    grid: Grid, trials: Sequence[Trial], fits: granularity.Fits, max_error: float | None
) -> list[dict[str, Any]]:
    return [
        {
            "objective": name,
            **comparison.compare(fits, trials, grid.task, n, p, weights=weights, max_error=max_error),
        }
        for n in grid.n
        for p in grid.p
        for name, weights in OBJECTIVES.items()
        if any((trial.n, trial.p) == (n, p) for trial in trials)
    ]


def _ending(ended: errors.LimitExceeded | None) -> dict[str, Any] | None:
    if ended is None:
        return None
    return {"kind": ended.kind, "value": ended.value, "limit": ended.limit, "message": str(ended)}
