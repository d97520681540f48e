"""What the `quod` command does when it is interrupted, and that it leaves no process behind."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest


def children(parent: int) -> list[int]:
    """Of all threads of a process."""
    files = Path(f"/proc/{parent}/task").glob("*/children")
    return [int(number) for file in files for number in file.read_text().split()]


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(condition: Any, seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return bool(condition())


@pytest.fixture
def hopeless(tmp_path: Path) -> Path:
    """Cornuéjols and Dawande 1998, market split: tiny, and hopeless for branch and bound."""
    draw = random.Random(7)
    rows = [[draw.randrange(100) for _ in range(40)] for _ in range(5)]
    document = {
        "variables": [{"name": f"x{j}", "domain": "binary"} for j in range(40)]
        + [{"name": f"s{i}", "lower": None} for i in range(5)],
        "objective": {"sense": "minimize", "expression": " + ".join(f"abs(s{i})" for i in range(5))},
        "constraints": [
            {
                "name": f"r{i}",
                "expression": " + ".join(f"{w}*x{j}" for j, w in enumerate(row))
                + f" + s{i} == {sum(row) // 2}",
            }
            for i, row in enumerate(rows)
        ],
    }
    path = tmp_path / "market_split.json"
    path.write_text(json.dumps(document))
    return path


@pytest.fixture
def running(hopeless: Path) -> Any:
    """A `quod solve --json` whose solver process runs; that process; both end with the test."""
    command = [sys.executable, "-m", "quod", "solve", "--formulation", str(hopeless), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert until(lambda: children(process.pid)), "no solver process was started"
        solver = children(process.pid)[0]
        try:
            yield process, solver
        finally:
            process.kill()


def test_interrupt_ends_with_130_and_no_process_left(running: Any) -> None:
    process, solver = running
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err == "quod: interrupted\n"
    assert json.loads(out)["error"]["type"] == "Interrupted"
    assert until(lambda: not alive(solver))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_solver_ends_with_quod(running: Any, number: int) -> None:
    process, solver = running
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode == -number
    assert until(lambda: not alive(solver))


def test_a_solver_killed_from_outside_is_a_failed_job(running: Any) -> None:
    process, solver = running
    os.kill(solver, signal.SIGKILL)
    out, err = process.communicate(timeout=30)
    result = json.loads(out)
    assert (process.returncode, err) == (1, "")
    assert (result["status"], result["termination"]) == ("failed", "internal_solver_error")
    assert any("SIGKILL" in line for line in result["warnings"])
    assert result["candidate"]["variables"]
