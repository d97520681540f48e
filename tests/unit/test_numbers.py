"""Exact numbers: what is read, what is refused, what is written."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quod import errors, numbers


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, Fraction(3)),
        ("12.5", Fraction(25, 2)),
        (" -40/3 ", Fraction(-40, 3)),
        ("1e3", Fraction(1000)),
        (".5", Fraction(1, 2)),
        (0.1, Fraction(1, 10)),
        (Decimal("0.07"), Fraction(7, 100)),
        (Fraction(1, 3), Fraction(1, 3)),
    ],
)
def test_reads_exactly(value: object, expected: Fraction) -> None:
    assert numbers.exact(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        math.inf,
        "nan",
        "inf",
        "-Infinity",
        "1/0",
        "",
        "ten",
        "1,000",
        True,
        None,
        [],
        "1e9999",
        "9" * 5000,
    ],
)
def test_refuses_what_is_no_number(value: object) -> None:
    with pytest.raises(errors.InvalidInput, match="limit: "):
        numbers.exact(value, field="limit")


@given(st.fractions())
def test_text_round_trip(value: Fraction) -> None:
    assert numbers.exact(numbers.to_text(value)) == value
    assert numbers.exact(numbers.to_decimal_text(value)) == value


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Fraction(25, 2), "12.5"),
        (Fraction(40, 3), "40/3"),
        (Fraction(640), "640"),
        (Fraction(1, 1000), "0.001"),
    ],
)
def test_decimals_for_people(value: Fraction, shown: str) -> None:
    assert numbers.to_decimal_text(value) == shown
