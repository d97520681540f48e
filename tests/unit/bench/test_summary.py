from __future__ import annotations

import io
import json
from typing import Any

import pytest
import rich.console

from quod.bench import report, summary


def run(status: str = "solved", objective: float | None = 10.0, **more: Any) -> dict[str, Any]:
    usage = dict.fromkeys(
        ("model_calls", "input_tokens", "output_tokens", "solver_seconds", "checker_seconds"), 1
    )
    termination = {"solved": "optimal", "unsolved": "not_understood"}.get(status, "error")
    return {
        "status": status, "termination": termination, "objective": objective if status == "solved" else None,
        "strength": "exact" if status == "solved" else None, "executed": status == "solved", "warnings": [],
        "not_understood": [], "seconds": 0.5, "usage": usage, **more,
    }  # fmt: skip


def record(name: str, data: dict[str, Any], **more: Any) -> dict[str, Any]:
    ten = {"termination": "optimal", "objective": 10.0}
    return {
        "index": 0, "id": name, "category": "", "runs": {"data": data}, "gold": ten, "gold_continuous": None,
        "key": None, "key_text_differs": False, "declarations": None, **more,
    }  # fmt: skip


def test_abstentions_count_against_accuracy_and_not_against_what_was_certified() -> None:
    records = [
        record("a", run()),
        record("b", run(objective=11.0, warnings=["doubt"])),
        record("c", run("unsolved")),
        record("d", run("failed")),
    ]
    found = summary.summarize(records, suite="nl4opt", drafter="template")
    assert (found["n"], found["solved"], found["abstained"], found["failed"]) == (4, 2, 1, 1)
    assert found["accuracy_gold"] == 0.25
    assert found["accuracy_key"] is None
    assert found["accuracy_on_certified"] == 0.5
    assert (found["accuracy_without_warnings"], found["n_without_warnings"]) == (1.0, 1)
    assert found["execution_rate"] == 0.5
    assert found["wrong"] == ["b"]
    assert found["unanswered"] == ["c", "d"]
    assert [(p["coverage"], p["risk"]) for p in found["risk_coverage"]] == [(0.25, 0.0), (0.5, 0.5)]
    assert found["strengths"] == {"exact": 2}


def test_the_key_is_scored_on_its_own_text() -> None:
    eleven = {"termination": "optimal", "objective": 11.0}
    both = {"data": run(), "key": run(objective=11.0)}
    records = [
        record("a", run(), key=eleven, runs=both, key_text_differs=True),
        record("b", run(), key=eleven),
    ]
    found = summary.summarize(records, suite="nl4opt", drafter="template")
    assert (found["accuracy_gold"], found["accuracy_key"], found["key_texts_that_differ"]) == (1.0, 0.5, 1)
    assert found["tolerances"]["key"]["round_5pct"] == 0.5
    assert found["tolerances"]["gold declarations against the key"]["rel_1e-6"] == 0.0


def test_an_infeasible_answer_is_right_when_the_declarations_are_infeasible() -> None:
    infeasible = {"termination": "infeasible", "objective": None}
    records = [record("a", run(termination="infeasible", objective=None), gold=infeasible)]
    assert summary.summarize(records, suite="nl4opt", drafter="template")["accuracy_gold"] == 1.0


def test_the_divisible_reading_stands_beside() -> None:
    continuous = {"termination": "optimal", "objective": 10.5}
    records = [record("a", run(objective=9.0, continuous=continuous), gold_continuous=continuous)]
    found = summary.summarize(records, suite="nl4opt", drafter="template")
    assert (found["accuracy_gold"], found["continuous"]["accuracy_gold"]) == (0.0, 1.0)


def test_declarations_are_counted_over_all_problems() -> None:
    good = {"matched": 3, "drafted": 3, "gold": 3, "kinds": {"objective": [1, 1], "sum": [2, 2]}}
    poor = {"matched": 1, "drafted": 4, "gold": 3, "kinds": {"objective": [0, 1], "sum": [1, 2]}}
    records = [record("a", run(), declarations=good), record("b", run(objective=3.0), declarations=poor)]
    found = summary.summarize(records, suite="nl4opt", drafter="template")
    assert found["declarations"]["precision"] == pytest.approx(4 / 7)
    assert found["declarations"]["recall"] == pytest.approx(4 / 6)
    assert found["declarations"]["all_equal"] == 0.5
    assert found["by_constraint_type"]["sum"] == {
        "problems": 2, "accuracy_gold": 0.5, "rows": 4, "recall": 0.75,
    }  # fmt: skip


def test_without_any_reference_there_are_no_accuracies() -> None:
    found = summary.summarize([record("a", run(), gold=None)], suite="optibench", drafter="template")
    assert found["accuracy_gold"] is None
    assert found["accuracy_key"] is None
    assert found["wilson95"] is None
    assert found["risk_coverage"] == []


@pytest.mark.parametrize("gold", [None, {"termination": "optimal", "objective": 10.0}])
def test_reports_are_json_and_print(gold: dict[str, Any] | None) -> None:
    records = [record("a", run(), gold=gold, category="linear"), record("b", run("unsolved"), gold=gold)]
    found = summary.summarize(records, suite="nl4opt", drafter="template")
    assert json.loads(json.dumps(found))["n"] == 2
    printed = io.StringIO()
    report.show(found, rich.console.Console(file=printed, width=120))
    assert "drafter template, 2 problems" in printed.getvalue()
    assert ("against the official declarations" in printed.getvalue()) is (gold is not None)
