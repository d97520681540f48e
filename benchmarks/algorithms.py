"""Predicted against measured makespan, and advised against best size of pieces, of four LLM-based algorithms.

    python benchmarks/algorithms.py [--quick] [--json] [--jitter SIGMA]

A scripted model with parametric errors and waiting times (log-normal, SIGMA of the logarithm) stands for an
endpoint. Sub-tasks run through quod's scheduler, p at once, and really wait; four inputs at a time, each
with its own p. One sweep is fitted. A second one, with other inputs, other noise and also values of p that
the first did not see, is what the fit has to predict: no run predicts itself. Error rates come from more
inputs, for which the model does not wait. The script asks for priority where it may (`nice` in the document);
a cell (task, m, p) in which other work took more than a twentieth of the time from the scheduler is measured
again, at most twice, and the least disturbed counts.

Makespans of a cell are medians over its inputs: `predicted` by the fit alone, `replayed` by list scheduling
of the seconds that the calls took, and the peer `waves`, which groups calls by p and waits for the slowest of
each group (how the paper's released code estimates it).

Advice is compared with the best measured size of the second sweep, in which the advised size is measured too:
`latency`; `cost` in tokens; `weighted`, seconds plus error times what makes both vary equally in the first
sweep; `bounded_latency` under a bound on the error, in the middle of the largest step between neighbouring
sizes. Where the advised size breaks a bound that it was expected to keep, it is faster than the best size
that keeps it: such advice counts in `bounded_advice_within_bound` only.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import platform
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from quod.agents import granularity
from quod.agents.granularity import Weights
from quod.bench.algorithms import comparison, fit, sweep
from quod.bench.algorithms.execution import Trial
from quod.models import parametric

Document = dict[str, Any]
Grid = tuple[tuple[int, ...], tuple[int, ...]]
"""Sizes of pieces, and calls at once."""
SEEN, UNSEEN = 4, {True: (3,), False: (2, 8)}
"""Parallelism that is fitted (in full runs also 1), and by `quick` that which is only predicted."""
QUIET, AGAIN = 0.95, 2
"""Below this share of the makespan in calls a cell counts as disturbed; how often it is measured again."""
AT_ONCE = parametric.Timing(base=0, per_input=0, per_output=0)


def sizes(task: str, quick: bool) -> tuple[int, ...]:
    """Sizes of pieces; the smallest take longest and are left out of quick runs."""
    return sweep.SIZES[task][1][2 if quick else 0 :]


async def measure(quick: bool, jitter: float, say: Callable[[str], None]) -> Document:
    """Both sweeps of all tasks, and what they say."""
    timing = parametric.Timing(base=0.06, jitter=jitter)
    timed, errors = (8, 60) if quick else (12, 300)
    grids: dict[str, Grid] = {
        task: (sizes(task, quick), (SEEN,) if quick else (1, SEEN)) for task in sweep.ALGORITHMS
    }
    first = await _sweeps(grids, timed, errors, seed=1, timing=timing)
    say("the first sweep is done")
    fits = granularity.Fits(provenance="this run", tasks={})
    goals = {}
    for task, (waited, computed) in first.items():
        found = fit.fit(sweep.ALGORITHMS[task](), waited, errors=computed)
        assert found is not None
        fits.tasks[task] = found
        goals[task] = objectives(found, waited, computed)
        advised = {
            granularity.advise(task, waited[0].n, p, fits=fits, weights=weights, max_error=bound).m
            for p in (SEEN, *UNSEEN[quick])
            for weights, bound in goals[task].values()
        }
        grids[task] = (tuple(sorted({*grids[task][0], *advised})), (SEEN, *UNSEEN[quick]))
    second = await _sweeps(grids, timed, errors, seed=2, timing=timing)
    say("the second sweep is done")
    return {
        task: {
            "error_fit_rmse": fits.tasks[task].error.rmse,
            "seconds_fit_r_squared": fits.tasks[task].sub.r_squared,
            "cells": cells(fits.tasks[task], waited, computed),
            "advice": advice(fits, waited, computed, goals[task]),
        }
        for task, (waited, computed) in second.items()
    }


async def _sweeps(
    grids: Mapping[str, Grid], timed: int, errors: int, *, seed: int, timing: parametric.Timing
) -> dict[str, tuple[list[Trial], list[Trial]]]:
    """By task the trials that wait, and those for the error alone."""
    found = {}
    for task, (m, p) in grids.items():
        waited = await _sweep(task, (m, p), timed, seed=seed, timing=timing)
        for cell in sorted({(t.m, t.p) for t in waited}):
            kept = [t for t in waited if (t.m, t.p) == cell]
            for _ in range(AGAIN):
                if _undisturbed(kept) >= QUIET:
                    break
                again = await _sweep(task, ((cell[0],), (cell[1],)), timed, seed=seed, timing=timing)
                kept = max(kept, again, key=_undisturbed)
            waited = [t for t in waited if (t.m, t.p) != cell] + kept
        # One input of a task whose error is 0 or 1 says least.
        many = errors * (3 if "error" in sweep.ALGORITHMS[task]().binary else 1)
        found[task] = waited, await _sweep(task, (m, (SEEN,)), many, seed=seed, timing=AT_ONCE)
    return found


def _undisturbed(trials: Sequence[Trial]) -> float:
    return statistics.median(t.replayed / t.makespan for t in trials)


async def _sweep(task: str, sizes: Grid, trials: int, *, seed: int, timing: parametric.Timing) -> list[Trial]:
    grid = sweep.grid(task, m=sizes[0], p=sizes[1], trials=trials)
    return (await sweep.run([grid], sweep.scripted(seed, timing), seed=seed, at_once=4)).trials


def objectives(
    found: granularity.TaskFit, trials: Sequence[Trial], many: Sequence[Trial]
) -> dict[str, tuple[Weights, float | None]]:
    """Weights and bound on the error, by name."""
    n = trials[0].n
    seconds = [
        statistics.mean(t.makespan for t in trials if (t.m, t.p) == (m, SEEN))
        for m in sorted({t.m for t in trials})
    ]
    errors = list(mean_errors(many).values())
    worth = (max(seconds) - min(seconds)) / max(1e-9, max(errors) - min(errors))
    fitted = [found.error(m, n) for m in sorted({t.m for t in trials})]
    low, high = max(pairwise(fitted), key=_step)
    return {
        "latency": (granularity.LATENCY, None),
        "cost": (granularity.COST, None),
        "weighted": (Weights(seconds=1, error=worth), None),
        "bounded_latency": (granularity.LATENCY, (low + high) / 2),
    }


def _step(pair: tuple[float, float]) -> float:
    return abs(pair[1] - pair[0])


def mean_errors(trials: Sequence[Trial]) -> dict[int, float]:
    """By size of pieces."""
    return {
        m: statistics.mean(float(t.scores["error"] or 0) for t in trials if t.m == m)
        for m in sorted({t.m for t in trials})
    }


def cells(found: granularity.TaskFit, trials: Sequence[Trial], many: Sequence[Trial]) -> list[Document]:
    """Measured and predicted makespans and errors by m and p."""
    errors = mean_errors(many)
    rows = []
    for m, p in sorted({(t.m, t.p) for t in trials}):
        group = [t for t in trials if (t.m, t.p) == (m, p)]
        predicted = granularity.predict(found, group[0].n, m, p)
        rows.append(
            {
                "n": group[0].n, "m": m, "p": p, "pieces": group[0].pieces, "trials": len(group),
                "measured": statistics.median(t.makespan for t in group),
                "predicted": predicted.latency,
                "replayed": statistics.median(t.replayed for t in group),
                "waves": statistics.median(waves(t) for t in group),
                "sequential": statistics.mean(sum(c.seconds for c in t.calls) for t in group),
                "error": errors[m],
                "predicted_error": predicted.error,
                "predicted_error_interval": predicted.interval,
            }
        )  # fmt: skip
    return rows


def waves(trial: Trial) -> float:
    """Makespan if p calls began together and the next p after the last of them."""
    subs = [call.seconds for call in trial.calls if call.role == "sub"]
    finals = sum(call.seconds for call in trial.calls if call.role == "final")
    return sum(max(subs[i : i + trial.p]) for i in range(0, len(subs), trial.p)) + finals


def advice(
    fits: granularity.Fits,
    trials: Sequence[Trial],
    many: Sequence[Trial],
    goals: Mapping[str, tuple[Weights, float | None]],
) -> list[Document]:
    """Advice against the best of the sweep by objective and p."""
    task, n = trials[0].task, trials[0].n
    return [
        {
            "objective": name,
            **comparison.compare(
                fits, trials, task, n, p, weights=weights, max_error=bound, errors=mean_errors(many)
            ),
        }
        for p in sorted({t.p for t in trials})
        for name, (weights, bound) in goals.items()
    ]


def ratios(raw: Document) -> dict[str, float]:
    """Extremes over all cells and all advice."""
    found: dict[str, float] = {}
    rows = [cell for each in raw.values() for cell in each["cells"]]
    for name in ("predicted", "replayed", "waves"):
        over = [row[name] / row["measured"] for row in rows]
        found[f"{name}_over_measured_makespan_max"] = round(max(over), 3)
        found[f"{name}_over_measured_makespan_min"] = round(min(over), 3)
    given = [item for each in raw.values() for item in each["advice"]]
    for name in dict.fromkeys(item["objective"] for item in given):
        over = [
            item["free_over_best"] for item in given if item["objective"] == name and item["free_kept_bound"]
        ]
        found[f"advised_over_best_{name}"] = round(max(over), 3)
    bounded = [item for item in given if item["max_error"] is not None]
    found["bounded_advice_within_bound"] = round(
        sum(item["free_kept_bound"] for item in bounded) / len(bounded), 3
    )
    return found


def machine() -> Document:
    """What the numbers were measured on."""
    return {
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
        "nice": os.nice(0),
    }


def ask_for_priority() -> None:
    """What waits has to wake up in time; only some users may ask for that."""
    with contextlib.suppress(OSError):
        os.nice(-15)


def show(raw: Document) -> None:
    """Tables for people."""
    for task, each in raw.items():
        quality = each["error_fit_rmse"], each["seconds_fit_r_squared"]
        print(f"\n{task}: error fit within {quality[0]:.3f}, R² of seconds {quality[1]}")
        print(f"{'m':>6} {'p':>3} {'pieces':>6} {'error':>7} {'fitted':>7} {'seconds':>8} "
              f"{'predicted':>9} {'replayed':>9} {'waves':>7}")  # fmt: skip
        for row in each["cells"]:
            over = [row[name] / row["measured"] for name in ("predicted", "replayed", "waves")]
            print(f"{row['m']:6} {row['p']:3} {row['pieces']:6} {row['error']:7.3f} "
                  f"{row['predicted_error']:7.3f} {row['measured']:8.3f} "
                  f"{over[0]:9.3f} {over[1]:9.3f} {over[2]:7.3f}")  # fmt: skip
        for item in each["advice"]:
            print(f"  {item['objective']:16} p={item['p']}: advised {item['free_m']}, best measured "
                  f"{item['best_m']}, advised over best {item['free_over_best']:.3f}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer trials and sizes, under a minute")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--jitter", type=float, default=0.1, help="noise of the model's seconds")
    arguments = parser.parse_args()
    ask_for_priority()
    raw = asyncio.run(
        measure(arguments.quick, arguments.jitter, lambda line: print(line, file=sys.stderr, flush=True))
    )
    document = {"name": "algorithms", "machine": machine(), "ratios": ratios(raw), "raw": raw}
    if arguments.json:
        print(json.dumps(document, indent=1))
    else:
        show(raw)
        print(json.dumps(document["ratios"], indent=1))


if __name__ == "__main__":
    main()
