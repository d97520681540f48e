from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import highspy
import pytest

from quod import errors
from quod.solvers import export, highs, options, run
from quod.solvers.expand import expand
from quod.solvers.formulation import Formulation, parse
from quod.workers import runner

BLENDING = {
    "sets": [{"name": "I", "elements": ["New York", "b"]}, {"name": "T", "elements": [1, 2, 3]}],
    "parameters": [
        {"name": "cost", "index": ["I", "T"], "values": [["1.5", 2, 3], [4, "1/3", 6]]},
        {"name": "need", "value": "20/3"},
    ],
    "variables": [
        {"name": "name", "index": ["I", "T"], "upper": "9"},
        {"name": "model", "domain": "integer", "upper": "7/2"},
        {"name": "w", "lower": None},
    ],
    "objective": {
        "sense": "minimize",
        "expression": "sum(cost[i,t]*name[i,t] for i in I for t in T) + max(model, 3 - w) + abs(w) - 2*model",
    },
    "constraints": [
        {"name": "w", "for_each": "model in I for t in T if t > 1", "expression": "name[model,t] >= t + 1/3"},
        {"name": "sum_up", "expression": "sum(name[i,t] for i in I for t in T) > need"},
        {"name": "few", "expression": "model/3 < 1"},
        {"name": "fixed", "for_each": "t in T", "expression": "0*w <= t"},
    ],
}


def formulation(**changes: Any) -> Formulation:
    return parse(BLENDING | changes)


def optimum(form: Any) -> float | None:
    return highs.solve(form, options.Options()).objective


def optimum_of_file(path: str) -> float:
    model = highspy.Highs()
    model.silent()
    model.setOptionValue("threads", 1)  # as quod's own runs: HiGHS has one thread pool for a process
    assert model.readModel(path) == highspy.HighsStatus.kOk
    model.run()
    return float(model.getInfo().objective_function_value)


@pytest.mark.parametrize("suffix", [".lp", ".mps"])
@pytest.mark.parametrize("sense", ["minimize", "maximize"])
def test_matrix_files_hold_the_model(tmp_path: Path, suffix: str, sense: str) -> None:
    objective = (
        dict(BLENDING["objective"])
        if sense == "minimize"
        else {"sense": sense, "expression": "3*model - w - abs(w) + 1"}
    )
    model = formulation(objective=objective)
    path = tmp_path / f"model{suffix}"
    export.export(model, path)
    first = path.read_bytes()
    export.export(model, path)
    assert path.read_bytes() == first
    assert optimum_of_file(str(path)) == pytest.approx(optimum(expand(model)))
    assert b"name(New_York,1)" in first


def run_script(path: Path) -> str:
    done = subprocess.run(
        [sys.executable, str(path)], capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout


def test_the_script_runs_on_its_own_and_finds_the_same_optimum(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    export.export(formulation(), path)
    lines = run_script(path).splitlines()
    assert "optimal" in lines
    value = next(line for line in lines if line.startswith("objective "))
    assert float(value.split()[1]) == pytest.approx(optimum(expand(formulation())))


def test_the_script_is_readable(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    export.export(formulation(), path)
    text = path.read_text()
    assert "model.sum_up = pyo.Constraint(expr=checked(below(model.need, pyo.quicksum(" in text
    assert "def w_(model, model_, t):\n    return model.name_[model_, t] >= t + 1 / 3\n" in text
    assert "model.model_ = pyo.Var(domain=pyo.Integers, bounds=(0, 3))" in text


def test_nonlinear_models_are_exported_as_scripts_only(tmp_path: Path) -> None:
    model = formulation(
        objective={"sense": "minimize", "expression": "exp(w) + max(w, model) * 2"}, constraints=[]
    )
    with pytest.raises(errors.InvalidInput, match=r"export it as \.py"):
        export.export(model, tmp_path / "model.lp")
    export.export(model, tmp_path / "model.py")
    assert "pyo.exp(model.w) + largest(model.w, model.model_) * 2" in (tmp_path / "model.py").read_text()


def test_unknown_endings_and_unwritable_paths(tmp_path: Path) -> None:
    with pytest.raises(errors.InvalidInput, match=r"ends in none of \.py, \.lp, \.mps"):
        export.export(formulation(), tmp_path / "model.xls")
    with pytest.raises(errors.InvalidInput, match="cannot be written"):
        export.export(formulation(), tmp_path / "nowhere" / "model.py")


def test_crossed_bounds_are_said() -> None:
    model = formulation(
        variables=[{"name": "w", "lower": "3", "upper": "1"}],
        objective={"sense": "minimize", "expression": "w"},
        constraints=[],
    )
    with pytest.raises(errors.InvalidInput, match="bounds of a column cross"):
        runner.call(export.matrix_file, model, ".lp")


QUADRATIC = {"sense": "minimize", "expression": "(x - 3)**2 + (y - 1)**2 + x*y/2"}
NONLINEAR = {"sense": "maximize", "expression": "x*y - y**3/10 - exp(y/5) - x**2/4"}


@pytest.mark.parametrize("domain", ["real", "integer"])
@pytest.mark.parametrize("objective", [QUADRATIC, NONLINEAR])
def test_quadratic_and_nonlinear_scripts_run(tmp_path: Path, domain: str, objective: dict[str, str]) -> None:
    pytest.importorskip("pyscipopt")
    document = {
        "variables": [{"name": "x", "upper": 10, "domain": domain}, {"name": "y", "upper": 10}],
        "objective": objective,
        "constraints": [{"name": "c", "expression": "x + y >= 2"}],
    }
    path = tmp_path / "model.py"
    export.export(parse(document), path)
    found = dict(line.split() for line in run_script(path).splitlines() if " " in line)
    outcome = run.solve(parse(document), options.Options())
    assert float(found["objective"]) == pytest.approx(outcome.objective, rel=1e-4)
