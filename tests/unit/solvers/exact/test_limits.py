"""What is claimed when a limit comes first: less, and it says why."""

from __future__ import annotations

import importlib.util
import random
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from quod import jobs
from quod.solvers import exact, highs
from quod.solvers.exact.program import float_form
from quod.solvers.options import Options
from quod.solvers.outcome import Basis, Outcome

_spec = importlib.util.spec_from_file_location("exact_forms", Path(__file__).with_name("forms.py"))
forms = importlib.util.module_from_spec(_spec)
sys.modules["exact_forms"] = forms
_spec.loader.exec_module(forms)


def knapsack(n=30, rows=5, seed=1):
    draw = random.Random(seed)
    weights = [[draw.randint(10, 100) for _ in range(n)] for _ in range(rows)]
    return forms.form(
        [draw.randint(10, 100) for _ in range(n)],
        [(row, "<=", sum(row) // 2) for row in weights],
        upper=[1] * n,
        integer=[True] * n,
        sense="maximize",
    )


def tiny_setup_cost():
    """x <= 10⁷ y: within the solver's tolerance y may be 0 where x is 1/2; exactly it may not."""
    return forms.form(
        ["0.01", "1"],
        [([1, -(10**7)], "<=", 0), ([1, 0], ">=", "0.5")],
        upper=[None, 1],
        integer=[False, True],
    )


def prove(model, **options):
    limits = Options(**options)
    return exact.prove(model, limits, highs.solve(float_form(model), limits))


def test_node_limit_leaves_a_rigorous_bound():
    model = knapsack()
    proof = prove(model, node_limit=20)
    assert proof.strength == "rigorous"
    forms.verify(model, proof)
    assert "limit of 20 nodes" in proof.notes[0]
    assert Fraction(proof.claim["bound"]) > Fraction(proof.claim["objective"])
    full = prove(model)
    assert full.strength == "exact"
    assert full.notes == []
    assert Fraction(full.claim["objective"]) <= Fraction(proof.claim["bound"])


def test_time_limit_leaves_a_rigorous_bound():
    model = knapsack(60, 10, 7)
    outcome = highs.solve(float_form(model), Options())
    proof = exact.prove(model, Options(time_limit=0.05), outcome)
    assert proof.strength == "rigorous"
    forms.verify(model, proof)
    assert "0.05 seconds" in proof.notes[0]


def test_gap_is_claimed_as_the_bound_it_is():
    model = knapsack()
    proof = prove(model, gap=0.1)
    assert proof.strength == "rigorous"
    forms.verify(model, proof)
    objective, bound = Fraction(proof.claim["objective"]), Fraction(proof.claim["bound"])
    assert bound - objective <= objective / 10
    assert "gap of 0.1" in proof.notes[0]


def test_size_limit_leaves_the_solvers_word():
    model = knapsack()
    proof = prove(model, certify_size_limit=10)
    assert (proof.kind, proof.strength) == ("optimality", "numeric")
    assert proof.claim["tolerance"] == "1/1000000"
    assert "tree" not in proof.evidence
    assert "150 nonzeros" in proof.notes[0]


def test_no_word_of_infeasibility_is_taken():
    model = forms.form([1], [([1], "<=", -1)])
    assert prove(model, certify_size_limit=0 + 1).kind == "infeasibility"
    wide = forms.form([1, 1], [([1, 1], "<=", -1)])
    assert prove(wide, certify_size_limit=1) is None


def test_unbounded_search_for_an_impossible_parity_ends_without_a_claim():
    rows = [([2, -2], ">=", 1), ([2, -2], "<=", 1)]
    model = forms.form([1, 1], rows, integer=[True, True])
    assert prove(model, node_limit=50) is None


def test_exact_arithmetic_sees_through_tolerances():
    """HiGHS takes y = 5e-8 for 0 and reports 0.005; the optimum is 1.005."""
    model = tiny_setup_cost()
    proof = prove(model)
    assert proof.strength == "exact"
    forms.verify(model, proof)
    assert Fraction(proof.claim["objective"]) == Fraction("1.005")


def test_wrong_hints_do_no_harm():
    model = forms.form([-1, -1], [([1, 2], "<=", 4), ([3, 1], "<=", 6)])
    lies = [
        Basis(np.array([1, 1], dtype=np.int8), np.array([1, 1], dtype=np.int8)),
        Basis(np.array([0, 0], dtype=np.int8), np.array([0, 0], dtype=np.int8)),
        Basis(np.array([0], dtype=np.int8), np.array([1, 1], dtype=np.int8)),
    ]
    for basis in lies:
        word = Outcome(jobs.Termination.OPTIMAL, "", "x", "0", 0.0, -99.0, np.array([50.0, 7.0]), basis=basis)
        proof = exact.prove(model, None, word)
        forms.verify(model, proof)
        assert proof.claim["objective"] == "-14/5"


def test_numbers_past_what_a_certificate_may_hold():
    digits = random.Random(1)
    big = [Fraction(digits.getrandbits(7000) | 1, digits.getrandbits(7000) | 1) for _ in range(2)]
    model = forms.form([1], [([str(big[0])], ">=", str(big[1]))])
    proof = exact.prove(
        model, None, Outcome(jobs.Termination.OPTIMAL, "", "x", "0", 0.0, 1.0, np.array([1.0]))
    )
    assert proof.strength == "numeric"
    assert "digits" in proof.notes[0]


def test_progress_counts_nodes(monkeypatch):
    monkeypatch.setattr("quod.solvers.exact.tree._REPORT_EVERY", 0.0)
    seen = []
    exact.prove(knapsack(), progress=seen.append)
    assert len(seen) > 10
    assert seen[-1]["nodes"] >= seen[0]["nodes"]
    assert set(seen[0]) == {"nodes", "open", "objective"}


@pytest.mark.parametrize("sense", ["minimize", "maximize"])
def test_crossed_bounds_need_no_multipliers(sense):
    model = forms.form([1], [], lower=[3], upper=[2], sense=sense)
    proof = exact.prove(model)
    assert proof.evidence == {"tree": [{"infeasible": {}}]}
    forms.verify(model, proof)
