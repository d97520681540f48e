"""The embedded client over the real pipeline: HiGHS, exact proofs, the checker, children that get killed."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from quod import CertificateRejected, Client, InvalidInput
from quod.agents import run as running
from quod.jobs import Job, Status, Termination
from quod.settings import Settings
from quod.solvers import formulation
from quod.solvers.drafters import base

TEXT = "Chairs take 3 hours, tables 5, of 30 hours. Profit is $20 a chair and $35 a table. Maximize it."


def bakery(**changes: Any) -> dict[str, Any]:
    return {
        "variables": [{"name": "x", "domain": "integer"}, {"name": "y", "domain": "integer"}],
        "objective": {"sense": "maximize", "expression": "20*x + 35*y"},
        "constraints": [{"name": "hours", "expression": "3*x + 5*y <= 30"}],
        **changes,
    }


def market_split(rows: int = 5, columns: int = 40) -> dict[str, Any]:
    """Cornuéjols and Dawande 1998: tiny, and hopeless for branch and bound."""
    draw = random.Random(7)
    weights = [[draw.randrange(100) for _ in range(columns)] for _ in range(rows)]
    return {
        "variables": [{"name": f"x{j}", "domain": "binary"} for j in range(columns)]
        + [{"name": f"s{i}"} for i in range(rows)]
        + [{"name": f"t{i}"} for i in range(rows)],
        "objective": {"sense": "minimize", "expression": "+".join(f"s{i} + t{i}" for i in range(rows))},
        "constraints": [
            {
                "name": f"r{i}",
                "expression": "+".join(f"{w}*x{j}" for j, w in enumerate(row))
                + f" + s{i} - t{i} == {sum(row) // 2}",
            }
            for i, row in enumerate(weights)
        ],
    }


class Fixed:
    """A drafter that always proposes the same."""

    name = "fixed"

    def __init__(self, **draft: Any) -> None:
        self._draft = base.Draft(**draft)

    def draft(self, text: str) -> base.Draft:
        return self._draft


def proposal(**changes: Any) -> formulation.Formulation:
    return formulation.parse({"text": TEXT, **bakery(**changes)})


def run(*drafters: base.Drafter) -> Any:
    parts = running.Parts(drafters=drafters)
    return running.run_job(Job(input=TEXT), Settings(), parts=parts)


def test_solve_save_and_check(tmp_path: Path) -> None:
    steps: list[str] = []
    with Client() as quod:
        result = quod.solve(formulation=bakery(), progress=steps.append)
        result.save(tmp_path / "result.json")
        verdict = quod.check(tmp_path / "result.json")
    assert (result.status, result.termination) == (Status.SOLVED, Termination.OPTIMAL)
    assert result.answer is not None
    assert result.answer["objective"] == "210"
    assert verdict.strength == "exact"
    assert result.check().kind == "optimality"
    assert len(steps) >= 3
    assert [task.tool for task in result.trace] == ["formulate", "solve", "audit", "diagnose", "check"]


def test_altered_result_does_not_check() -> None:
    with Client() as quod:
        result = quod.solve(formulation=bakery())
    assert result.answer is not None
    result.answer["objective"] = "211"
    with pytest.raises(CertificateRejected):
        result.check()


def test_broken_file_is_bad_input(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text('{"kind": "optimize", "kind": "prove"}')
    with Client() as quod, pytest.raises(InvalidInput, match="twice"):
        quod.check(path)


def test_nothing_to_solve() -> None:
    with Client() as quod, pytest.raises(InvalidInput, match="empty"):
        quod.solve("  \n")


def test_values_carry_the_users_words() -> None:
    variables = [
        {"name": "x", "label": "chairs (oak)", "domain": "integer"},
        {"name": "y", "label": "tables", "domain": "integer"},
    ]
    with Client() as quod:
        result = quod.solve(formulation=bakery(variables=variables))
    assert result.answer is not None
    assert set(result.answer["values"]) == {"chairs (oak)", "tables"}


def test_uncertain_reading_is_solved_with_a_warning() -> None:
    result = run(Fixed(formulation=proposal(), confidence=0.5))
    assert result.status is Status.SOLVED
    assert any("uncertain" in line for line in result.warnings)


def test_what_was_not_understood_is_never_solved() -> None:
    result = run(Fixed(formulation=proposal(), problems=["'30 hours' is used nowhere"]))
    assert result.status is Status.UNSOLVED
    assert result.not_understood == ["'30 hours' is used nowhere"]
    assert result.candidate is not None
    assert result.certificate is None


def test_drafters_that_disagree_are_shown() -> None:
    rows = [{"name": "hours", "expression": "3*x + 5*y <= 25"}]
    result = run(Fixed(formulation=proposal()), Fixed(formulation=proposal(constraints=rows)))
    assert any("draft 2 reads the text differently" in line for line in result.warnings)


def test_drafters_that_agree_are_quiet() -> None:
    rows = [{"name": "other_name", "expression": "60 >= 10*y + 6*x"}]
    result = run(Fixed(formulation=proposal()), Fixed(formulation=proposal(constraints=rows)))
    assert not any("differently" in line for line in result.warnings)


def test_time_limit_is_a_result_with_what_is_proved() -> None:
    with Client(time_limit=1.0) as quod:
        result = quod.solve(formulation=market_split())
    assert result.status is Status.SOLVED
    assert result.certificate is not None
    assert result.certificate.strength in ("rigorous", "numeric")
    assert result.warnings
    result.check()


def children() -> list[int]:
    """Process ids of this process's children, whatever thread started them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == os.getpid():
            found.append(int(path.parent.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc to find the solver process")
def test_solver_killed_from_outside_is_a_failed_job() -> None:
    known = set(children())

    def kill() -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            for child in set(children()) - known:
                time.sleep(0.2)
                os.kill(child, signal.SIGKILL)
                return
            time.sleep(0.02)

    killer = threading.Thread(target=kill)
    killer.start()
    with Client() as quod:
        result = quod.solve(formulation=market_split())
    killer.join()
    assert result.status is Status.FAILED
    assert result.termination is Termination.INTERNAL_SOLVER_ERROR
    assert any("SIGKILL" in line for line in result.warnings)
    assert result.candidate is not None
