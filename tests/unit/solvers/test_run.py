"""Solving and proving in a child process, and what happens when the child comes to harm."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest

from quod import errors, jobs
from quod.solvers import expand, formulation, run
from quod.solvers.options import Options
from quod.workers import runner


def bakery(domain="integer"):
    return formulation.parse(
        {
            "variables": [{"name": name, "domain": domain} for name in ("cakes", "breads")],
            "objective": {"sense": "maximize", "expression": "50*cakes + 30*breads"},
            "constraints": [
                {"name": "flour", "expression": "2*cakes + breads <= 40.5"},
                {"name": "oven", "expression": "cakes + 3*breads < 50"},
            ],
        }
    )


def market_split(rows=4, columns=30, seed=3):
    draw = random.Random(seed)
    weights = [[draw.randint(0, 99) for _ in range(columns)] for _ in range(rows)]
    return formulation.parse(
        {
            "variables": [{"name": f"x{j}", "domain": "binary", "upper": "1"} for j in range(columns)],
            "objective": {"sense": "minimize", "expression": "0"},
            "constraints": [
                {
                    "name": f"r{i}",
                    "expression": " + ".join(f"{w}*x{j}" for j, w in enumerate(row)) + f" == {sum(row) // 2}",
                }
                for i, row in enumerate(weights)
            ],
        }
    )


def pid_of_child(parent: int) -> int | None:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            except OSError:
                continue
            if int(stat[1]) == parent and stat[0] != "Z":
                return int(entry.name)
    return None


def test_solve_a_formulation_and_a_form(capfd):
    form = expand.expand(bakery())
    for model in (bakery(), form, expand.expand(bakery(), exact=True)):
        outcome = run.solve(model)
        assert (outcome.termination, outcome.objective) == (jobs.Termination.OPTIMAL, 1050.0)
    assert capfd.readouterr() == ("", "")


def test_solve_and_prove_in_one_child():
    outcome, proof = run.solve_and_prove(bakery())
    assert outcome.values.tolist() == [15.0, 10.0]
    assert (proof.kind, proof.strength) == ("optimality", "exact")
    assert proof.claim == {"termination": "optimal", "sense": "maximize", "objective": "1050"}
    assert proof.evidence["point"] == {"cakes": "15", "breads": "10"}


def test_call_runs_any_function_of_model_and_options():
    assert run.call(run.solve_here, bakery(), Options()).objective == 1050.0


def test_progress_comes_from_the_child():
    seen: list[dict[str, object]] = []
    _, proof = run.solve_and_prove(market_split(), Options(time_limit=1.5), progress=seen.append)
    assert proof is None
    assert seen
    assert seen[-1]["nodes"] > 1


def test_errors_of_the_formulation_come_back_as_they_are():
    wrong = formulation.parse(
        {"variables": [{"name": "x"}], "objective": {"sense": "minimize", "expression": "x + yy"}}
    )
    with pytest.raises(errors.InvalidInput, match="yy"):
        run.solve_and_prove(wrong)


def test_unknown_and_unfit_solvers():
    with pytest.raises(errors.InvalidInput, match="solver: 'cplex' is not one of auto, highs, scip"):
        run.solve(bakery(), Options(solver="cplex"))
    curved = formulation.parse(
        {"variables": [{"name": "x"}], "objective": {"sense": "minimize", "expression": "exp(x)"}}
    )
    with pytest.raises(errors.InvalidInput, match="highs does not take models of class minlp; use scip"):
        run.solve(curved, Options(solver="highs"))


def test_memory_limit():
    with pytest.raises(errors.LimitExceeded) as caught:
        run.solve_and_prove(bakery(), Options(memory_limit_mb=64))
    assert caught.value.kind == "memory_mb"


def test_solver_killed_from_outside(monkeypatch):
    """The kill comes from a thread of this test while the child works on a hard model."""
    import threading

    def killer() -> None:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            child = pid_of_child(os.getpid())
            if child is not None:
                time.sleep(0.3)
                os.kill(child, signal.SIGKILL)
                return
            time.sleep(0.01)

    thread = threading.Thread(target=killer)
    thread.start()
    with pytest.raises(
        errors.ToolFailed, match=r"solver process was killed by signal 9 \(SIGKILL\) from outside"
    ):
        run.solve(market_split(6, 60), Options(time_limit=30))
    thread.join()


def test_harm_after_the_answer_keeps_the_answer(monkeypatch):
    """A proof that exceeds its limits leaves the solver's word, and says what happened."""
    outcome = run.solve(bakery())
    weak = run.numeric(["cakes", "breads"], "maximize", outcome, "too large")

    def dies(function, model, options, *, limits, on_report, what):
        on_report((outcome, weak))
        raise errors.LimitExceeded("seconds", 12.0, 10.0)

    monkeypatch.setattr(runner, "call", dies)
    kept, proof = run.solve_and_prove(bakery())
    assert kept is outcome
    assert proof.strength == "numeric"
    assert proof.notes == ["the exact proof was not finished: the limit of 10 seconds was exceeded (12 used)"]


def test_large_models_skip_the_exact_proof():
    _, proof = run.solve_and_prove(bakery(), Options(certify_size_limit=3))
    assert proof.strength == "numeric"
    assert proof.claim["objective"] == "1050"
    assert "4 nonzeros, the limit is 3" in proof.notes[0]
