from __future__ import annotations

import math
from typing import Any

import pyomo.environ as pyo
import pytest

from quod import errors
from quod.solvers import pyomo_model
from quod.solvers.formulation import parse

POINT = {"x": 1.5, "y": -2.0, "n": 3}


def build(objective: str, constraints: tuple[str, ...] = (), sense: str = "minimize") -> Any:
    document = {
        "sets": [{"name": "T", "elements": [1, 2, 3]}],
        "variables": [
            {"name": "x"},
            {"name": "y", "lower": None},
            {"name": "n", "domain": "integer", "upper": "7/2"},
        ],
        "objective": {"sense": sense, "expression": objective},
        "constraints": [{"name": f"r{k}", "expression": e} for k, e in enumerate(constraints)],
    }
    model = pyomo_model.build(parse(document))
    for name, value in POINT.items():
        getattr(model, name).set_value(value)
    return model


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("exp(x) + log(x) * sqrt(n)", math.exp(1.5) + math.log(1.5) * math.sqrt(3)),
        ("sin(y) - cos(x) / n", math.sin(-2) - math.cos(1.5) / 3),
        ("x * y - (x + 2*y) ** 2", -3 - 6.25),
        ("x ** 0.5 + 2 ** n", math.sqrt(1.5) + 8),
        ("-abs(y) + min(x, n, 2) * x", -2 + 1.5 * 1.5),
        ("prod(x for t in T if t > 1) * sum(t for t in T)", 2.25 * 6),
        ("n / y", -1.5),
    ],
)
def test_nonlinear_objectives_have_the_right_value(expression: str, value: float) -> None:
    assert pyo.value(build(expression).objective) == pytest.approx(value)


def test_nonlinear_and_nonconvex_rows() -> None:
    model = build("x", ("x * y >= 3 - exp(y)", "abs(y) == x", "max(x, y) >= n"))
    assert pyo.value(model.r0.body) == pytest.approx(-3 - 3 + math.exp(-2))
    assert (pyo.value(model.r0.lower), model.r0.upper) == (0, None)
    assert pyo.value(model.r1.body) == pytest.approx(0.5)
    assert pyo.value(model.r2.body) == pytest.approx(-1.5)


def test_domains_bounds_and_sense() -> None:
    model = build("x", sense="maximize")
    assert (model.n.domain.name, model.n.bounds) == ("Integers", (0.0, 3.0))
    assert (model.y.bounds, model.x.bounds) == ((None, None), (0.0, None))
    assert model.objective.sense == pyo.maximize


def test_errors_name_the_row() -> None:
    with pytest.raises(errors.InvalidInput, match=r"r0: division by zero"):
        build("x", ("x / (3 - 3) <= 1",))
