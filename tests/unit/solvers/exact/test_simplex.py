"""The exact simplex method from any basis, and the sparse systems it solves."""

from __future__ import annotations

import importlib.util
import random
import sys
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from quod.solvers import highs
from quod.solvers.exact import rational, simplex
from quod.solvers.exact.factor import Factor, Singular
from quod.solvers.exact.program import Program, dual_bound, float_form
from quod.solvers.options import Options
from quod.solvers.outcome import Basis

_spec = importlib.util.spec_from_file_location("exact_forms", Path(__file__).with_name("forms.py"))
forms = importlib.util.module_from_spec(_spec)
sys.modules["exact_forms"] = forms
_spec.loader.exec_module(forms)


def random_model(draw: random.Random):
    n, m = draw.randint(1, 8), draw.randint(1, 8)
    density, size = draw.choice([0.3, 0.6, 1.0]), draw.choice([2, 5, 1000])

    def number():
        if draw.random() > density:
            return 0
        return f"{draw.randint(-size, size)}/{draw.choice([1, 1, 3, 7])}"

    lower, upper = [], []
    for _ in range(n):
        low = draw.randint(-3, 3)
        pair = draw.choice([(0, None), (0, None), (None, low), (None, None), (low, low + 4), (low, low)])
        lower.append(pair[0])
        upper.append(pair[1])
    rows = [
        ([number() for _ in range(n)], draw.choice(["<=", ">=", "=="]), draw.choice([0, number()]))
        for _ in range(m)
    ]
    return forms.form([number() for _ in range(n)], rows, lower=lower, upper=upper)


@settings(deadline=None, max_examples=400)
@given(st.integers(0, 10**9))
def test_any_starting_basis_ends_where_highs_ends(seed):
    draw = random.Random(seed)
    model = random_model(draw)
    program = Program.of(model)
    m, n = program.shape
    status = np.array([draw.choice([0, 2, 3]) for _ in range(n + m)], dtype=np.int8)
    status[draw.sample(range(n + m), m)] = 1
    vertex = simplex.solve(program, program.lower, program.upper, Basis(status[:n], status[n:]))
    assert vertex.kind == highs.solve(float_form(model), Options()).termination.value
    if vertex.kind == "infeasible":
        bound = dual_bound(program, vertex.multipliers, program.lower, program.upper, objective=False)
        assert bound > 0
    else:
        assert program.admits(vertex.point)
    if vertex.kind == "optimal":
        bound = dual_bound(program, vertex.multipliers, program.lower, program.upper)
        assert bound == program.value(vertex.point)


def test_beale_cycles_without_blands_rule():
    """Beale's example (1955): the largest reduced cost alone pivots for ever at the origin."""
    model = forms.form(
        ["-3/4", 150, "-1/50", 6],
        [(["1/4", -60, "-1/25", 9], "<=", 0), (["1/2", -90, "-1/50", 3], "<=", 0), ([0, 0, 1, 0], "<=", 1)],
    )
    vertex = simplex.solve(Program.of(model), [fmpq(0)] * 4, [None] * 4)
    assert vertex.kind == "optimal"
    assert Program.of(model).value(vertex.point) == fmpq(-1, 20)


def test_limits_stop_it():
    model = forms.form([-1, -1], [([1, 2], "<=", 4), ([3, 1], "<=", 6)])
    program = Program.of(model)
    assert simplex.solve(program, program.lower, program.upper, pivot_limit=0).kind == "limit"
    past = time.monotonic() - 1
    assert simplex.solve(program, program.lower, program.upper, deadline=past).kind == "limit"


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 10**9))
def test_square_systems(seed):
    """Peeled or dense, both directions: the solution solves."""
    draw = random.Random(seed)
    size = draw.randint(1, 12)
    density = draw.choice([0.15, 0.3, 0.8])
    rows = [[draw.randint(-5, 5) if draw.random() < density else 0 for _ in range(size)] for _ in range(size)]
    for k, other in enumerate(draw.sample(range(size), size)):
        rows[k][other] = rows[k][other] or 1
    program = Program.of(forms.form([0] * size, [(row, "==", 0) for row in rows]))
    right = {k: fmpq(draw.randint(-9, 9), draw.randint(1, 5)) for k in range(size)}
    try:
        factor = Factor(program, range(size), range(size))
        x, y = factor.solve(right), factor.solve_transposed(right)
    except Singular:
        assert abs(np.linalg.det(np.array(rows, dtype=float))) < 1e-6
        return
    for i in range(size):
        assert sum((fmpq(rows[i][j]) * x[j] for j in range(size)), fmpq(0)) == right[i]
        assert sum((fmpq(rows[j][i]) * y[j] for j in range(size)), fmpq(0)) == right[i]


def test_triangular_systems_have_no_dense_part():
    size = 50
    rows = [[1 if j <= i and (i - j) < 3 else 0 for j in range(size)] for i in range(size)]
    program = Program.of(forms.form([0] * size, [(row, "==", 1) for row in rows]))
    assert Factor(program, range(size), range(size)).nucleus == 0
    with pytest.raises(Singular):
        Factor(program, [0], [5])
    with pytest.raises(Singular):
        Factor(program, [0, 1], [0])


# Two fractions with denominators up to q differ by at least 1/q²; only where that exceeds the tolerance
# (1e-9 of 1000) is the first convergent within it the fraction itself.
@given(st.fractions(min_value=-1000, max_value=1000, max_denominator=900))
def test_simple_fractions_are_recognised(value):
    found = rational.rational(float(value))
    assert Fraction(int(found.p), int(found.q)) == value


@given(st.floats(allow_nan=False, allow_infinity=False, width=64))
def test_every_float_is_near_its_fraction(value):
    found = rational.rational(value)
    assert abs(float(found) - value) <= 2e-9 * max(1.0, abs(value))


@given(st.lists(st.fractions(max_denominator=50), min_size=1, max_size=5))
def test_the_grid_holds_every_value(values):
    exact = [fmpq(v.numerator, v.denominator) for v in values]
    grid = rational.gcd(exact)
    if grid == 0:
        assert not any(values)
        return
    assert all((value / grid).q == 1 for value in exact)
    assert rational.gcd([value / grid for value in exact]) == 1
    above = rational.round_up(exact[0] + grid / 3, grid)
    assert above == exact[0] + grid
