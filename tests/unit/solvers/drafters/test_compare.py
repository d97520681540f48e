from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quod import errors
from quod.solvers import formulation
from quod.solvers.drafters import canonical, compare, writing


def model(
    rows: list[str],
    objective: str = "3*x + 2*y",
    *,
    sense: str = "maximize",
    variables: list[dict[str, Any]] | None = None,
) -> formulation.Formulation:
    declared = variables or [{"name": "x", "domain": "integer"}, {"name": "y", "domain": "integer"}]
    return formulation.parse(
        {
            "variables": declared,
            "objective": {"sense": sense, "expression": objective},
            "constraints": [{"name": f"c{i}", "expression": row} for i, row in enumerate(rows)],
        }
    )


def same(first: formulation.Formulation, second: formulation.Formulation) -> bool:
    return canonical.equal(canonical.canonical(first), canonical.canonical(second))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (["x + y <= 4"], ["2*x + 2*y <= 8"]),
        (["x + y <= 4"], ["4 >= y + x"]),
        (["x >= 2*y"], ["2*y - x <= 0"]),
        (["x == y"], ["3*y - 3*x == 0"]),
        (["x > y"], ["x >= y + 1"]),
        (["2*x + 4*y <= 9"], ["x + 2*y <= 4"]),
        (["x <= 3", "y <= 2"], ["y <= 2", "x <= 3"]),
        (["x <= 3"], ["x <= 3", "x >= 0", "0 <= 5"]),
        (["x >= 0.3*(x + y)"], ["7*x >= 3*y"]),
    ],
)
def test_one_model_written_differently(left: list[str], right: list[str]) -> None:
    assert same(model(left), model(right))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (["x + y <= 4"], ["x + y <= 5"]),
        (["x + y <= 4"], ["x + y >= 4"]),
        (["x + y <= 4"], ["x + y == 4"]),
        (["x > y"], ["x >= y"]),
        (["x <= 3"], ["x <= 3", "y <= 3"]),
        (["x <= 3"], ["0 >= 1"]),
    ],
)
def test_other_models_are_told_apart(left: list[str], right: list[str]) -> None:
    assert not same(model(left), model(right))


def test_objectives_are_compared_with_sense_and_scale() -> None:
    rows = ["x + y <= 4"]
    assert same(model(rows), model(rows, "-3*x - 2*y", sense="minimize"))
    assert not same(model(rows), model(rows, sense="minimize"))
    assert not same(model(rows), model(rows, "6*x + 4*y"))


def test_bounds_are_rows_and_domains_matter() -> None:
    bounded = [{"name": "x", "domain": "integer", "upper": 3}, {"name": "y", "domain": "integer"}]
    assert same(model(["x <= 3"]), model([], variables=bounded))
    divisible = [{"name": "x"}, {"name": "y", "domain": "integer"}]
    assert not same(model([]), model([], variables=divisible))
    free = [{"name": "x", "domain": "integer", "lower": None}, {"name": "y", "domain": "integer"}]
    assert not same(model([]), model([], variables=free))
    assert same(model([]), model(["x >= 0"], variables=free))


def labelled(first: str, second: str) -> list[dict[str, Any]]:
    return [
        {"name": "a", "label": first, "domain": "integer"},
        {"name": "b", "label": second, "domain": "integer"},
    ]


def test_labels_tell_which_variable_is_which() -> None:
    one = model(["2*a + b <= 4"], "a + b", variables=labelled("red lamps", "blue lamps"))
    swapped = model(["a + 2*b <= 4"], "a + b", variables=labelled("blue lamp", "red lamp"))
    wrong = model(["2*a + b <= 4"], "a + b", variables=labelled("blue lamp", "red lamp"))
    other_names = model(["a + 2*b <= 4"], "a + b", variables=labelled("p", "q"))
    assert same(one, swapped)
    assert not same(one, wrong)
    assert same(one, other_names)


def test_models_that_are_not_linear_have_no_form() -> None:
    with pytest.raises(errors.InvalidInput):
        canonical.canonical(model(["x*y <= 4"]))


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1))
def test_rewriting_a_random_model_keeps_its_form(seed: int) -> None:
    dice = random.Random(seed)
    size = dice.randint(1, 4)
    columns = [f"v{j}" for j in range(size)]
    rows = [
        (
            {c: Fraction(dice.randint(-4, 4), dice.randint(1, 3)) for c in columns},
            dice.choice(["<=", ">=", "=="]),
        )
        for _ in range(dice.randint(1, 4))
    ]
    limits = [Fraction(dice.randint(-6, 12), dice.randint(1, 3)) for _ in rows]
    cost = {c: Fraction(dice.randint(-3, 5)) for c in columns}

    def build(order: list[int], renamed: dict[str, str], scales: list[Fraction]) -> formulation.Formulation:
        written = []
        for i in order:
            (terms, operator), scale = rows[i], scales[i]
            turned = {"<=": ">=", ">=": "<=", "==": "=="}[operator] if scale < 0 else operator
            scaled = {renamed[c]: v * scale for c, v in terms.items()}
            written.append(writing.comparison(scaled, turned, limits[i] * scale))
        declared = [{"name": n, "label": f"thing {c}", "domain": "integer"} for c, n in renamed.items()]
        dice.shuffle(declared)
        objective = writing.linear({renamed[c]: v for c, v in cost.items()})
        return model(written, objective, variables=declared)

    plain = build(list(range(len(rows))), {c: c for c in columns}, [Fraction(1)] * len(rows))
    order = dice.sample(range(len(rows)), len(rows))
    scales = [Fraction(dice.choice([-3, -1, 2, 5]), dice.choice([1, 2])) for _ in rows]
    assert same(plain, build(order, {c: f"other_{c}" for c in columns}, scales))


def optimum(values: dict[str, float]) -> compare.Optimum:
    return lambda drafted: ("optimal", values[drafted.constraints[0].expression])


def test_disagreement_is_reported_with_both_outcomes() -> None:
    chosen, other = model(["x + y <= 4"]), model(["x + y <= 5"])
    messages = compare.disagreements(
        chosen, [chosen, other], optimum({"x + y <= 4": 12.0, "x + y <= 5": 15.0})
    )
    assert len(messages) == 1
    for part in ("draft 3", "1 rows missing, 1 other rows", "optimal at 15", "optimal at 12"):
        assert part in messages[0]


def test_another_model_with_the_same_outcome_is_still_reported() -> None:
    chosen, other = model(["x + y <= 4"]), model(["x + y <= 4", "x <= 100"])
    found = compare.disagreements(chosen, [other], optimum({"x + y <= 4": 12.0}))
    assert found == [
        "draft 2 reads the text differently (1 other rows), with the same outcome: optimal at 12"
    ]
    assert compare.disagreements(chosen, [other]) == ["draft 2 reads the text differently (1 other rows)"]


def test_models_without_a_form_are_compared_by_optimum() -> None:
    chosen, other = model(["x*y <= 4"]), model(["y*x <= 4"])
    assert compare.disagreements(chosen, [other], optimum({"x*y <= 4": 1.0, "y*x <= 4": 1.0 + 1e-9})) == []
    assert len(compare.disagreements(chosen, [other], optimum({"x*y <= 4": 1.0, "y*x <= 4": 2.0}))) == 1


def test_other_numbers_of_variables_and_objectives_are_named() -> None:
    chosen = model(["x + y <= 4"])
    fewer = model(["x <= 4"], "3*x", variables=[{"name": "x", "domain": "integer"}])
    assert "1 variables instead of 2" in compare.disagreements(chosen, [fewer])[0]
    assert "another objective" in compare.disagreements(chosen, [model(["x + y <= 4"], "x")])[0]
    divisible = model(["x + y <= 4"], variables=[{"name": "x"}, {"name": "y"}])
    assert "other domains" in compare.disagreements(chosen, [divisible])[0]


def test_equal_outcomes() -> None:
    assert compare.same_optimum(("optimal", 1.0), ("optimal", 1.0 + 1e-8))
    assert compare.same_optimum(("infeasible", None), ("infeasible", None))
    assert not compare.same_optimum(("infeasible", None), ("unbounded", None))
    assert not compare.same_optimum(("optimal", 1.0), ("optimal", None))
