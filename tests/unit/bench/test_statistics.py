from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quod.bench import statistics


def test_wilson_interval_of_known_cases() -> None:
    # Newcombe (1998), table I: 81 of 263 and 15 of 148.
    assert statistics.wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert statistics.wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert statistics.wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert statistics.wilson(0, 0) is None
    for n in range(1, 50):
        low, high = statistics.wilson(0, n) or (1.0, 0.0)
        assert low == 0.0
        assert statistics.wilson(n, n) == pytest.approx((1 - high, 1.0))


@settings(deadline=None)
@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_interval_holds_the_proportion_and_mirrors(case: tuple[int, int]) -> None:
    k, n = case
    low, high = statistics.wilson(k, n) or (1.0, 0.0)
    assert 0 <= low <= k / n + 1e-12
    assert k / n - 1e-12 <= high <= 1
    assert statistics.wilson(n - k, n) == pytest.approx((1 - high, 1 - low))


def test_wilson_refuses_nonsense() -> None:
    with pytest.raises(ValueError, match="3 successes of 2"):
        statistics.wilson(3, 2)


def test_quantiles_interpolate() -> None:
    assert statistics.quantile([3, 1, 2], 0.5) == 2
    assert statistics.quantile([1, 2], 0.95) == pytest.approx(1.95)
    assert statistics.quantile([7], 0.95) == 7
    assert statistics.quantile([], 0.5) is None
    with pytest.raises(ValueError, match="not between"):
        statistics.quantile([1], 2)


def test_risk_and_coverage_grow_with_doubt() -> None:
    points = statistics.risk_coverage([(0, True), (0, True), (2, False), (1, True)], n=5)
    assert [(p["doubt"], p["coverage"], p["risk"]) for p in points] == [
        (0, 0.4, 0),
        (1, 0.6, 0),
        (2, 0.8, 0.25),
    ]
    assert statistics.risk_coverage([], n=5) == []
