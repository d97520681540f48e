"""Every script in `benchmarks/` runs alone and prints one JSON document; tens of seconds each."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "benchmarks"
RATIOS = {
    "build": {"build_over_linopy", "pyomo_over_build", "peak_memory_over_linopy"},
    "certify": {"certify_over_solve", "check_over_solve"},
    "planner": {
        "makespan_over_critical_path_max",
        "makespan_over_scripted_path_max",
        "react_over_quod",
        "langgraph_over_quod",
        "streaming_over_waiting",
        "overhead_over_1ms",
        "overhead_with_journal_over_1ms",
    },
    "algorithms": {"predicted_over_measured_makespan_max", "advised_over_best_latency"},
}
"""Names that other programs may rely on, by script."""

pytestmark = pytest.mark.slow


def test_every_script_is_listed_here() -> None:
    assert {path.stem for path in SCRIPTS.glob("*.py")} == set(RATIOS)


@pytest.mark.parametrize("name", RATIOS)
def test_quick_run_prints_one_document(name: str, tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPTS / f"{name}.py"), "--quick", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["name"] == name
    assert {"name", "machine", "ratios", "raw"} <= set(document)
    assert set(document["ratios"]) >= RATIOS[name]
    assert all(isinstance(ratio, float) and ratio > 0 for ratio in document["ratios"].values())
