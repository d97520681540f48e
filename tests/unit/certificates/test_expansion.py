"""The checker's expansion against Python's own evaluation and against the solver side's expansion."""

from __future__ import annotations

import importlib
import random
import sys
from fractions import Fraction
from pathlib import Path

import flint
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quod import errors
from quod.certificates import model, program
from quod.solvers import expand, formulation

sys.path.append(str(Path(__file__).parent))
random_models = importlib.import_module("certificate_models")

slow = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def fraction(value: flint.fmpq) -> Fraction:
    return Fraction(int(value.p), int(value.q))


def random_point(seed: int) -> dict[str, Fraction]:
    draw = random.Random(seed)
    return {name: Fraction(draw.randint(-9, 9), draw.randint(1, 4)) for name in random_models.columns()}


@slow
@given(random_models.formulations(), st.integers(0, 10**6))
def test_rows_and_objective_have_the_values_that_python_gives_them(drawn, seed):
    document, rows = drawn
    point = random_point(seed)
    names = random_models.namespace(point)
    expanded = model.expand(model.Model(document))
    assert expanded.model.names == random_models.columns()
    at = [flint.fmpq(point[name].numerator, point[name].denominator) for name in expanded.model.names]
    assert fraction(expanded.objective.at(at)) == random_models.reference(
        document["objective"]["expression"], names
    )
    assert {row.name: fraction(row.value.at(at)) for row in expanded.rows} == random_models.row_values(
        rows, names
    )


@slow
@given(random_models.formulations(), st.integers(0, 10**6))
def test_the_standard_form_has_the_same_values_where_new_columns_are_tight(drawn, seed):
    point = random_point(seed)
    expanded = model.expand(model.Model(drawn[0]))
    form = program.standard_form(expanded)
    at = [flint.fmpq(point[name].numerator, point[name].denominator) for name in expanded.model.names]
    at += [None] * (len(form.names) - len(at))
    limits = {}
    for name in reversed(list(form.row)):  # inner terms come after outer ones
        if "#" in name:
            row, column = form.rows[form.row[name]], form.column[name.rpartition(".")[0]]
            limits.setdefault(column, []).append(row)
    for column in reversed(range(len(expanded.model.names), len(at))):
        rows = limits[column]
        slope = rows[0].terms[column]
        others = [
            sum((c * at[j] for j, c in r.terms.items() if j != column), flint.fmpq(0)) - r.rhs for r in rows
        ]
        at[column] = max(others) if slope == -1 else -max(others)
    sign = form.sign
    reached = form.constant + sum((c * at[j] for j, c in form.cost.items()), flint.fmpq(0))
    assert sign * reached == expanded.objective.at(at)
    for row in expanded.rows:
        linear = form.rows[form.row[row.name]]
        value = sum((c * at[j] for j, c in linear.terms.items()), flint.fmpq(0)) - linear.rhs
        if linear.comparison == row.comparison or not program.is_integral(row.value, form.integer):
            assert value == row.value.at(at)


@slow
@given(random_models.formulations())
def test_the_solver_side_expands_to_the_same_columns_and_rows(drawn):
    document, _ = drawn
    form = program.standard_form(model.expand(model.Model(document)))
    other = expand.expand(formulation.parse(document), exact=True)
    assert form.names == [other.column_name(j) for j in range(other.shape[1])]
    assert form.lower == [None if v is None else v for v in other.lower]
    assert form.upper == [None if v is None else v for v in other.upper]
    assert form.integer == other.integer.tolist()
    assert {j: form.sign * c for j, c in form.cost.items()} == {
        j: c for j, c in enumerate(other.cost) if c != 0
    }
    assert form.sign * form.constant == other.constant
    assert set(form.row) == {other.row_name(i) for i in range(other.shape[0])}
    for i in range(other.shape[0]):
        mine = form.rows[form.row[other.row_name(i)]]
        cells = range(other.indptr[i], other.indptr[i + 1])
        assert mine.terms == {int(other.indices[k]): other.data[k] for k in cells}
        assert (mine.rhs, mine.comparison) == (
            other.rhs[i],
            {-1: "<=", 0: "==", 1: ">="}[int(other.row_sense[i])],
        )


def test_a_long_sum_needs_no_deep_tree():
    names = [f"x{k}" for k in range(4000)]
    document = {
        "variables": [{"name": name} for name in names],
        "objective": {
            "sense": "minimize",
            "expression": " + ".join(f"{k} * {name}" for k, name in enumerate(names)),
        },
    }
    expanded = model.expand(model.Model(document))
    assert [int(expanded.objective.terms[k].p) for k in range(1, 4000)] == list(range(1, 4000))


def test_decimals_are_exact_also_where_floats_are_not():
    document = {
        "objective": {"sense": "minimize", "expression": "0.1 + 0.2 + 1e-400 + 12345678901234567890.5"}
    }
    value = model.expand(model.Model(document)).objective.constant
    assert fraction(value) == Fraction("0.3") + Fraction("1e-400") + Fraction("12345678901234567890.5")


def test_what_the_condition_excludes_is_not_looked_at():
    document = {
        "sets": [{"name": "T", "elements": [1, 2, 3]}],
        "variables": [{"name": "s", "index": ["T"]}],
        "objective": {"sense": "minimize", "expression": "sum(s[t] - s[t - 1] for t in T if t > 1)"},
    }
    assert model.expand(model.Model(document)).objective.terms == {0: flint.fmpq(-1), 2: flint.fmpq(1)}
    document["objective"]["expression"] = "sum(s[t] - s[t - 1] for t in T)"
    with pytest.raises(errors.CertificateRejected, match=r"s\[0\]"):
        model.expand(model.Model(document))
