"""Points of nonlinear models are evaluated again, within a tolerance that cannot be stretched."""

from __future__ import annotations

import importlib
import math
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quod import certificates, errors

sys.path.append(str(Path(__file__).parent))
examples = importlib.import_module("certificate_examples")


def numeric(formulation, point, objective, tolerance="1e-6"):
    return examples.certificate(
        "optimality",
        "numeric",
        formulation,
        {"point": point},
        sense=formulation["objective"]["sense"],
        objective=objective,
        tolerance=tolerance,
    )


def rejected(document):
    with pytest.raises(errors.CertificateRejected) as caught:
        certificates.check(document)
    return str(caught.value)


@settings(deadline=None, max_examples=60)
@given(st.floats(0.01, 50), st.floats(0.01, 50))
def test_nonlinear_functions_have_the_values_of_the_math_module(x, y):
    text = "exp(-x) * log(y) + sqrt(x * y) / (1 + x ** 2) - sin(x)"
    text += " + cos(y) ** 3 + abs(x - y) + y ** 0.5 + max(x, y)"
    functions = {name: getattr(math, name) for name in ("exp", "log", "sqrt", "sin", "cos")}
    value = eval(text, {**functions, "x": x, "y": y})
    formulation = examples.model(
        "xy", "minimize", text, (f"{text} <= {value + 1e-9!r}", f"{text} >= {value - 1e-9!r}")
    )
    certificates.check(numeric(formulation, {"x": x, "y": y}, value))
    assert "objective" in rejected(numeric(formulation, {"x": x, "y": y}, value + 1e-2))


@pytest.mark.parametrize(
    ("rows", "point", "message"),
    [
        (("x * y <= 3",), {"x": 2, "y": 2}, "row r0"),
        (("x * y >= 3",), {"x": 1, "y": 2}, "row r0"),
        (("x * y == 3",), {"x": 1, "y": 3.00001}, "row r0"),
        (("x <= 3",), {"x": 3.1}, "row r0"),
        (("1e-9 * x <= 1e-9",), {"x": 1000}, "row r0"),  # small coefficients do not loosen a row
        (("0 >= 1e-9",), {}, "row r0"),
        (("log(x - 1) <= 5",), {"x": 1}, "row r0"),  # minus infinity is no value
        (("log(0 - y) <= 5",), {"y": 1}, "row r0"),
        (("x / y <= 5",), {"x": 1}, "row r0"),
        ((), {"x": -0.001}, "column x"),
        ((), {"n": 0.25}, "column n is 0.25"),
        ((), {"n": 10.5}, "past its bound 9"),
        (("2 * n < 4",), {"n": 2}, "row r0"),  # n < 2 on integers is n <= 1
    ],
)
def test_violations_past_the_tolerance_are_rejected(rows, point, message):
    variables = ["x", "y", {"name": "n", "domain": "integer", "upper": 9}]
    assert message in rejected(numeric(examples.model(variables, "minimize", "x * x", rows), point, 0))


def test_rounding_errors_are_forgiven_relative_to_the_row():
    formulation = examples.model("xy", "minimize", "x * x - x * x", ("1e6 * x - 1e6 * y == 0",))
    certificates.check(numeric(formulation, {"x": 1000000.0, "y": 1000000.0000001}, 0))


def test_a_constant_objective_is_compared_within_the_tolerance():
    formulation = examples.model("x", "minimize", "1 / 3")
    certificates.check(numeric(formulation, {}, 0.3333333333))
    assert "claim.objective" in rejected(numeric(formulation, {}, 0.3334))


@pytest.mark.parametrize("value", ["1e999", "-1e999", "1e-999"])
def test_numbers_beyond_floats_are_only_numbers(value):
    formulation = examples.model(
        ["x", {"name": "n", "domain": "integer"}], "minimize", "exp(x)", ("x <= 1e500",)
    )
    assert "claim.objective" in rejected(numeric(formulation, {}, value))
    rejected(numeric(formulation, {"x": value}, 2))
    rejected(numeric(formulation, {"n": "1e999", "x": value}, 2))
    assert "column x is -1" in rejected(numeric(formulation, {"x": "-1e999"}, 1))


@pytest.mark.parametrize("tolerance", ["1e-5", "-1e-9", "1", 0.1, "x", None, math.nan, math.inf])
def test_the_tolerance_has_a_limit(tolerance):
    formulation = examples.model("x", "minimize", "x")
    assert "claim.tolerance" in rejected(numeric(formulation, {}, 0, tolerance))


@pytest.mark.parametrize("value", [math.nan, math.inf, "inf", "1/0", True, None, [], {}])
def test_points_hold_numbers(value):
    assert "point, column x" in rejected(numeric(examples.model("x", "minimize", "x"), {"x": value}, 0))


def test_infeasibility_is_never_numeric():
    document = examples.CASES["infeasible"] | {"strength": "numeric"}
    assert "does not exist for infeasibility" in rejected(document)


def test_a_loop_that_hides_another_leaves_it_as_it_was_where_a_row_is_not_linear():
    row = {"name": "c", "for_each": "j in J", "expression": "y[j] + sum(x[j] ** 2 for j in J) <= 5"}
    formulation = {
        "sets": [{"name": "J", "elements": [1, 2]}],
        "variables": [{"name": name, "index": ["J"]} for name in ("x", "y")],
        "objective": {"sense": "minimize", "expression": "0"},
        "constraints": [row],
    }
    certificates.check(numeric(formulation, {"y[2]": "5"}, "0"))
    assert "row c[2] is violated" in rejected(numeric(formulation, {"y[2]": "100"}, "0"))


@pytest.mark.parametrize("nest", ["abs({})", "({}) * 2"])
def test_deep_nests_are_evaluated_once(nest):
    expression = "x * x"
    for _ in range(60):
        expression = nest.format(expression)
    bounded = {"name": "c", "expression": f"{expression} <= 2 ** 61"}
    nested = {"name": "d", "expression": f"{expression.replace('x * x', 'x')} <= 2 ** 61"}
    formulation = {
        "variables": [{"name": "x"}],
        "objective": {"sense": "minimize", "expression": "0"},
        "constraints": [bounded, nested],
    }
    certificates.check(numeric(formulation, {"x": "1"}, "0"))
