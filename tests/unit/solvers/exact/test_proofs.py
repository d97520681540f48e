"""Proofs of random small models: every claim is verified by the plain rules, and none is missed."""

from __future__ import annotations

import importlib.util
import itertools
import sys
from fractions import Fraction
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from quod import jobs
from quod.solvers import exact, highs
from quod.solvers.exact.program import float_form
from quod.solvers.options import Options

_spec = importlib.util.spec_from_file_location("exact_forms", Path(__file__).with_name("forms.py"))
forms = importlib.util.module_from_spec(_spec)
sys.modules["exact_forms"] = forms
_spec.loader.exec_module(forms)

small = st.integers(-4, 4)
sparse = st.one_of(st.just(0), small)
fractions = st.one_of(small, st.sampled_from(["1/2", "1/3", "-2/7", "0.1", "12.75", "-0.3"]))


@st.composite
def models(draw, *, integer=False, boxed=False, coefficients=sparse):
    n, m = draw(st.integers(0, 4)), draw(st.integers(0, 4))
    columns = st.lists(coefficients, min_size=n, max_size=n)
    rows = [(draw(columns), draw(st.sampled_from(["<=", "==", ">="])), draw(coefficients)) for _ in range(m)]
    whole = [draw(st.booleans()) for _ in range(n)] if integer else [False] * n
    lower, upper = [], []
    for j in range(n):
        shape = draw(
            st.sampled_from(
                ["box", "fixed", "crossed"] if boxed else ["plus", "minus", "free", "box", "fixed"]
            )
        )
        low = draw(st.integers(-3, 3))
        high = low + draw(st.integers(0, 3))
        pair = {
            "plus": (low, None),
            "minus": (None, high),
            "free": (None, None),
            "box": (low, high),
            "fixed": (low, low),
            "crossed": (high, high if j else low - 1),
        }[shape]
        lower.append(pair[0])
        upper.append(pair[1])
    return forms.form(
        draw(columns),
        rows,
        lower=lower,
        upper=upper,
        integer=whole,
        sense=draw(st.sampled_from(["minimize", "maximize"])),
        constant=draw(small),
    )


def prove(model, **options):
    limits = Options(time_limit=20, **options)
    outcome = highs.solve(float_form(model), limits)
    return outcome, exact.prove(model, limits, outcome)


@settings(deadline=None, max_examples=250)
@given(models(coefficients=fractions))
def test_linear_programs(model):
    outcome, proof = prove(model)
    assert proof.strength == "exact"
    forms.verify(model, proof)
    assert proof.claim["termination"] == outcome.termination.value


@settings(deadline=None, max_examples=150)
@given(models(coefficients=fractions))
def test_linear_programs_without_any_hint(model):
    proof = exact.prove(model)
    assert proof.strength == "exact"
    forms.verify(model, proof)


@settings(deadline=None, max_examples=200)
@given(models(integer=True, boxed=True))
def test_boxed_integer_programs_agree_with_enumeration(model):
    _, proof = prove(model)
    assert proof.strength == "exact"
    forms.verify(model, proof)
    plain = forms.Plain(model)
    if all(plain.integer):
        ranges = [range(int(lo), int(hi) + 1) for lo, hi in zip(plain.lower, plain.upper, strict=True)]
        points = [[Fraction(x) for x in point] for point in itertools.product(*ranges)]
        values = [plain.value(point) for point in points if plain.feasible(point)]
        if values:
            best = min(values) if model.sense == "minimize" else max(values)
            assert Fraction(proof.claim["objective"]) == best
        else:
            assert proof.kind == "infeasibility"


@settings(deadline=None, max_examples=150)
@given(models(integer=True, coefficients=st.integers(-2, 2)))
def test_integer_programs_with_any_bounds(model):
    """An infeasible model over an unbounded box may have no finite tree: then nothing is claimed."""
    limits = Options(time_limit=2, node_limit=300)
    outcome = highs.solve(float_form(model), limits)
    proof = exact.prove(model, limits, outcome)
    if proof is None:
        assert outcome.termination is not jobs.Termination.OPTIMAL
        return
    if proof.strength != "numeric":
        forms.verify(model, proof)
    if proof.strength == "exact" and "indivisible" not in proof.evidence.get("tree", [{}])[0]:
        assert proof.claim["termination"] == outcome.termination.value
