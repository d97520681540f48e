from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quod import errors
from quod.agents import granularity
from quod.agents.granularity import CallFit, ErrorFit, Fits, Line, TaskFit, Weights


def _fit(
    *, overlap: bool = False, final: CallFit | None = None, spread: tuple[float, ...] = (1.0,)
) -> TaskFit:
    """A call of size m takes 1 + m / 100 s and 10 + m tokens in, 1 out; the error is m / (m + 1000)."""
    call = CallFit(
        input_tokens=Line(intercept=10, slope=1),
        output_tokens=Line(intercept=1),
        seconds=Line(intercept=1, slope=0.01),
        spread=list(spread),
        calls=100,
    )
    error = ErrorFit(
        coefficients=[-math.log(1000), 1, 0, 0],
        covariance=[[0.04, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]],
        rmse=0.0,
    )
    return TaskFit(
        task="t", unit="numbers", overlap=overlap, n=(100, 1000), m=(10, 1000), p=(1, 8), trials=50,
        error=error, sub=call, final=final,
    )  # fmt: skip


FITS = Fits(provenance="made up", tasks={"t": _fit(), "windows": _fit(overlap=True)})


@given(st.integers(1, 400), st.integers(1, 400), st.booleans())
def test_pieces_cover_everything_in_order(n: int, m: int, overlap: bool) -> None:
    found = granularity.pieces(n, m, overlap=overlap)
    assert found[0][0] == 0
    assert found[-1][1] == n
    assert all(0 < end - start <= m for start, end in found)
    step = max(1, m // 2) if overlap else m
    assert all(b[0] - a[0] == step for a, b in itertools.pairwise(found))
    assert sum(end == n for _, end in found) == 1  # none is needless
    if not overlap:
        assert len(found) == math.ceil(n / m)


def test_pieces_refuse_sizes_below_one() -> None:
    with pytest.raises(errors.InvalidInput, match="give sizes from 1 on"):
        granularity.pieces(10, 0)


def test_prediction_adds_up_pieces_and_schedules_them() -> None:
    found = granularity.predict(_fit(), 1000, 250, 2)
    assert found.pieces == 4
    assert found.latency == pytest.approx(2 * 3.5)
    assert found.input_tokens == pytest.approx(4 * 260)
    assert found.output_tokens == 4
    assert found.error == pytest.approx(0.2)
    low, high = found.interval
    assert low == pytest.approx(1 / (1 + 4 * math.exp(1.96 * 0.2)), abs=1e-4)
    assert high == pytest.approx(1 / (1 + 4 * math.exp(-1.96 * 0.2)), abs=1e-4)
    assert found.extrapolated == ()
    assert granularity.predict(_fit(), 5000, 5, 9).extrapolated == ("n", "m", "p")


def test_a_last_call_waits_for_all_pieces() -> None:
    final = CallFit(
        input_tokens=Line(intercept=7), output_tokens=Line(intercept=2), seconds=Line(intercept=5),
        spread=[1.0], calls=9,
    )  # fmt: skip
    found = granularity.predict(_fit(final=final), 1000, 250, 4)
    assert found.latency == pytest.approx(3.5 + 5)
    assert found.input_tokens == pytest.approx(4 * 260 + 7)


def test_spread_makes_the_slowest_of_parallel_calls_slower() -> None:
    steady = granularity.predict(_fit(), 1000, 250, 4).latency
    noisy = granularity.predict(_fit(spread=(0.5, 1.0, 1.5)), 1000, 250, 4).latency
    assert steady * 1.2 < noisy < steady * 1.5
    assert granularity.predict(_fit(spread=(0.5, 1.0, 1.5)), 1000, 250, 1).latency == pytest.approx(
        14, rel=0.15
    )


def test_calls_at_once_can_slow_each_other_down() -> None:
    fit = _fit()
    fit.sub.seconds.load = 0.01
    assert granularity.predict(fit, 1000, 250, 1).latency == pytest.approx(14)
    assert granularity.predict(fit, 1000, 250, 4).latency == pytest.approx(3.5 + 0.01 * 250 * 3)


def test_the_fastest_size_uses_every_worker_once() -> None:
    assert granularity.advise("t", 1000, 4, fits=FITS).m == 250
    assert granularity.advise("t", 1000, 1, fits=FITS).m == 1000


def test_with_half_overlapping_windows_and_four_workers_it_is_two_fifths() -> None:
    # Four windows of 0.4 n are the largest single wave of four (Chen et al., section on retrieval).
    assert granularity.advise("windows", 1000, 4, fits=FITS).m == 400


def test_cost_wants_one_piece_and_a_bound_on_the_error_wants_small_ones() -> None:
    assert granularity.advise("t", 1000, 4, weights=granularity.COST, fits=FITS).m == 1000
    bounded = granularity.advise("t", 1000, 4, max_error=0.1, fits=FITS)
    assert bounded.error <= 0.1
    assert bounded.feasible
    assert bounded.m == 84  # twelve pieces; 0.1 allows 111, nine of which need three rounds as well
    cautious = granularity.advise("t", 1000, 4, max_error=0.1, cautious=True, fits=FITS)
    assert cautious.interval[1] <= 0.1
    assert cautious.m < bounded.m


def test_a_bound_that_no_size_keeps_gives_the_least_error_and_says_so() -> None:
    found = granularity.advise("t", 1000, 4, max_error=0.001, fits=FITS)
    assert not found.feasible
    assert found.m == 10


def test_a_weighted_sum_lies_between() -> None:
    weights = Weights(seconds=1, error=200)
    found = granularity.advise("t", 1000, 4, weights=weights, fits=FITS)
    assert 10 < found.m < 250
    others = [granularity.predict(FITS.tasks["t"], 1000, m, 4).value(weights) for m in range(10, 1001)]
    assert found.value(weights) == pytest.approx(min(others))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 1500), st.integers(1, 8), st.booleans())
def test_advice_is_the_best_of_all_sizes(n: int, p: int, overlap: bool) -> None:
    task = "windows" if overlap else "t"
    found = granularity.advise(task, n, p, fits=FITS)
    sizes = range(min(n, 10), min(n, 1000) + 1, max(1, n // 60))
    best = min(granularity.predict(FITS.tasks[task], n, m, p).latency for m in sizes)
    assert found.latency <= best + 1e-9
    assert min(n, 10) <= found.m <= min(n, 1000)


def test_wrong_questions_are_refused() -> None:
    with pytest.raises(errors.InvalidInput, match="nothing was measured for 'x'; known: t, windows"):
        granularity.advise("x", 10, 1, fits=FITS)
    with pytest.raises(errors.InvalidInput, match="n is 0"):
        granularity.advise("t", 0, 1, fits=FITS)
    with pytest.raises(errors.InvalidInput, match="no candidates"):
        granularity.advise("t", 10, 1, fits=FITS, candidates=[])


def test_fits_are_read_from_a_document_or_from_a_report(tmp_path: Path) -> None:
    file = tmp_path / "fits.json"
    file.write_text(FITS.model_dump_json())
    assert granularity.read(file) == FITS
    file.write_text(json.dumps({"suite": "algorithms", "fits": FITS.model_dump(mode="json")}))
    assert granularity.read(file) == FITS
    file.write_text('{"tasks": {}, "more": 1}')
    with pytest.raises(errors.InvalidInput, match="not a document of fits"):
        granularity.read(file)


def test_the_shipped_fits_say_where_they_come_from_and_advise() -> None:
    shipped = granularity.shipped()
    assert "scripted model" in shipped.provenance
    assert set(shipped.tasks) == {"counting", "sorting", "retrieval", "rag"}
    found = granularity.advise("retrieval", 10_000, 4)
    assert found.provenance == shipped.provenance
    assert found.m == 4000
