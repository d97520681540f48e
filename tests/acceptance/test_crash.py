"""SIGKILL at random points, then resume: nothing is lost, nothing that had ended runs again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

DRIVER = Path(__file__).parent / "crash" / "driver.py"


def crashed(count: int, seed: int, folder: Path) -> dict[str, Any]:
    command = [sys.executable, str(DRIVER), str(count), str(seed), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def check(report: dict[str, Any]) -> None:
    assert report["kills"] >= report["jobs"]
    assert report["lost"] == []
    assert report["different"] == []
    assert report["repeated"] == []
    assert report["reference"]["status"] == "solved"
    assert [past["decision"] for past in report["reference"]["rounds"]] == ["replan", "finish"]


def test_jobs_survive_being_killed(tmp_path: Path) -> None:
    check(crashed(10, 1, tmp_path))


@pytest.mark.slow
def test_two_hundred_jobs_survive_being_killed(tmp_path: Path) -> None:
    check(crashed(200, 2, tmp_path))
