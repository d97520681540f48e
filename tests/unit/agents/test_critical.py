from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quod import errors, jobs
from quod.agents import critical


def task(name: str, start: float, end: float, inputs: str = "", **fields: Any) -> dict[str, Any]:
    times = {"start": start, "end": end, "seconds": end - start}
    return {"task": name, "tool": "t", "outcome": "ok", "inputs": inputs.split(), **times, **fields}


def path(*trace: dict[str, Any]) -> list[str]:
    run = critical.read({"trace": list(trace)})
    return [run.tasks[i].task for i in run.critical]


def test_the_path_goes_back_over_the_input_that_ended_last() -> None:
    assert path(
        task("1", 0, 1), task("2", 0, 3), task("3", 3, 4, "1 2"), task("4", 1, 3.5, "1")
    ) == ["2", "3"]  # fmt: skip
    assert path(task("1", 0, 1), task("2", 0, 3), task("4", 1, 4.5, "1")) == ["1", "4"]


def test_it_is_the_chain_that_determined_the_end_and_not_the_longest_work() -> None:
    # 3 waited for the late end of 2, although 1 is the longer task
    assert path(task("0", 0, 2), task("1", 0, 2.4), task("2", 2, 2.5, "0"), task("3", 2.5, 3, "1 2")) == [
        *["0", "2", "3"]
    ]


def test_a_round_begins_when_all_of_the_round_before_has_ended() -> None:
    trace = [
        task("1", 0, 1),
        task("2", 0, 5, outcome="error"),
        task("3", 5.5, 7, "1", round=2),
        task("4", 8, 9, round=4),
    ]
    assert path(*trace) == ["2", "3", "4"]
    run = critical.read({"trace": trace})
    assert run.end == 9
    assert run.work == pytest.approx(7.5)


def test_what_is_in_no_plan_waits_for_all_of_the_round() -> None:
    trace = [task("1", 0, 1), task("2", 1, 4, "1"), task("check", 4, 5, "1")]
    plan = [{"id": "1", "tool": "t"}, {"id": "2", "tool": "t"}]
    rounds = [{"number": 1, "tasks": plan, "decision": "finish"}]
    run = critical.read({"trace": trace, "rounds": rounds})
    assert [run.tasks[i].task for i in run.critical] == ["1", "2", "check"]
    assert path(*trace) == ["1", "check"]


def test_skipped_tasks_are_not_on_it() -> None:
    assert path(task("1", 0, 1, outcome="error"), task("2", 1, 1, "1", outcome="skipped")) == ["1"]
    assert path(task("2", 1, 1, outcome="skipped")) == []
    assert path() == []


def test_an_id_means_the_task_of_the_round_and_unknown_ones_mean_nothing() -> None:
    run = critical.read(
        {"trace": [task("1", 0, 1), task("1", 2, 3, "9 1", round=2), task("2", 3, 4, "1", round=2)]}
    )
    assert run.needs == ((), (0,), (1,))


def test_tasks_that_name_each_other_do_no_harm() -> None:
    assert path(task("1", 0, 0, "2"), task("2", 0, 0, "1")) in (["1", "2"], ["2", "1"])
    assert path(task("1", 0, 2, "1")) == ["1"]


def test_a_result_without_times_is_laid_out_in_turn() -> None:
    old = [{"task": str(i), "tool": "t", "outcome": "ok", "seconds": i} for i in (1, 2)]
    run = critical.read({"trace": old})
    assert not run.recorded
    assert [(t.start, t.end) for t in run.tasks] == [(0, 1), (1, 3)]


def test_a_result_object_is_read_like_its_json() -> None:
    trace = [jobs.TaskTrace.model_validate(task("1", 0, 1))]
    result = jobs.Result(id="j", kind="optimize", status="unsolved", termination="error", trace=trace)  # type: ignore[arg-type]
    assert critical.read(result) == critical.read(result.model_dump(mode="json"))


BAD: list[tuple[Any, str]] = [
    ([], "no JSON object"),
    ({}, "trace: "),
    ({"trace": {}}, "trace: "),
    ({"trace": [task("1", 0, 1), {"task": "2"}]}, "trace.1.tool: "),
    ({"trace": [task("1", 0, 1, outcome="fine")]}, "trace.0.outcome: "),
    ({"trace": [task("1", 0, 1, extra=1)]}, "trace.0.extra: "),
    ({"trace": [task("1", 2, 1, seconds=1)]}, "trace.0.end: "),
    ({"trace": [task("1", -1, 1)]}, "trace.0.start: "),
    ({"trace": [task("1", 0, float("inf"))]}, "trace.0.end: "),
    ({"trace": [task("1", 0, 1, seconds="NaN")]}, "trace.0.seconds: "),
    ({"trace": [], "rounds": [{"number": 1}]}, "rounds.0.tasks: "),
]


@pytest.mark.parametrize(("result", "message"), BAD)
def test_what_is_wrong_is_named(result: Any, message: str) -> None:
    with pytest.raises(errors.InvalidInput) as caught:
        critical.read(result)
    assert message in str(caught.value)


@st.composite
def runs(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Tasks that start when all their inputs have ended, as on unlimited workers."""
    trace: list[dict[str, Any]] = []
    for i in range(draw(st.integers(1, 12))):
        inputs = draw(st.sets(st.integers(0, i - 1), max_size=3)) if i else set[int]()
        start = max((trace[j]["end"] for j in inputs), default=0)
        names = " ".join(map(str, sorted(inputs)))
        trace.append(task(str(i), start, start + draw(st.integers(1, 50)), names))
    return trace


@given(runs())
def test_without_waiting_the_path_is_the_longest_chain(trace: list[dict[str, Any]]) -> None:
    longest: dict[str, float] = {}
    for item in trace:
        longest[item["task"]] = item["seconds"] + max((longest[j] for j in item["inputs"]), default=0)
    run = critical.read({"trace": trace})
    assert run.work == run.end == max(longest.values())
    for j, i in zip(run.critical, run.critical[1:], strict=False):
        assert j in run.needs[i]
        assert run.tasks[j].end == run.tasks[i].start
