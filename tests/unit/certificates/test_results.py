"""A solved result is accepted only when its answer is what its certificate proves."""

from __future__ import annotations

import copy
import importlib
import sys
from pathlib import Path

import pytest

from quod import certificates, errors, jobs

sys.path.append(str(Path(__file__).parent))
examples = importlib.import_module("certificate_examples")
CASES = examples.CASES
KNAPSACK_ANSWER = {"objective": "20", "sense": "maximize", "values": {"x": "4", "y": "0"}}


def knapsack(**fields):
    return examples.result(CASES["tree"], **{"answer": copy.deepcopy(KNAPSACK_ANSWER), **fields})


def rejected(document):
    with pytest.raises(errors.CertificateRejected) as caught:
        certificates.check(document)
    return str(caught.value)


def test_a_solved_result_is_checked_with_its_answer():
    assert certificates.check(knapsack()).kind == "optimality"
    assert certificates.check(jobs.Result.model_validate(knapsack())).strength == "exact"


def test_values_are_keyed_by_what_people_call_the_columns():
    values = {"tons[Ulm,1]": "2", "tons[Ulm,2]": "0", "tons[Bern,1]": "0", "tons[Bern,2]": "4"}
    answer = {"objective": "10", "sense": "minimize", "values": values}
    document = examples.result(CASES["indexed sums"], answer=answer)
    certificates.check(document)
    del values["tons[Ulm,2]"]
    assert "'tons[Ulm,2]' is missing" in rejected(document)


def test_answer_keys_fall_back_to_column_names_when_labels_clash():
    variables = [{"name": "a", "label": "trips"}, {"name": "b", "label": "trips"}]
    formulation = examples.model(variables, "minimize", "a + b")
    assert certificates.answer_keys(formulation) == {"a": "a", "b": "b"}
    formulation["variables"][1]["label"] = "tours"
    assert certificates.answer_keys(formulation) == {"a": "trips", "b": "tours"}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"status": "unsolved"}, "carries no certificate"),
        ({"status": "failed"}, "carries no certificate"),
        ({"status": ["solved"]}, "carries no certificate"),
        ({"certificate": None}, "carries no certificate"),
        ({"kind": "prove"}, "does not settle a job of this kind"),
        ({"termination": "infeasible"}, "not what the certificate claims"),
        ({"termination": None}, "not what the certificate claims"),
        ({"answer": None}, "answer: an object is expected"),
        ({"answer": {**KNAPSACK_ANSWER, "objective": "21"}}, "is '21', but 20 was proved"),
        ({"answer": {**KNAPSACK_ANSWER, "objective": 20.0}}, "floating-point"),
        ({"answer": {**KNAPSACK_ANSWER, "sense": "minimize"}}, "answer.sense"),
        ({"answer": {**KNAPSACK_ANSWER, "bound": "20"}}, "answer.bound"),
        ({"answer": {**KNAPSACK_ANSWER, "values": {"x": "4"}}}, "'y' is missing"),
        ({"answer": {**KNAPSACK_ANSWER, "values": {"x": "4", "y": "1"}}}, "y is '1', but 0 was proved"),
        ({"answer": {**KNAPSACK_ANSWER, "values": {"x": "4", "y": "0", "z": "0"}}}, "'z' is not known"),
    ],
)
def test_a_result_that_says_something_else_is_rejected(fields, message):
    assert message in rejected(knapsack(**fields))


def test_the_problem_must_be_the_text_that_was_formulated():
    document = knapsack(problem="Maximize.")
    certificates.check(document)  # a formulation given by the caller has no text
    document["certificate"]["formulation"]["text"] = "Maximize."
    certificates.check(document)
    document["problem"] = "Minimize."
    assert "not the text" in rejected(document)


def test_a_weaker_bound_is_shown_as_it_was_proved():
    answer = {**KNAPSACK_ANSWER, "bound": "22"}
    document = examples.result(CASES["weaker bound"], answer=answer)
    certificates.check(document)
    answer["bound"] = "20"
    assert "answer.bound" in rejected(document)


def test_infeasible_results_show_no_values():
    document = examples.result(CASES["infeasible"], answer={"conflict": ["r0", "r1"]})
    certificates.check(document)
    certificates.check({**document, "answer": None})
    assert "no optimum" in rejected({**document, "answer": {"objective": "0"}})
    assert "no point" in rejected({**document, "answer": {"values": {"x": "0", "y": "0"}}})


def test_unbounded_results_may_show_the_point():
    document = examples.result(
        CASES["unbounded"], answer={"sense": "maximize", "values": {"x": "0", "y": "0"}}
    )
    certificates.check(document)
    assert "y is '1'" in rejected({**document, "answer": {"values": {"x": "0", "y": "1"}}})
    assert "answer.sense" in rejected({**document, "answer": {"sense": "minimize"}})


def test_numeric_results_may_hold_floats():
    answer = {"objective": 20.0, "sense": "maximize", "values": {"x": 4.0000000001, "y": 0}}
    document = examples.result(CASES["numeric and linear"], answer=answer)
    assert certificates.check(document).strength == "numeric"
    answer["values"]["x"] = 4.0
    assert "x is 4.0" in rejected(document)
