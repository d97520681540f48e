"""Nonlinear models by SCIP; the tests need the extra `nonlinear`."""

from __future__ import annotations

import sys

import pytest

from quod import certificates, errors, jobs
from quod.solvers import formulation, run
from quod.solvers.options import Options

pytest.importorskip("pyscipopt", reason="SCIP is an extra: pip install 'quod[nonlinear]'")
LIMITS = Options(time_limit=20)


def model(objective, rows, *, sense="minimize", domain="real", **parts):
    declared = parts.pop("variables", [{"name": "x", "domain": domain}, {"name": "y", "domain": domain}])
    constraints = [
        {"name": f"c{k}", **({"expression": row} if isinstance(row, str) else row)}
        for k, row in enumerate(rows)
    ]
    return formulation.parse(
        {
            "variables": declared,
            "objective": {"sense": sense, "expression": objective},
            "constraints": constraints,
            **parts,
        }
    )


def accepted(chosen, proof):
    key = (proof.kind, proof.strength)
    document = {
        "kind": proof.kind,
        "strength": proof.strength,
        "claim": proof.claim,
        "formulation": chosen.model_dump(mode="json", exclude_defaults=True),
        "evidence": proof.evidence,
        "covers": certificates.COVERS[key],
        "does_not_cover": certificates.DOES_NOT_COVER[key],
    }
    return certificates.check(document).strength


@pytest.mark.parametrize(
    ("objective", "rows", "options", "optimum"),
    [
        ("exp(x) + y", ["x*y >= 2"], {}, 4.68182),
        ("x*y", ["x + y <= 10"], {"sense": "maximize"}, 25),
        ("x*y", ["x*y < 7", "x <= 3"], {"sense": "maximize", "domain": "integer"}, 7),
        ("max(x, y)", ["x + y < 5"], {"sense": "maximize", "domain": "integer"}, 4),
        ("x + y", ["abs(x - y) >= 3", "min(x, y) >= 1"], {"domain": "integer"}, 5),
        ("sqrt(x) + log(y + 1)", ["x + y <= 4"], {"sense": "maximize"}, 2.51385),
        ("sin(x) + cos(y)", ["x <= 6", "y <= 6"], {}, -2),
        ("prod(x + k for k in K)", ["x + y >= 2"], {"sets": [{"name": "K", "elements": [1, 2]}]}, 2),
        ("3", ["x*y >= 3"], {}, 3),
        ("exp(x) - y/3", ["x + y + y/3 < 5", "x >= 1"], {"domain": "integer"}, 2.05162),
        ("x ** 3 / (y + 1)", ["x >= 2", "y <= 3"], {}, 2),
    ],
)
def test_optima_and_their_numeric_certificates(objective, rows, options, optimum):
    chosen = model(objective, rows, **options)
    outcome, proof = run.prove_here(chosen, LIMITS)
    assert outcome.termination is jobs.Termination.OPTIMAL
    assert outcome.solver == "scip"
    assert outcome.objective == pytest.approx(optimum, abs=1e-4)
    assert accepted(chosen, proof) == "numeric"
    assert "no exact certificate" in proof.notes[0]


def test_indexed_models_with_conditions_and_tables():
    chosen = model(
        "sum((q[i] - t[i])**2 * exp(0*q[i]) for i in I)",
        [{"expression": "sum(q[j] for j in I if j != i) >= 2*q[i]", "for_each": "i in I"}],
        variables=[{"name": "q", "index": ["I"]}],
        sets=[{"name": "I", "elements": ["a", "b", "c"]}],
        parameters=[{"name": "t", "index": ["I"], "values": [1, 2, "7.5"]}],
    )
    outcome, proof = run.prove_here(chosen, LIMITS)
    assert outcome.objective == pytest.approx(24.5, abs=1e-4)
    assert set(proof.evidence["point"]) == {"q[a]", "q[b]", "q[c]"}
    assert accepted(chosen, proof) == "numeric"


@pytest.mark.parametrize(
    ("objective", "rows", "termination"),
    [
        ("x*y", ["x >= 1", "y >= 1"], "unbounded"),
        ("x*y", ["x*y <= -1"], "infeasible"),
        ("exp(x)", ["1 >= 2"], "infeasible"),
        ("exp(x)", ["exp(x) <= 2", "1 > 1"], "infeasible"),
    ],
)
def test_infeasible_and_unbounded_models_have_no_numeric_proof(objective, rows, termination):
    outcome, proof = run.prove_here(model(objective, rows, sense="maximize"), LIMITS)
    assert outcome.termination.value == termination
    assert proof is None


def test_the_same_linear_answer_by_both_solvers():
    chosen = model("3*x + 2*y", ["2*x + y <= 4.5", "x + 3*y < 6"], sense="maximize", domain="integer")
    for solver in ("highs", "scip"):
        outcome, proof = run.prove_here(chosen, Options(solver=solver))
        assert outcome.solver == solver
        assert outcome.objective == 6.0
        assert proof.strength == "exact"
        assert accepted(chosen, proof) == "exact"


def test_wrong_models_name_what_is_wrong():
    with pytest.raises(errors.InvalidInput, match="division by zero"):
        run.prove_here(model("exp(x) / (1 - 1)", []), LIMITS)
    empty = model("exp(x) + min(x for i in I)", [], sets=[{"name": "I", "elements": []}])
    with pytest.raises(errors.InvalidInput, match="over nothing"):
        run.prove_here(empty, LIMITS)


def test_a_missing_solver_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyscipopt", None)
    with pytest.raises(errors.Misconfigured, match=r"pip install 'quod\[nonlinear\]'"):
        run.prove_here(model("exp(x)", []), LIMITS)
