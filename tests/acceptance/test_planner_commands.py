"""`quod plan`, `ask`, `resume`: as users run them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from quod import testing

EXAMPLES = Path(__file__).parents[2] / "examples"
SMALL = {
    "variables": [{"name": "x", "domain": "integer"}],
    "objective": {"sense": "maximize", "expression": "3*x"},
    "constraints": [{"name": "room", "expression": "2*x <= 7"}],
}


def quod(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "quod", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **settings},
        timeout=120,
        check=False,
    )


def endpoint(server: testing.ScriptedServer) -> dict[str, str]:
    return {"QUOD_MODEL_URL": server.url, "QUOD_MODEL": "scripted"}


def reply(request: Any) -> str:
    """Plans, joins and answers what the planner, the joiner and the decomposer are asked."""
    document = json.loads(request.messages[1]["content"])
    if isinstance(document["job"], dict):
        return f"1. solve({json.dumps(SMALL)})\n2. explain({json.dumps(SMALL)})\njoin()"
    return json.dumps({"action": "finish", "candidates": ["1"]})


def test_the_plan_of_a_job_is_shown_without_running_it() -> None:
    done = quod("plan", str(EXAMPLES / "coconuts.txt"), "--json")
    assert done.returncode == 0, done.stderr
    tasks = json.loads(done.stdout)["tasks"]
    assert [task["tool"] for task in tasks] == ["formulate", "solve", "audit", "diagnose"]
    assert tasks[2]["arguments"] == {"draft": "$1", "solved": "$2"}
    assert "solve(draft=$1)" in quod("plan", str(EXAMPLES / "coconuts.txt")).stdout


def test_a_plan_by_a_model_that_cannot_be_read_is_told() -> None:
    with testing.ScriptedServer(["1. solve({\njoin()"], repeat_last=True) as server:
        done = quod("plan", "Solve it for me.", "--kind", "auto", **endpoint(server))
    assert done.returncode == 1
    assert "cannot be read" in done.stderr


def test_ask_plans_runs_and_certifies(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    with testing.ScriptedServer(reply) as server:
        done = quod("ask", "What is best?", "--json", "-o", str(path), **endpoint(server))
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["kind"], result["answer"]["objective"]) == ("optimize", "9")
    assert {task["tool"] for task in result["trace"]} == {"solve", "explain", "check"}
    assert quod("check", str(path)).returncode == 0


def test_ask_without_a_model_reads_an_optimization_problem() -> None:
    done = quod("ask", str(EXAMPLES / "coconuts.txt"), "--json")
    assert json.loads(done.stdout)["answer"]["objective"] == "880"


def test_a_killed_job_is_listed_and_resumed(tmp_path: Path) -> None:
    kept = {"QUOD_DATA_DIR": str(tmp_path)}
    with testing.ScriptedServer(reply) as server:
        stopped = testing.ScriptedServer([testing.Scripted("late", delay=60)])
        with stopped:
            command = [sys.executable, "-m", "quod", "ask", "What is best?"]
            environment = {**os.environ, **kept, **endpoint(stopped)}
            with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
                while not stopped.requests:
                    time.sleep(0.05)
                process.send_signal(signal.SIGKILL)
        listed = quod("resume", "--json", **kept)
        (job,) = json.loads(listed.stdout)["unfinished"]
        # The endpoint has another address now.
        done = quod("resume", job, "--json", **kept, **endpoint(server))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["id"] == job
    assert json.loads(quod("resume", "--json", **kept).stdout) == {"unfinished": []}


def test_bad_names_are_bad_input() -> None:
    unknown = quod("solve", "Maximize the revenue of jam.", "--strategy", "guess", "--json")
    assert unknown.returncode == 2
    assert json.loads(unknown.stdout)["error"]["field"] == "strategy"
    missing = quod("resume", "job_nowhere", "--json")
    assert missing.returncode == 2
    assert "job_nowhere" in json.loads(missing.stdout)["error"]["message"]


def test_compute_without_a_model_says_what_is_missing() -> None:
    done = quod("compute", "How many primes are below 100?")
    assert done.returncode == 3
    assert "QUOD_MODEL_URL" in done.stderr
    assert "Traceback" not in done.stderr
