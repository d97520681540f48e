from __future__ import annotations

import time

import pytest

from quod.solvers.drafters import wording


@pytest.mark.parametrize(
    ("direction", "operator", "strict"),
    [
        ("more than", ">=", True),
        ("must exceed", ">=", True),
        ("must be larger than", ">=", True),
        ("less than", "<=", True),
        ("below", "<=", True),
        ("at least", ">=", False),
        ("must be at least more", ">=", False),
        ("no more than", "<=", False),
        ("cannot exceed", "<=", False),
        ("must not exceed", "<=", False),
        ("or more", ">=", False),
        ("exceed", "<=", False),
        ("less than", ">=", False),
        ("available", "<=", False),
    ],
)
def test_strict_words(direction: str, operator: str, strict: bool) -> None:
    assert wording.is_strict(direction, operator) is strict


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "Buy some. A fractional number of cookies is okay. Maximize it.",
            "A fractional number of cookies is okay",
        ),
        ("The land is divisible.", "The land is divisible"),
        ("The amounts need not be integers.", "need not be integers"),
        ("How many full or partial tanks are best?", "How many full or partial tanks are best"),
        ("Partial loads are not allowed.", None),
        ("The variables cannot be fractional.", None),
        ("A partial refund costs $5.", None),
        ("Bake 3 cakes.", None),
    ],
)
def test_statements_of_divisibility(text: str, words: str | None) -> None:
    found = wording.divisible_statement(text)
    assert (None if found is None else text[found.start : found.end]) == words


def test_long_texts_take_linear_time() -> None:
    started = time.perf_counter()
    wording.divisible_statement("divisible " * 2000 + "x" * 1_000_000)
    assert time.perf_counter() - started < 5
