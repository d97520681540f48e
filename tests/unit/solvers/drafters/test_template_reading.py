from __future__ import annotations

from fractions import Fraction

import pytest

from quod.solvers.drafters.template.reader import LONGEST, read
from quod.solvers.drafters.template.reading import Reading

KILNS = (
    "A pottery fires vases and bowls. "
    "Each vase takes 3 hours in the kiln and each bowl takes 2 hours in the kiln. "
    "The kiln is available for at most 90 hours. {} "
    "If the profit per vase is $12 and the profit per bowl is $7, "
    "how many of each should be fired to maximize profit?"
)


def rows(reading: Reading) -> set[tuple[str, tuple[Fraction, Fraction], str, Fraction]]:
    """Rows as kind, coefficients of vases and bowls, operator, right-hand side."""
    names = sorted((v.name.lower() for v in reading.variables), reverse=True)
    assert [n.rstrip("s") for n in names] == ["vase", "bowl"]
    found = set()
    for row in reading.rows:
        by_name = {n.lower(): c for n, c in row.coefficients.items()}
        vector = (by_name.get(names[0], Fraction(0)), by_name.get(names[1], Fraction(0)))
        found.add((row.kind, vector, row.op, row.rhs))
    return found


KILN = ("linear", (Fraction(3), Fraction(2)), "<=", Fraction(90))


@pytest.mark.parametrize(
    ("sentence", "row"),
    [
        ("", None),
        ("At least half of all items must be vases.", ("ratio", (Fraction(1, 2), Fraction(-1, 2)), ">=", 0)),
        ("At most 30% of the items can be vases.", ("ratio", (Fraction(7, 10), Fraction(-3, 10)), "<=", 0)),
        ("At least twice as many bowls as vases must be fired.", ("xby", (-2, 1), ">=", 0)),
        ("The number of bowls must be at most three times that of the vases.", ("xby", (-3, 1), "<=", 0)),
        ("The number of vases must exceed the number of bowls.", ("xy", (1, -1), ">", 0)),
        ("The number of vases cannot exceed the number of bowls.", ("xy", (1, -1), "<=", 0)),
        ("There must be fewer vases than bowls.", ("xy", (1, -1), "<", 0)),
        ("At least twelve vases must be fired.", ("lowerbound", (1, 0), ">=", 12)),
        ("No more than 20 bowls can be sold.", ("upperbound", (0, 1), "<=", 20)),
        ("More than 4 vases must be fired.", ("lowerbound", (1, 0), ">", 4)),
        ("In total at most forty items can be fired.", ("sum", (1, 1), "<=", 40)),
    ],
)
def test_one_more_sentence(sentence: str, row: tuple[str, tuple[int, int], str, int] | None) -> None:
    reading = read(KILNS.format(sentence))
    assert reading.objective is not None
    assert reading.objective.sense == "max"
    assert {n.lower().rstrip("s"): c for n, c in reading.objective.coefficients.items()} == {
        "vase": 12,
        "bowl": 7,
    }
    wanted = {KILN} if row is None else {KILN, row}
    assert rows(reading) == wanted
    assert reading.covered, reading.problems


def test_respectively() -> None:
    reading = read(
        "A workshop builds stools and benches. Stools and benches need 2 and 5 hours of work, respectively. "
        "At most 100 hours of work are available. "
        "The profit per stool is $9 and the profit per bench is $20. "
        "How many of each should be built to maximize profit?"
    )
    linear = [r for r in reading.rows if r.kind == "linear"]
    assert [sorted(r.coefficients.values()) for r in linear] == [[2, 5]]
    stool = next(n for n in linear[0].coefficients if n.lower().startswith("stool"))
    assert linear[0].coefficients[stool] == 2


def test_strict_words_name_their_convention() -> None:
    reading = read(KILNS.format("The number of vases must exceed the number of bowls."))
    strict = [r for r in reading.rows if r.op == ">"]
    assert len(strict) == 1
    assert "strict" in strict[0].conventions[0]


def test_divisible_only_where_the_text_says_so() -> None:
    assert not any(v.divisible for v in read(KILNS.format("")).variables)
    text = KILNS.format("A fractional number of vases is okay.")
    divisible = [v for v in read(text).variables if v.divisible]
    assert [v.name.lower().rstrip("s") for v in divisible] == ["vase"]
    span = divisible[0].divisible_evidence
    assert span is not None
    assert text[span.start : span.end] == "A fractional number of vases is okay"
    assert not any(v.divisible for v in read(KILNS.format("Fractional vases are not allowed.")).variables)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n\n ",
        "The quick brown fox jumps over the lazy dog.",
        "12 12 12 12",
        "maximize minimize at least at most",
        "Find the greatest common divisor of 12 and 18.",
        "x" * (LONGEST + 1),
        "7 " * 500,
    ],
)
def test_what_is_no_problem_is_not_covered(text: str) -> None:
    reading = read(text)
    assert reading.problems
    assert reading.confidence < 0.5


def test_a_number_without_a_place_is_reported() -> None:
    text = KILNS.format("The inspector insists on a zeal of at least 41 sparks.")
    reading = read(text)
    used = {text[s.start : s.end] for r in reading.rows for s in r.numbers}
    assert "41" in used or any("41" in p for p in reading.problems) or reading.confidence < 0.8


def test_evidence_points_at_the_words() -> None:
    text = KILNS.format("No more than 20 bowls can be sold.")
    reading = read(text)
    bound = next(r for r in reading.rows if r.kind == "upperbound")
    assert "20" in [text[s.start : s.end] for s in bound.numbers]
    assert text[bound.clause.start : bound.clause.end].startswith("No more than 20 bowls")
    for variable in reading.variables:
        stem = variable.name.lower().rstrip("s")
        assert all(stem in text[s.start : s.end].lower() for s in variable.evidence)


def test_the_same_text_reads_the_same() -> None:
    text = KILNS.format("At least twelve vases must be fired.")
    assert read(text) == read(text)
