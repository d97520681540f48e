"""Equations without integral points: found, proved at the root, and never claimed of what has a point."""

from __future__ import annotations

import importlib.util
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quod.solvers import exact
from quod.solvers.exact import divisibility
from quod.solvers.exact.program import Program

_spec = importlib.util.spec_from_file_location("exact_forms", Path(__file__).with_name("forms.py"))
forms = importlib.util.module_from_spec(_spec)
sys.modules["exact_forms"] = forms
_spec.loader.exec_module(forms)


def equations(rows, **more):
    """A model of equations over free integer columns, or what `more` says of them."""
    n = len(rows[0][0])
    shape = {"lower": [None] * n, "integer": [True] * n, **more}
    return forms.form([1] * n, [(row, "==", rhs) for row, rhs in rows], **shape)


@pytest.mark.parametrize(
    "rows",
    [
        [([2, -4], 3)],
        [([2, -2], 1)],
        [([2] * 30, 15)],
        [(["1/2", "1/3"], "1/4")],
        [(["0.2", "0.4"], "0.5")],
        [([1, 2], 1), ([2, 1], 3)],
        [([1, 1, 0], 0), ([0, 1, 1], 0), ([1, 0, 1], 1)],
        [([1, 1], 2), ([2, 2], 4), ([1, -1], 1)],
    ],
)
def test_the_root_settles_it(rows):
    model = equations(rows)
    started = time.monotonic()
    proof = exact.prove(model)
    assert time.monotonic() - started < 2
    assert (proof.kind, proof.strength) == ("infeasibility", "exact")
    assert [set(node) for node in proof.evidence["tree"]] == [{"indivisible"}]
    forms.verify(model, proof)


def test_real_columns_and_inequalities_give_nothing():
    assert divisibility.contradiction(Program.of(equations([([2, -4], 3)], integer=[True, False]))) is None
    rows = [([2, -4], "<=", 3), ([2, -4], ">=", 3)]
    model = forms.form([0, 0], rows, lower=[None, None], integer=[True, True])
    assert divisibility.contradiction(Program.of(model)) is None


def test_a_large_system_is_left_to_the_search():
    rows = [([int(j in (i, i + 1)) for j in range(300)], 1) for i in range(299)]
    started = time.monotonic()
    assert divisibility.contradiction(Program.of(equations(rows))) is None
    assert time.monotonic() - started < 5


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_two_equations_of_full_rank_are_decided(data):
    """By Cramer's rule the only rational solution of a regular square system is integral or there is none."""
    entry = st.integers(-4, 4)
    a, b, c, d, e, f = (data.draw(entry) for _ in range(6))
    determinant = a * d - b * c
    found = divisibility.contradiction(Program.of(equations([([a, b], e), ([c, d], f)])))
    model = equations([([a, b], e), ([c, d], f)])
    if found is not None:
        assert forms.Plain(model).divides_nothing({f"r{i}": str(y) for i, y in found.items()})
    if determinant:
        integral = (e * d - b * f) % determinant == 0 and (a * f - e * c) % determinant == 0
        assert (found is None) == integral


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_what_has_a_point_is_never_contradicted(data):
    n, m = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 5))
    vector = st.lists(st.integers(-6, 6), min_size=n, max_size=n)
    point = data.draw(vector)
    matrix = data.draw(st.lists(vector, min_size=m, max_size=m))
    rows = [(row, sum(a * x for a, x in zip(row, point, strict=True))) for row in matrix]
    assert divisibility.contradiction(Program.of(equations(rows))) is None
