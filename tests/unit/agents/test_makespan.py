from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quod.agents.makespan import Call, independent, makespan


def test_of_known_cases() -> None:
    assert makespan([], 3) == 0
    assert makespan([Call(3), Call(1), Call(1), Call(1)], 2) == 3  # in waves of two: 3 + 1
    assert makespan([Call(1)] * 10, 4) == 3
    assert makespan([Call(1), Call(2, (0,)), Call(1, (0,)), Call(4, (1, 2))], 2) == 7
    assert makespan([Call(1)] * 4 + [Call(5, (0, 1, 2, 3), worker=False)], 4) == 6


@given(st.lists(st.integers(0, 9)), st.integers(1, 5))
def test_the_short_way_for_independent_calls_agrees(seconds: list[int], workers: int) -> None:
    assert independent(seconds, workers) == makespan([Call(each) for each in seconds], workers)


def test_calls_that_became_ready_first_run_first() -> None:
    # After the first second calls 2 and 3 wait; 1 is running until 3.
    calls = [Call(1), Call(3), Call(2), Call(2, (0,))]
    assert makespan(calls, 2) == 5


def test_work_without_a_worker_takes_none() -> None:
    assert makespan([Call(4, worker=False), Call(4, worker=False), Call(4)], 1) == 4


def test_what_cannot_be_scheduled_is_refused() -> None:
    with pytest.raises(ValueError, match="wait for each other"):
        makespan([Call(1, (1,)), Call(1, (0,))], 1)
    with pytest.raises(ValueError, match="0 workers"):
        makespan([Call(1)], 0)


@st.composite
def _graphs(draw: st.DrawFn) -> list[Call]:
    count = draw(st.integers(1, 12))
    return [
        Call(
            draw(st.integers(0, 9)),
            tuple(draw(st.lists(st.integers(0, i - 1), max_size=3))) if i else (),
        )
        for i in range(count)
    ]


@given(_graphs(), st.integers(1, 5))
def test_bounds_of_list_scheduling(calls: list[Call], workers: int) -> None:
    ends: list[float] = []
    for call in calls:
        ends.append(call.seconds + max((ends[i] for i in call.after), default=0))
    critical, total = max(ends), sum(call.seconds for call in calls)
    found = makespan(calls, workers)
    assert max(critical, total / workers) <= found + 1e-9
    assert found <= total / workers + critical * (1 - 1 / workers) + 1e-9  # Graham's bound
    assert makespan(calls, 1) == total
    assert makespan(calls, len(calls)) == critical
