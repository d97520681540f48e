from __future__ import annotations

import asyncio
import io
import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
import rich.console
import typer
from typer.testing import CliRunner

from quod import errors
from quod.agents import granularity
from quod.bench.algorithms import plot, summary, sweep, tables
from quod.cli import bench_algorithms
from quod.models import base, parametric

SHORT = parametric.Timing(base=0.002, per_input=0.00001, per_output=0)


def _measure(task: str, model: base.ChatModel | None = None, **fields: Any) -> sweep.Measured:
    given = {"n": (60,), "m": (10, 20, 60), "p": (1, 2), "trials": 3, **fields}
    model = model or sweep.scripted(3, SHORT)
    return asyncio.run(sweep.run([sweep.grid(task, **given)], model, seed=3))


def _report(measured: sweep.Measured, **fields: Any) -> dict[str, Any]:
    found = summary.report(measured, model="scripted", seed=3, when="2026-01-01", **fields)
    return json.loads(json.dumps(found, allow_nan=False))  # type: ignore[no-any-return]


class _Limited:
    """The scripted model until so many calls were made."""

    name = "limited"

    def __init__(self, calls: int) -> None:
        self.left, self.model = calls, sweep.scripted(3, SHORT)

    async def complete(self, request: base.Request, on_text: base.OnText | None = None) -> base.Reply:
        if self.left == 0:
            raise errors.LimitExceeded("calls", 40, 40)
        self.left -= 1
        return await self.model.complete(request, on_text)


def test_a_report_has_a_line_for_every_cell_and_can_be_read_for_advice(tmp_path: Path) -> None:
    report = _report(_measure("sorting"))
    assert [(cell["n"], cell["m"], cell["p"]) for cell in report["cells"]] == [
        (60, m, p) for m in (10, 20, 60) for p in (1, 2)
    ]
    cell = report["cells"][0]
    low, high = cell["scores"]["exact_match"]["interval"]
    assert 0 <= low <= cell["scores"]["exact_match"]["mean"] <= high <= 1
    assert cell["calls"] == cell["pieces"] == 6
    assert cell["input_tokens"] > cell["output_tokens"] > 0
    assert cell["replayed"] <= cell["makespan"]["mean"]
    assert cell["predicted"] > 0
    assert report["usage"]["model_calls"] == 3 * 2 * (6 + 3 + 1)
    assert report["ended"] is None
    file = tmp_path / "report.json"
    file.write_text(json.dumps(report))
    fits = granularity.read(file)
    assert fits.provenance == "model scripted, seed 3, quod bench algorithms on 2026-01-01"
    assert granularity.advise("sorting", 60, 2, fits=fits).m in range(10, 61)


def test_inputs_are_the_same_for_every_size_and_parallelism() -> None:
    measured = _measure("counting", trials=2)
    by_cell: dict[tuple[int, int], list[Any]] = {}
    for trial in measured.trials:
        by_cell.setdefault((trial.m, trial.p), []).append(trial.scores)
    assert by_cell[10, 1] == by_cell[10, 2]
    again = _measure("counting", trials=2)
    assert [trial.scores for trial in again.trials] == [trial.scores for trial in measured.trials]


def test_a_budget_keeps_what_was_measured() -> None:
    measured = _measure("counting", _Limited(25))
    report = _report(measured)
    assert report["ended"]["kind"] == "calls"
    assert 0 < len(measured.trials) < 18
    assert len(report["cells"]) >= 4
    assert "counting" in report["fits"]["tasks"]
    text = _shown(report)
    assert "ended early" in text


def test_a_budget_that_allows_nothing_gives_an_empty_report() -> None:
    report = _report(_measure("counting", _Limited(0)))
    assert (report["cells"], report["advice"], report["fits"]["tasks"]) == ([], [], {})
    assert "ended early" in _shown(report)


def test_an_endpoint_that_always_fails_is_a_report_and_no_crash() -> None:
    class Refusing:
        name = "refusing"

        async def complete(self, request: base.Request, on_text: base.OnText | None = None) -> base.Reply:
            raise errors.ToolFailed("[bold]no")

    report = _report(_measure("sorting", Refusing()))
    assert all(cell["scores"]["exact_match"]["mean"] == 0 for cell in report["cells"])
    assert report["cells"][0]["failures"] == {"[bold]no": 18}
    assert report["fits"]["tasks"] == {}
    assert "[bold]no" in _shown(report)


def test_one_trial_has_no_bootstrap_interval_and_no_prediction() -> None:
    report = _report(_measure("counting", trials=1))
    assert report["cells"][0]["scores"]["error"]["interval"] is None
    assert report["cells"][0]["predicted"] is None
    assert "counting" in _shown(report)


@pytest.mark.parametrize("fields", [{}, {"m": (20,), "trials": 1}, {"n": (30, 60)}])
def test_drawings_are_svg_with_every_point(fields: dict[str, Any]) -> None:
    report = _report(_measure("counting", **fields))
    root = ElementTree.fromstring(plot.draw(report, "counting"))
    circles = root.findall("{http://www.w3.org/2000/svg}circle")
    sizes = len(fields.get("m", (10, 20, 60)))
    assert len(circles) == 4 * sizes
    for circle in circles:
        assert 0 <= float(circle.attrib["cx"]) <= float(root.attrib["width"])
        assert 0 <= float(circle.attrib["cy"]) <= float(root.attrib["height"])


def test_bounds_go_into_the_advice() -> None:
    report = _report(_measure("counting"), max_error=0.0)
    assert {item["objective"] for item in report["advice"]} == {"latency", "cost"}
    assert not report["advice"][0]["free"]["feasible"]
    assert "none keeps the bound" in _shown(report)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"task": "tidying"}, "task: 'tidying' is none of counting"),
        ({"task": "counting", "n": (10,), "m": (20,)}, "m: every size of pieces is above n = 10"),
        ({"task": "counting", "p": (0,)}, "p: 0 is below 1"),
        ({"task": "rag", "n": (50,)}, "n: rag: 10 sentences do not fit into 50 characters"),
    ],
)
def test_grids_that_cannot_be_measured_are_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(errors.InvalidInput, match=message):
        sweep.grid(**fields)


def _cli(*arguments: str) -> Any:
    app = typer.Typer()
    app.command()(bench_algorithms.algorithms)
    return CliRunner().invoke(app, ["--task", "counting", *arguments])


def test_the_command_writes_report_and_drawing(tmp_path: Path) -> None:
    output, folder = tmp_path / "report.json", tmp_path / "plots"
    result = _cli(
        *("--n", "40", "--m", "10,40", "--trials", "2", "--json", "-o", str(output), "--plot", str(folder))
    )
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == json.loads(output.read_text())
    assert "counting n=40 m=10 p=1 trial 1/2" in result.stderr
    assert [file.name for file in folder.iterdir()] == ["counting.svg"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--n", "4,x"], "--n: '4,x' is not whole numbers"),
        (["--p", "0"], "--p: '0' holds a number below 1"),
        (["--model", "oracle"], "--model: 'oracle' is neither"),
    ],
)
def test_the_command_refuses_wrong_options(arguments: list[str], message: str) -> None:
    result = _cli(*arguments)
    assert isinstance(result.exception, errors.InvalidInput)
    assert message in str(result.exception)


def _shown(report: dict[str, Any]) -> str:
    out = io.StringIO()
    tables.show(report, rich.console.Console(file=out, width=120))
    return out.getvalue()
