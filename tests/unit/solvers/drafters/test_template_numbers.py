from __future__ import annotations

from fractions import Fraction

import pytest

from quod.solvers.drafters.template.numbers import find_numbers
from quod.solvers.drafters.template.tokens import tokenize


def numbers(text: str) -> list[tuple[Fraction, str]]:
    return [(n.value, n.kind) for n in find_numbers(text, tokenize(text))]


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        ("one hundred thousand dollars", Fraction(100_000), "plain"),
        ("twenty-five crates", Fraction(25), "plain"),
        ("one hundred and five crates", Fraction(105), "plain"),
        ("a dozen crates", Fraction(12), "plain"),
        ("2 million viewers", Fraction(2_000_000), "plain"),
        ("1,250,000 viewers", Fraction(1_250_000), "plain"),
        ("$4.50", Fraction(9, 2), "plain"),
        (".5 hours", Fraction(1, 2), "plain"),
        ("15% of it", Fraction(3, 20), "percent"),
        ("7.5 percent", Fraction(3, 40), "percent"),
        ("12 per cent", Fraction(3, 25), "percent"),
        ("a third of them", Fraction(1, 3), "fraction"),
        ("two-thirds of them", Fraction(2, 3), "fraction"),
        ("3/4 of them", Fraction(3, 4), "fraction"),
        ("half of them", Fraction(1, 2), "fraction"),
        ("twice as many", Fraction(2), "times"),
        ("three times more", Fraction(3), "times"),
        ("2.5 times as many", Fraction(5, 2), "times"),
        ("it is checked 5 times a week", Fraction(5), "plain"),
    ],
)
def test_one_number(text: str, value: Fraction, kind: str) -> None:
    assert numbers(text) == [(value, kind)]


def test_lists_stay_apart() -> None:
    assert [v for v, _ in numbers("10, 20, and 30 kg or forty and five")] == [10, 20, 30, 40, 5]


def test_ordinals_are_no_numbers() -> None:
    assert numbers("the 1st and the third shelf") == []


def test_money_is_seen_on_both_sides() -> None:
    text = "costs $5 or 6 dollars or 7 kg"
    assert [n.money for n in find_numbers(text, tokenize(text))] == [True, True, False]


def test_offsets_are_those_of_the_text() -> None:
    text = "At least twenty-five % of 1,000 — or ½ — is 2/3."
    for number in find_numbers(text, tokenize(text)):
        assert text[number.start : number.end] == number.text
