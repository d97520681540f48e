"""`quod bench algorithms` against a real endpoint on this machine."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from quod import errors, testing
from quod.bench.algorithms import sweep
from quod.cli import bench_algorithms
from quod.models import base, parametric

QUICK = ("--n", "60", "--m", "10,60", "--p", "1,3", "--trials", "2", "--json", "--model", "openai")
INSTANT = parametric.Timing(base=0, per_input=0, per_output=0)


def _answer(request: testing.Request) -> str:
    """What the scripted model says, over HTTP."""
    asked = base.Request(messages=request.messages)
    return asyncio.run(sweep.scripted(0, INSTANT).complete(asked)).text


def _run(server: testing.ScriptedServer, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Any:
    monkeypatch.setenv("QUOD_MODEL_URL", server.url)
    monkeypatch.setenv("QUOD_MODEL", "scripted")
    app = typer.Typer()
    app.command()(bench_algorithms.algorithms)
    return CliRunner().invoke(app, [*QUICK, *arguments])


def test_an_endpoint_is_measured_with_its_own_tokens_and_without_the_cache(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("QUOD_CACHE", "on")
    monkeypatch.setenv("QUOD_CACHE_FILE", str(tmp_path / "cache.sqlite"))
    with testing.ScriptedServer(_answer) as server:
        result = _run(server, monkeypatch, "--task", "sorting")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert len(server.requests) == report["usage"]["model_calls"] == 2 * 2 * (6 + 1)
    assert report["usage"]["input_tokens"] > 0
    assert server.most_at_once <= 3
    assert report["model"] == "scripted"
    assert all(cell["unusable_replies"] == 0 for cell in report["cells"])
    assert "sorting" in report["fits"]["tasks"]


def test_the_budget_of_the_settings_ends_the_sweep_and_keeps_its_beginning(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("QUOD_BUDGET_CALLS", "15")
    output = tmp_path / "report.json"
    with testing.ScriptedServer(_answer) as server:
        result = _run(server, monkeypatch, "--task", "counting", "-o", str(output))
    assert result.exit_code == 1, result.output
    assert len(server.requests) == 15
    report = json.loads(output.read_text())
    assert report["ended"]["limit"] == 15
    assert len(report["cells"]) == 4  # 6 + 6 + 1 + 1 calls; the next trial had one left


def test_an_endpoint_that_talks_nonsense_is_all_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    with testing.ScriptedServer(["Certainly! [1, 2"], repeat_last=True) as server:
        result = _run(server, monkeypatch, "--task", "sorting")
    assert result.exit_code == 0, result.output
    cells = json.loads(result.stdout)["cells"]
    assert all(cell["scores"]["exact_match"]["mean"] == 0 for cell in cells)
    assert all(cell["unusable_replies"] == cell["calls"] * cell["trials"] for cell in cells)


def test_without_an_endpoint_the_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QUOD_MODEL_URL", raising=False)
    app = typer.Typer()
    app.command()(bench_algorithms.algorithms)
    result = CliRunner().invoke(app, ["--task", "counting", "--model", "openai"])
    assert isinstance(result.exception, errors.Misconfigured)
    assert "QUOD_MODEL_URL" in str(result.exception)
