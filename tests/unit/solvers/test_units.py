from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quod import errors
from quod.solvers import units
from quod.solvers.formulation import parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$", "$"),
        ("dollars", "$"),
        ("$/kg", "$/kg"),
        ("kilograms per hour", "kg/hour"),
        ("Machine  hours", "machine hour"),
        ("m**2", "m**2"),
        ("(kg*m)/s^2", "kg*m/s**2"),
        ("kg/kg", "1"),
        ("%", "1"),
        ("1", "1"),
        ("1/hour", "1/hour"),
        ("boxes", "box"),
        ("batteries", "battery"),
        ("glass", "glass"),
        ("MW", "MW"),
        ("h**-1", "1/hour"),
        ("units of medicine", "units of medicine"),
    ],
)
def test_reading(text: str, expected: str) -> None:
    unit = units.parse(text)
    assert unit is not None
    assert units.to_text(unit) == expected
    assert units.parse(expected) == unit


def test_an_empty_unit_is_unknown() -> None:
    assert units.parse("  ") is None


@pytest.mark.parametrize(
    "text", ["kg/", "3 kg", "**", "((", "kg)", "m**x", "kg kg/", "(" * 50 + "m" + ")" * 50, "a$b&"]
)
def test_malformed_units_name_their_field(text: str) -> None:
    with pytest.raises(errors.InvalidInput, match="unit of variable 'x'"):
        units.parse(text, "unit of variable 'x'")


@settings(deadline=None)
@given(st.text(max_size=20))
def test_any_text_is_a_unit_or_refused(text: str) -> None:
    try:
        unit = units.parse(text, "unit of x")
    except errors.InvalidInput:
        unit = None
    assert unit is None or units.parse(units.to_text(unit)) == unit


def check(expressions: list[str], objective: str = "profit*x", goal: str = "$") -> list[str]:
    def part(name: str, unit: str, **more: Any) -> dict[str, Any]:
        return {"name": name, "unit": unit, **more}

    return units.check(
        parse(
            {
                "sets": [{"name": "I", "elements": ["a", "b"]}],
                "parameters": [
                    part("profit", "$ per chair", value=3),
                    part("hours", "hours", value=40),
                    part("each", "hours/chair", value=2),
                    part("wage", "$/hour", value=9),
                    part("load", "kg", index=["I"], values=[1, 2]),
                    part("rate", "%", value="0.1"),
                ],
                "variables": [part("x", "chairs"), part("y", "tables"), part("w", "", index=["I"])],
                "objective": {"sense": "maximize", "expression": objective, "unit": goal},
                "constraints": [{"name": f"r{k}", "expression": e} for k, e in enumerate(expressions)],
            }
        )
    )


def test_sound_rows_pass() -> None:
    assert not check(
        [
            "each*x <= hours",
            "each*x*wage + profit*x*rate <= 100",
            "3*x + 2*y <= hours",
            "sum(load[i]*w[i] for i in I) + x <= 5",
            "max(each*x, hours) >= hours / 2",
            "x <= 10",
            "sqrt(x**2) <= x",
            "exp(x/x) <= 3",
        ]
    )


@pytest.mark.parametrize(
    ("expression", "warning"),
    [
        ("x + y <= 10", "constraint 'r0': chair and table are added: x is in chair, y in table"),
        ("profit*x <= hours", "constraint 'r0': $ and hour are compared: profit * x is in $, hours in hour"),
        ("sum(load[i] for i in I) <= x", "kg and chair are compared"),
        ("x * rate <= hours", "chair and hour are compared"),
        ("min(x, hours) >= 1", "chair and hour are compared"),
        ("exp(hours) <= 1", "exp(hours) needs a dimensionless argument, not hour"),
        ("x**2 <= x", "chair**2 and chair are compared"),
    ],
)
def test_mismatches_name_the_row_and_both_units(expression: str, warning: str) -> None:
    warnings = check([expression])
    assert len(warnings) == 1
    assert warning in warnings[0]


def test_the_objective_has_its_unit() -> None:
    assert check([], "each*x") == ["objective: its unit is $, but it adds up to hour"]
    assert check([], "each*x + profit*x", "")[0].startswith("objective: hour and $ are added")


def test_without_units_nothing_is_parsed_or_said() -> None:
    plain = {
        "variables": [{"name": "x"}],
        "objective": {"sense": "minimize", "expression": "x"},
        "constraints": [{"name": "r", "expression": "x >= 1"}],
    }
    assert units.check(parse(plain)) == []
