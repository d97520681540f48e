"""The template drafter: readings as formulations with evidence, conventions and exact rows."""

from __future__ import annotations

from fractions import Fraction

from quod.solvers import conventions
from quod.solvers.drafters import base, shares

TEXT = (
    "A clinic makes small jars and large jars. A small jar takes 2 grams of powder and a large jar takes 5 "
    "grams. There are 300 grams of powder available. At most 100 jars can be made in total. At least 30% "
    "of the jars must be large jars. The profit is $3 per small jar and $6 per large jar. How many of each "
    "should be made to maximize profit?"
)


def draft() -> base.Draft:
    return base.create("template").draft(TEXT)


def test_words_become_a_formulation_with_evidence() -> None:
    made = draft()
    assert made.problems == []
    formulation = made.formulation
    assert formulation is not None
    assert formulation.text == TEXT
    assert {variable.domain for variable in formulation.variables} == {"integer"}
    assert formulation.objective.sense == "maximize"
    for part in [*formulation.variables, formulation.objective, *formulation.constraints]:
        assert part.evidence
        assert all(TEXT[span.start : span.end].strip() for span in part.evidence)


def test_percentage_is_a_convention_with_its_alternative() -> None:
    formulation = draft().formulation
    assert formulation is not None
    (shared,) = [item for item in formulation.conventions if item.kind == "percentage"]
    large = next(v.name for v in formulation.variables if "large" in v.name)
    assert shared.reading.startswith(f"{large} >= 0.3*(")
    assert shared.alternative == f"{large} >= 30"
    assert any(item.convention.kind == "percentage" for item in conventions.alternatives(formulation))


def test_garbage_has_no_formulation() -> None:
    made = base.create("template").draft("Nothing here speaks of quantities.")
    assert made.formulation is None
    assert made.problems


def test_shares_are_recognised_whatever_the_number_of_variables() -> None:
    third = Fraction(1, 3)
    assert shares.share({"x": 1 - third, "y": -third, "z": -third}) == ("x", third)
    assert shares.share({"x": Fraction(1), "y": Fraction(-2)}) is None
    assert shares.share({"x": Fraction(1)}) is None
