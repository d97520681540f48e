from __future__ import annotations

from fractions import Fraction

from quod.solvers.drafters.template import calibrate, corpus
from quod.solvers.drafters.template.reader import read

BIKES = (
    "A courier firm uses scooters and vans. A scooter carries 20 parcels and a van carries 90 parcels. "
    "{} At least 900 parcels must be delivered. {}"
)


def coefficients(text: str) -> dict[str, Fraction]:
    objective = read(text).objective
    assert objective is not None
    return {name.lower().rstrip("s"): value for name, value in objective.coefficients.items()}


def test_a_list_goes_to_the_variables_in_their_order() -> None:
    question = "How many of each should be used to minimize the cost?"
    text = BIKES.format("They cost 15 and 40 dollars, respectively.", question)
    assert coefficients(text) == {"scooter": 15, "van": 40}


def test_former_and_latter() -> None:
    question = "How many scooters and vans should be used to minimize the cost?"
    text = BIKES.format("The cost is $15 for the former and $40 for the latter.", question)
    assert coefficients(text) == {"scooter": 15, "van": 40}


def test_an_aim_worded_by_degree() -> None:
    text = BIKES.format(
        "A scooter costs $15 and a van costs $40.",
        "How many of each should be used so that the cost is as low as possible?",
    )
    objective = read(text).objective
    assert objective is not None
    assert objective.sense == "min"


def test_a_difference_of_two_variables() -> None:
    text = BIKES.format(
        "A scooter costs $15 and a van costs $40. There must be at least 5 more scooters than vans.",
        "How many of each should be used to minimize the cost?",
    )
    found = {(tuple(sorted(row.coefficients.values())), row.op, row.rhs) for row in read(text).rows}
    assert ((Fraction(-1), Fraction(1)), ">=", Fraction(5)) in found


def test_marks_become_spans() -> None:
    text, spans = corpus.unmark("Buy [v|red bikes] at $[p|30].")
    assert text == "Buy red bikes at $30."
    assert [(label, text[start:end]) for label, start, end in spans] == [
        ("VAR", "red bikes"),
        ("PARAM", "30"),
    ]


def test_optimum_of_a_small_model() -> None:
    rows: calibrate.Rows = [
        ((Fraction(1), Fraction(2)), "<", Fraction(7)),
        ((Fraction(1), Fraction(0)), "<=", Fraction(3)),
    ]
    assert calibrate.optimum("max", (Fraction(1), Fraction(1)), rows) == 4
    assert calibrate.optimum("max", (Fraction(1), Fraction(1)), rows[1:]) is None
