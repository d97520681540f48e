"""Quadratic and nonlinear models through the `quod` command: numeric certificates, exports that fail."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

NUMERIC: list[dict[str, Any]] = [
    {
        "variables": [{"name": "x", "upper": 10}, {"name": "y", "upper": 10}],
        "objective": {"sense": "minimize", "expression": "(x - 3)**2 + (y - 1)**2 + x*y/2"},
        "constraints": [{"name": "c", "expression": "x + y >= 2"}],
    },
    {
        "variables": [{"name": "x", "upper": 10, "domain": "integer"}, {"name": "y", "upper": 10}],
        "objective": {"sense": "maximize", "expression": "x*y - y**3/10"},
        "constraints": [{"name": "c", "expression": "x**2 + y <= 20"}],
    },
]


def quod(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "quod", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def save(folder: Path, document: Any, name: str = "formulation.json") -> str:
    path = folder / name
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return str(path)


@pytest.mark.parametrize(("document", "optimum"), [(NUMERIC[0], 14 / 15), (NUMERIC[1], 9.7372899)])
@pytest.mark.parametrize("seconds", ["30", "inf"])
def test_quadratic_and_nonlinear_answers_are_numbers(
    tmp_path: Path, document: dict[str, Any], optimum: float, seconds: str
) -> None:
    done = quod("solve", "--formulation", save(tmp_path, document), "--json", "--time-limit", seconds)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert result["certificate"]["strength"] == "numeric"
    assert result["answer"]["objective"] == pytest.approx(optimum, rel=1e-6)
    assert all(isinstance(value, float) for value in result["answer"]["values"].values())
    assert quod("check", save(tmp_path, done.stdout, "result.json")).returncode == 0


def test_a_model_that_cannot_be_exported_costs_no_answer(tmp_path: Path) -> None:
    result, model = tmp_path / "result.json", tmp_path / "model.lp"
    target = ["-o", str(result), "--export", str(model)]
    done = quod("solve", "--formulation", save(tmp_path, NUMERIC[1]), "--json", *target)
    assert done.returncode == 2
    assert "export it as .py" in done.stderr
    assert json.loads(done.stdout) == json.loads(result.read_text())
    assert not model.exists()
