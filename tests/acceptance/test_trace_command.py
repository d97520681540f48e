"""`quod trace` on a result file, as its user calls it."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

RESULT: dict[str, Any] = {
    "id": "job_1", "kind": "optimize", "status": "solved", "termination": "optimal",
    "trace": [
        {"task": "1", "tool": "formulate", "outcome": "ok", "seconds": 1.25, "start": 0.0, "end": 1.25},
        {"task": "2", "tool": "run_python", "outcome": "error", "seconds": 0.5, "start": 0.1, "end": 0.6,
         "detail": "exit 1 [red]"},
        {"task": "3", "tool": "solve", "outcome": "ok", "seconds": 0.5, "start": 1.5, "end": 2.0,
         "inputs": ["1"]},
        {"task": "4", "tool": "explain", "outcome": "skipped", "seconds": 0, "start": 0.6, "end": 0.6,
         "inputs": ["2"]},
    ],
}  # fmt: skip


@pytest.fixture
def result(tmp_path: Path) -> Path:
    path = tmp_path / "result.json"
    path.write_text(json.dumps(RESULT))
    return path


def quod(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "quod", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=120, check=False)


def call(*arguments: str | Path) -> str:
    done = quod("trace", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_people_get_a_table_and_the_critical_path(result: Path) -> None:
    shown = call(result)
    rows = [" ".join(line.split()) for line in shown.splitlines()]
    assert rows[1] == "1 1 formulate ok 0 s 1.25 s"
    assert "exit 1 [red]" in shown
    assert rows[-1] == "2 s; critical path 1 → 3: 1.75 s of work, 250 ms of waiting"


def test_programs_get_one_document(result: Path) -> None:
    document = json.loads(call(result, "--json"))
    assert document["critical_path"] == ["1", "3"]
    assert (document["seconds"], document["critical_seconds"]) == (2.0, 1.75)
    assert [(t["task"], t["critical"]) for t in document["tasks"]] == [
        *[("1", True), ("2", False), ("4", False), ("3", True)]
    ]


def test_the_picture_goes_to_stdout_or_into_a_file(result: Path, tmp_path: Path) -> None:
    drawn = call(result, "--svg")
    assert ElementTree.fromstring(drawn).tag.endswith("svg")
    for name, options in (("a.svg", []), ("b.xml", ["--svg"])):
        assert call(result, "-o", tmp_path / name, *options) == ""
        assert (tmp_path / name).read_text() == drawn


@pytest.mark.parametrize(
    ("change", "options", "field"),
    [
        ({"trace": None}, [], "trace"),
        ({"trace": [{**RESULT["trace"][0], "end": -1.5}]}, ["--svg"], "trace.0.end"),
        ({"trace": [{**RESULT["trace"][0], "outcome": "?"}]}, ["--json"], "trace.0.outcome"),
        ({}, ["--json", "--svg"], "svg"),
        ({}, ["-o", "x.txt"], "output"),
        ({}, ["-o", "none/x.svg"], "output"),
    ],
)
def test_bad_input_is_named(tmp_path: Path, change: Any, options: list[str], field: str) -> None:
    (tmp_path / "bad.json").write_text(json.dumps({**RESULT, **change}))
    done = quod("trace", "bad.json", *options, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"quod: {field}: ")
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == [tmp_path / "bad.json"]


def test_what_a_job_recorded_can_be_drawn(tmp_path: Path) -> None:
    words = (
        "Jam earns $4 and tea earns $3. At most 20 jars fit. At least 5 jars are tea. Maximize the earnings."
    )
    solved = quod("solve", words, "--json", "-o", "result.json", cwd=tmp_path)
    assert solved.returncode in (0, 1), solved.stderr
    trace = json.loads((tmp_path / "result.json").read_text())["trace"]
    drawn = ElementTree.fromstring(call(tmp_path / "result.json", "--svg"))
    assert len(list(drawn.iter("{http://www.w3.org/2000/svg}g"))) == len(trace) > 0
    document = json.loads(call(tmp_path / "result.json", "--json"))
    assert {t["task"] for t in document["tasks"]} == {t["task"] for t in trace}
    assert document["critical_path"]
