from __future__ import annotations

import math
import random

import pytest

from quod import jobs
from quod.agents import granularity
from quod.bench.algorithms import counting, execution, fit, retrieval


def _trial(
    m: int, error: float, number: int, *, n: int = 1000, p: int = 4, seconds: float | None = None,
    failure: str | None = None,
) -> execution.Trial:  # fmt: skip
    usage = jobs.Usage(model_calls=1, input_tokens=20 + 2 * m, output_tokens=3)
    took = 0.5 + 0.01 * m if seconds is None else seconds
    call = execution.Call("sub", m, took, usage, usable=True, right=error == 0, failure=failure)
    pieces = len(granularity.pieces(n, m))
    return execution.Trial(
        "counting", n, m, p, number, {"error": error}, 1.0, 1.0, pieces, [call]
    )  # fmt: skip


def test_lines_are_found_exactly() -> None:
    trials = [_trial(m, 0.1, i) for i in range(3) for m in (10, 50, 200)]
    found = fit.fit(counting.Counting(), trials)
    assert found is not None
    assert found.sub.seconds.intercept == pytest.approx(0.5)
    assert found.sub.seconds.slope == pytest.approx(0.01)
    assert found.sub.seconds.load == pytest.approx(0, abs=1e-9)
    assert found.sub.input_tokens(100) == pytest.approx(220)
    assert found.sub.output_tokens(100) == pytest.approx(3)
    assert found.sub.r_squared == pytest.approx(1)
    assert found.sub.spread == pytest.approx([1.0] * fit.QUANTILES)
    assert (found.n, found.m, found.p, found.trials) == ((1000, 1000), (10, 200), (4, 4), 9)


def test_load_is_told_from_size() -> None:
    def seconds(m: int, p: int) -> float:
        return 0.5 + 0.01 * m + 0.002 * m * (min(p, math.ceil(1000 / m)) - 1)

    trials = [_trial(m, 0.1, 0, p=p, seconds=seconds(m, p)) for m in (10, 50, 200) for p in (1, 2, 8)]
    found = fit.fit(counting.Counting(), trials)
    assert found is not None
    assert found.sub.seconds.slope == pytest.approx(0.01)
    assert found.sub.seconds.load == pytest.approx(0.002)


def test_load_and_size_that_rise_together_count_as_size() -> None:
    trials = [_trial(m, 0.1, 0, p=4) for m in (10, 400, 1000)]  # 4, 3 and 1 at once
    found = fit.fit(counting.Counting(), trials)
    assert found is not None
    assert found.sub.seconds.load == 0
    assert found.sub.seconds.slope == pytest.approx(0.01)


def test_a_line_never_falls() -> None:
    trials = [_trial(m, 0.1, 0, seconds=10 - 0.01 * m) for m in (10, 50, 200)]
    found = fit.fit(counting.Counting(), trials)
    assert found is not None
    assert found.sub.seconds.slope == 0
    assert found.sub.seconds.intercept > 0


def test_a_known_error_curve_is_found_and_its_interval_covers_it() -> None:
    def rate(m: float) -> float:
        return 1 / (1 + math.exp(6 - 1.1 * math.log(m)))

    covered = 0
    for seed in range(20):
        draw = random.Random(seed)
        trials = [
            _trial(m, float(draw.random() < rate(m)), i) for i in range(80) for m in (10, 30, 100, 300, 1000)
        ]
        found = fit.fit(counting.Counting(), trials)
        assert found is not None
        assert found.error(100, 1000) == pytest.approx(rate(100), abs=0.12)
        low, high = found.error.interval(100, 1000)
        covered += low <= rate(100) <= high
    assert covered >= 16  # of 20 intervals of 95 %


def test_an_error_that_falls_and_rises_is_fitted() -> None:
    means = {10: 0.6, 30: 0.3, 100: 0.1, 300: 0.3, 1000: 0.6}
    trials = [_trial(m, mean, i) for i in range(5) for m, mean in means.items()]
    found = fit.fit(retrieval.Retrieval(), trials)
    assert found is not None
    assert found.error(100, 1000) < 0.2
    assert found.error(10, 1000) > 0.4
    assert found.error(1000, 1000) > 0.4
    assert found.error.rmse < 0.1


def test_the_size_of_the_input_counts_when_it_varies() -> None:
    trials = [
        _trial(m, 0.001 * math.sqrt(n), i, n=n) for i in range(4) for m in (10, 50) for n in (100, 1000, 9000)
    ]
    found = fit.fit(counting.Counting(), trials)
    assert found is not None
    assert found.error(20, 100) == pytest.approx(0.01, rel=0.3)
    assert found.error(20, 9000) == pytest.approx(0.095, rel=0.3)


@pytest.mark.parametrize("error", [0.0, 1.0])
def test_errors_that_never_or_always_happen_stay_finite(error: float) -> None:
    trials = [_trial(m, error, i) for i in range(5) for m in (10, 50, 200)]
    found = fit.fit(counting.Counting(), trials)
    assert found is not None
    assert found.error(50, 1000) == pytest.approx(error, abs=0.01)
    low, high = found.error.interval(50, 1000)
    assert 0 <= low <= high <= 1


def test_one_trial_is_enough_for_a_constant_and_none_for_nothing() -> None:
    found = fit.fit(counting.Counting(), [_trial(50, 0.25, 0)])
    assert found is not None
    assert found.error(50, 1000) == pytest.approx(0.25, abs=0.02)
    assert found.error(500, 1000) == found.error(50, 1000)
    assert fit.fit(counting.Counting(), []) is None
    assert fit.fit(counting.Counting(), [_trial(50, 1.0, 0, failure="busy")]) is None


def test_the_same_replies_for_every_p_are_one_observation() -> None:
    draw = random.Random(0)
    errors = {(m, i): float(draw.random() < 0.3) for m in (10, 100) for i in range(20)}
    one = [_trial(m, errors[m, i], i, p=4) for m, i in errors]
    four = [_trial(m, errors[m, i], i, p=p) for m, i in errors for p in (1, 2, 4, 8)]
    narrow, wide = fit.fit(counting.Counting(), four), fit.fit(counting.Counting(), one)
    assert narrow is not None
    assert wide is not None
    width = [high - low for low, high in (each.error.interval(30, 1000) for each in (narrow, wide))]
    assert width[0] == pytest.approx(width[1], rel=0.05)
