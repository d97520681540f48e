from __future__ import annotations

import dataclasses
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quod import jobs
from quod.solvers import audit, expand, highs, metamorphic, signs
from quod.solvers.formulation import Constraint, Convention, Formulation, Objective, Parameter, Set, Variable
from quod.solvers.options import Options

OPTIONS = Options(time_limit=20)


def model(
    *rows: str, objective: str = "3*x + 2*y", sense: str = "maximize", **changes: object
) -> Formulation:
    parts: dict[str, object] = {
        "variables": [Variable(name="x", label="chairs"), Variable(name="y", label="tables")],
        "objective": Objective(sense=sense, expression=objective),  # type: ignore[arg-type]
        "constraints": [Constraint(name=f"c{k}", expression=row) for k, row in enumerate(rows, start=1)],
    }
    return Formulation(**{**parts, **changes})  # type: ignore[arg-type]


def run(formulation: Formulation, **changes: object) -> audit.Audit:
    form = expand.expand(formulation)
    outcome = dataclasses.replace(highs.solve(form, OPTIONS), **changes)  # type: ignore[arg-type]
    return audit.audit(formulation, form, outcome, OPTIONS, time.perf_counter() + 20)


def look(formulation: Formulation) -> dict[str, list[str | None]]:
    form = expand.expand(formulation)
    found: dict[str, list[str | None]] = {}
    for finding in signs.look(formulation, form, highs.solve(form, OPTIONS)):
        found.setdefault(finding.kind, []).append(finding.row)
    return found


def test_a_sound_model_has_no_findings_and_its_rows_are_told_apart() -> None:
    report = run(model("x + y <= 4", "x + 3*y <= 8", "x <= 3", "x + y <= 40/3 + x"))
    assert report.findings == []
    assert report.notes == []
    states = {row["row"]: row["state"] for row in report.rows}
    assert states == {"c1": "binding", "c2": "redundant", "c3": "binding", "c4": "redundant"}
    without = {row["row"]: row["without"] for row in report.rows}
    assert without["c1"] == pytest.approx(9 + 10 / 3)
    assert without["c2"] == pytest.approx(11)


def test_a_row_whose_removal_leaves_no_optimum_is_binding() -> None:
    (row,) = run(model("x + y <= 4")).rows
    assert row == {"row": "c1", "state": "binding", "without": None}


@pytest.mark.parametrize(
    ("wrong", "broken"),
    [(10.0, {("tightening", "c1"), ("tightening", "c2")}), (13.0, {("relaxing", "c1"), ("relaxing", "c2")})],
)
def test_a_wrong_optimum_breaks_the_laws_and_the_row_is_named(
    wrong: float, broken: set[tuple[str, str]]
) -> None:
    # The optimum is 11: if it were 10, tightening would help; if it were 13, relaxing would hurt.
    findings = run(model("x + y <= 4", "x <= 3"), objective=wrong).findings
    found = {(finding.kind, finding.row) for finding in findings}
    assert found >= broken | {("scaling", None), ("renaming", None)}
    assert all(f.row in f.message for f in findings if f.row)


def test_a_row_with_slack_that_matters_is_a_finding() -> None:
    values = np.array([0.0, 0.0])
    findings = run(model("x + y <= 4", "x <= 3"), values=values).findings
    assert {f.row for f in findings if f.kind == "slack"} == {"c1", "c2"}


def test_integer_rows_may_matter_without_being_tight() -> None:
    whole = [Variable(name="x", domain="integer"), Variable(name="y", domain="integer")]
    report = run(model("2*x <= 7", "x + y <= 4.5", variables=whole))
    assert report.findings == []
    assert {row["state"] for row in report.rows} == {"binding"}


def test_large_models_and_long_row_lists_are_cut_with_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "ROWS", 1)
    report = run(model("x + y <= 4", "x <= 3"))
    assert len(report.rows) == 1
    assert report.notes == ["1 of 2 rows were not re-solved"]
    monkeypatch.setattr(audit, "NONZEROS", 2)
    report = run(model("x + y <= 4", "x <= 3"))
    assert report.rows == []
    assert "3 nonzeros" in report.notes[0]


def test_past_the_deadline_rows_are_left_out() -> None:
    formulation = model("x + y <= 4")
    form = expand.expand(formulation)
    report = audit.audit(formulation, form, highs.solve(form, OPTIONS), OPTIONS, time.perf_counter() - 1)
    assert report.rows == []
    assert report.notes == ["1 of 1 rows were not re-solved"]


@pytest.mark.parametrize(
    ("formulation", "kind", "rows"),
    [
        (model("x <= 4"), "unlimited", ["y"]),
        (model("x <= 4", objective="x"), "idle", ["y"]),
        (model("x + y <= 4", parameters=[Parameter(name="price", value="3")]), "idle", [None]),
        (model("x + y <= 4", sense="minimize"), "nothing", [None]),
        (model("x - y <= 4"), "unbounded", [None]),
        (model("x + y <= 4", "x <= x + 1"), "empty", ["c2"]),
        (model("x + y <= 4", "x + y >= -2"), "always_true", ["c2"]),
        (model("x + y <= 4", "2*x + 2*y <= 9", "-x - y >= -5"), "repeated", ["c2", "c3"]),
    ],
)
def test_signs_of_a_misreading(formulation: Formulation, kind: str, rows: list[str | None]) -> None:
    assert look(formulation)[kind] == rows


@pytest.mark.parametrize(
    "formulation",
    [
        model("x + y <= 4", "x >= 0", "y >= 0"),
        model("x + y <= 4", "x + y >= 1", "x - y <= 4", "y - x <= 4"),
        model("x + y >= 4", sense="minimize"),
        model("x <= 4", variables=[Variable(name="x"), Variable(name="y", upper="3")]),
    ],
)
def test_no_signs_in_sound_models(formulation: Formulation) -> None:
    assert look(formulation) == {}


def test_an_unbounded_model_names_what_nothing_limits() -> None:
    formulation = model("x <= 4")
    form = expand.expand(formulation)
    found = signs.look(formulation, form, highs.solve(form, OPTIONS))
    assert "nothing limits 'tables'; a limit may have been overlooked" in [f.message for f in found]


def test_many_signs_are_counted() -> None:
    rows = [f"x + y >= {-k}" for k in range(1, 31)]
    found = look(model("x + y <= 4", *rows))
    assert len(found["always_true"]) == 21
    assert len(found["repeated"]) == 21


def test_renaming_keeps_quoted_members_and_hidden_names() -> None:
    grid = Formulation(
        sets=[Set(name="I", elements=["x", "b"])],
        variables=[Variable(name="x", index=["I"]), Variable(name="v_1")],
        objective=Objective(sense="minimize", expression='x["x"] + sum(x[b] for b in I) + v_1'),
        constraints=[
            Constraint(name="c", expression="x[i] + v_1 >= 2*len(I) - 1", for_each='i in I if i != "x"')
        ],
        conventions=[Convention(kind="integrality", targets=["x"], reading="real", alternative="integer")],
    )
    other = metamorphic.renamed(grid)
    assert [v.name for v in other.variables] == ["vv_1", "vv_0"]
    assert other.objective.expression == 'vv_0["x"] + sum(vv_0[b] for b in I) + vv_1'
    assert other.constraints[0].for_each == 'i in I if i != "x"'
    here, there = (highs.solve(expand.expand(f), OPTIONS) for f in (grid, other))
    assert here.objective == there.objective == 3


coefficients = st.integers(-3, 5)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(coefficients, coefficients, st.sampled_from(["<=", ">="]), st.integers(-6, 9)), max_size=4
    ),
    st.tuples(coefficients, coefficients),
    st.sampled_from(["real", "integer"]),
    st.sampled_from(["minimize", "maximize"]),
)
def test_correct_solutions_break_no_law(
    rows: list[tuple[int, int, str, int]], costs: tuple[int, int], domain: str, sense: str
) -> None:
    formulation = model(
        *(f"({a})*x + ({b})*y {op} {rhs}" for a, b, op, rhs in rows),
        objective=f"({costs[0]})*x + ({costs[1]})*y",
        sense=sense,
        variables=[Variable(name=n, domain=domain, upper="7") for n in ("x", "y")],  # type: ignore[arg-type]
    )
    report = run(formulation)
    solver = {"scaling", "renaming", "tightening", "relaxing", "removal", "slack"}
    assert not solver & {finding.kind for finding in report.findings}
    if highs.solve(expand.expand(formulation), OPTIONS).termination is jobs.Termination.OPTIMAL:
        assert len(report.rows) == len(rows)
