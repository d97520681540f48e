from __future__ import annotations

import math

import numpy as np
import pytest

from quod import errors, jobs
from quod.solvers import expand, formulation, highs
from quod.solvers.options import Options

LIMITS = Options(time_limit=20)


def model(objective, rows, *, sense="maximize", domain="real", lower="0", upper=None, names=("x", "y")):
    return formulation.parse(
        {
            "variables": [{"name": name, "domain": domain, "lower": lower, "upper": upper} for name in names],
            "objective": {"sense": sense, "expression": objective},
            "constraints": [{"name": f"c{k}", "expression": row} for k, row in enumerate(rows)],
        }
    )


def solve(*args, **kwargs):
    return highs.solve(expand.expand(model(*args, **kwargs)), LIMITS)


def test_linear_program_with_basis_and_constant():
    outcome = solve("3*x + 2*y + 10", ["x + y <= 4", "x + 3*y <= 9", "x <= 3"])
    assert outcome.termination is jobs.Termination.OPTIMAL
    assert outcome.raw_status == "Optimal"
    assert (outcome.solver, outcome.objective, outcome.bound) == ("highs", 21.0, 21.0)
    assert outcome.values.tolist() == [3.0, 1.0]
    assert (outcome.basis.columns.tolist(), outcome.basis.rows.tolist()) == ([1, 1], [2, 1, 2])
    assert outcome.version.count(".") == 2


def test_integer_program_counts_nodes_and_proves_its_bound():
    outcome = solve("3*x + 2*y", ["2*x + y <= 4.5", "x + 3*y <= 6"], domain="integer")
    assert (outcome.objective, outcome.bound, outcome.gap) == (6.0, 6.0, 0.0)
    assert outcome.nodes is not None
    assert outcome.basis is None


@pytest.mark.parametrize(
    ("objective", "rows", "domain", "termination"),
    [
        ("x", ["x >= 1", "x <= 0"], "real", "infeasible"),
        ("x", ["2*x - 2*y == 1"], "integer", "infeasible"),
        ("x + y", ["2*x - y <= 4.5"], "real", "unbounded"),
        ("x + y", ["2*x - y <= 4.5"], "integer", "unbounded"),
        ("x", ["2*x - 2*y == 1", "x >= 0"], "integer", "infeasible"),
        ("x - x", ["0*x >= 1"], "real", "infeasible"),
        ("5", [], "real", "optimal"),
    ],
)
def test_terminations_are_never_ambiguous(objective, rows, domain, termination):
    assert solve(objective, rows, domain=domain).termination.value == termination


def test_a_model_without_columns():
    assert solve("5", ["0 <= 1"], names=()).objective == 5.0
    assert solve("5", ["0 >= 1"], names=()).termination is jobs.Termination.INFEASIBLE


def test_crossed_bounds_name_the_column():
    outcome = solve("x", [], lower="3", upper="2")
    assert outcome.termination is jobs.Termination.INFEASIBLE
    assert "bounds of x cross" in outcome.raw_status


def test_convex_quadratic_program():
    outcome = solve("x**2 + 2*y**2 + x*y - 2*x - 4*y", ["x + y <= 1.5"], sense="minimize")
    assert outcome.termination is jobs.Termination.OPTIMAL
    assert outcome.objective == pytest.approx(-16 / 7, abs=1e-6)
    assert outcome.values == pytest.approx([4 / 7, 6 / 7], abs=1e-5)


@pytest.mark.parametrize(("objective", "sense"), [("x*y", "maximize"), ("-x**2 + y**2", "minimize")])
def test_quadratic_programs_that_are_not_convex_are_refused(objective, sense):
    """HiGHS itself takes x*y and stops at a point that need not be the best."""
    with pytest.raises(errors.InvalidInput, match="objective: is not convex"):
        solve(objective, ["x + y <= 10"], sense=sense)


def test_coefficients_beyond_the_solver_are_refused():
    with pytest.raises(errors.InvalidInput, match="1e15"):
        solve("x", ["1e16*x + y <= 1"])


def test_time_limit_is_kept_and_reported():
    rng = np.random.default_rng(1)
    n = 60
    weights = rng.integers(0, 100, (6, n))
    rows = [" + ".join(f"{w}*x{j}" for j, w in enumerate(row)) + f" == {row.sum() // 2}" for row in weights]
    hard = model("0", rows, domain="binary", upper="1", names=[f"x{j}" for j in range(n)])
    outcome = highs.solve(expand.expand(hard), Options(time_limit=0.5))
    assert outcome.termination is jobs.Termination.TIME_LIMIT
    assert outcome.seconds < 10
    assert outcome.objective is None or math.isfinite(outcome.objective)


def test_options_refuse_nonsense():
    for wrong in ({"time_limit": 0}, {"gap": -1}, {"threads": 0}, {"gap": float("nan")}):
        with pytest.raises(errors.InvalidInput, match=next(iter(wrong))):
            Options(**wrong)
