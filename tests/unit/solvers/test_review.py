from __future__ import annotations

import json

import pytest

from quod.solvers import review
from quod.solvers.formulation import Constraint, Convention, Formulation, Objective, Variable
from quod.solvers.options import Options
from quod.workers import runner

OPTIONS = Options(time_limit=10)
WHOLE = Convention(kind="integrality", targets=["x", "y"], reading="integer", alternative="real")
STRICT = Convention(kind="strictness", targets=["c"], reading="<", alternative="<=")


def model(row: str, *conventions: Convention, **changes: object) -> Formulation:
    parts: dict[str, object] = {
        "variables": [
            Variable(name="x", label="acres", domain="integer"),
            Variable(name="y", domain="integer"),
        ],
        "objective": Objective(sense="maximize", expression="x + y"),
        "constraints": [Constraint(name="c", expression=row)],
        "conventions": list(conventions),
    }
    return Formulation(**{**parts, **changes})  # type: ignore[arg-type]


def test_other_readings_are_shown_only_where_the_optimum_differs() -> None:
    report = review.review(model("2*x + 2*y < 7", WHOLE, STRICT), OPTIONS)
    assert report["alternatives"] == [
        {
            "convention": "integrality",
            "text": "3 if acres and y are whole, 3.5 if divisible",
            "termination": "optimal",
            "objective": "7/2",
        }
    ]
    assert report["findings"] == []
    assert [row["state"] for row in report["rows"]] == ["binding"]
    json.dumps(report)


def test_strictness_matters_on_whole_numbers() -> None:
    report = review.review(model("x + y < 7", STRICT), OPTIONS)
    (other,) = report["alternatives"]
    assert other["text"] == "6 if c excludes equality, 7 if it allows equality"


def test_a_reading_without_a_solution_is_told() -> None:
    report = review.review(
        model(
            "x + y == 7",
            WHOLE.model_copy(update={"reading": "real", "alternative": "integer"}),
            variables=[Variable(name="x"), Variable(name="y", lower="1/2", upper="3/4")],
        ),
        OPTIONS,
    )
    (other,) = report["alternatives"]
    assert other["text"] == "7 if x and y are divisible, no solution if whole"
    assert other["termination"] == "infeasible"
    assert other["objective"] is None


def test_a_quadratic_optimum_is_a_number() -> None:
    objective = Objective(sense="minimize", expression="x**2 - 3*x + y")
    given = model(
        "x + y <= 7",
        WHOLE.model_copy(update={"reading": "real", "alternative": "integer"}),
        variables=[Variable(name="x"), Variable(name="y")],
        objective=objective,
    )
    assert review.review(given, OPTIONS)["findings"] == []
    other = Convention(kind="percentage", targets=["c"], reading="x + y <= 7", alternative="x + y <= 1")
    (reading,) = review.review(given.model_copy(update={"conventions": [other]}), OPTIONS)["alternatives"]
    assert reading["objective"] == pytest.approx(-2)
    assert reading["text"] == "-2.25 if c means x + y <= 7, -2 if it means x + y <= 1"


def test_it_runs_in_a_child_and_takes_json() -> None:
    document = model("2*x + 2*y <= 7", WHOLE).model_dump(mode="json")
    report = runner.call(review.review, document, OPTIONS, limits=runner.Limits(seconds=30))
    assert [other["objective"] for other in report["alternatives"]] == ["7/2"]


def test_findings_are_plain() -> None:
    report = review.review(
        model("x + y >= 3", objective=Objective(sense="maximize", expression="x")), OPTIONS
    )
    assert [finding["kind"] for finding in report["findings"]] == ["unbounded"]
    assert set(report["findings"][0]) == {"row", "kind", "message"}


def test_an_infeasible_model_is_diagnosed_with_readings_that_have_a_solution() -> None:
    rows = [Constraint(name="c", expression="2*x + 2*y == 7"), Constraint(name="d", expression="x >= 1")]
    answer = review.diagnosis(model("", WHOLE, constraints=rows), OPTIONS)
    assert [member["row"] for member in answer["conflict"]] == ["c"]
    assert answer["by_integrality"]
    assert answer["alternatives"][0]["text"] == "no solution if acres and y are whole, 3.5 if divisible"
    json.dumps(answer)


def test_nothing_is_diagnosed_in_a_feasible_or_nonlinear_model() -> None:
    assert review.diagnosis(model("x + y <= 7"), OPTIONS) == {}
    assert review.diagnosis(model("x*y <= 7"), OPTIONS) == {}
