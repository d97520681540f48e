from __future__ import annotations

import copy
import json
import pathlib
from fractions import Fraction
from typing import Any

import pytest

from quod import errors
from quod.solvers.drafters import declarations, gold

FIXTURE = pathlib.Path(__file__).parents[3] / "fixtures" / "nl4opt.jsonl"


def records() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for line in FIXTURE.read_text().splitlines():
        found.update(json.loads(line))
    return found


def rows(key: str) -> list[str]:
    return [row.expression for row in gold.formulate(records()[key]).constraints]


def test_every_declaration_type_becomes_the_row_it_means() -> None:
    assert rows("101") == ["2*lamps + 3*clocks <= 1200", "clocks >= 0.4*(lamps + clocks)"]
    assert rows("102")[:2] == ["small_ferries > large_ferries", "large_ferries <= 7"]
    assert rows("103") == ["elms >= 2*oaks", "oaks >= 10", "oaks + elms <= 30", "9*oaks + 6*elms < 400"]
    assert rows("105")[0] == "apple_juice >= (1/3)*pear_juice"


def test_objectives_of_both_types() -> None:
    assert gold.formulate(records()["101"]).objective.expression == "30*lamps + 45*clocks"
    counted = gold.formulate(records()["102"]).objective
    assert (counted.sense, counted.expression) == ("minimize", "small_ferries + large_ferries")


def test_evidence_points_at_the_words_and_numbers() -> None:
    drafted = gold.formulate(records()["102"])
    text = drafted.text or ""
    words = [text[e.start : e.end] for e in drafted.constraints[2].evidence]
    assert words == ["twenty", "fifty", "At least", "300"]
    mentions = {text[e.start : e.end] for e in drafted.variables[0].evidence}
    assert mentions == {"small ferries", "small ferry"}


def test_policy_integers_unless_the_text_says_divisible() -> None:
    whole, divisible = gold.formulate(records()["103"]), gold.formulate(records()["105"])
    assert {v.domain for v in whole.variables} == {"integer"}
    assert {v.domain for v in divisible.variables} == {"real"}
    convention = divisible.conventions[0]
    assert (convention.reading, convention.alternative) == ("real", "integer")
    assert (divisible.text or "")[convention.evidence[0].start :].startswith("Fractional litres")


def test_strict_words_are_recorded_with_their_alternative() -> None:
    drafted = gold.formulate(records()["102"])
    strict = [c for c in drafted.conventions if c.kind == "strictness"]
    assert [(c.targets, c.reading, c.alternative) for c in strict] == [(["c1"], ">", ">=")]


def test_undeclared_numbers_are_listed_as_unused() -> None:
    record = copy.deepcopy(records()["101"])
    del record["const_declarations"][1]
    drafted = gold.formulate(record)
    text = drafted.text or ""
    assert [text[u.evidence.start : u.evidence.end] for u in drafted.unused] == ["At least", "40%"]


@pytest.mark.parametrize(
    ("words", "exact"),
    [
        ("1,200", Fraction(1200)),
        ("70%", Fraction(7, 10)),
        ("7.5 %", Fraction(3, 40)),
        ("thirty percent", Fraction(3, 10)),
        ("third", Fraction(1, 3)),
        ("two-thirds", Fraction(2, 3)),
        ("twice", Fraction(2)),
        ("three times", Fraction(3)),
        ("one hundred thousand", Fraction(100_000)),
        ("8000 minutes", Fraction(8000)),
        ("50 000", Fraction(50_000)),
        ("one and a half", Fraction(3, 2)),
    ],
)
def test_values_in_words_are_exact(words: str, exact: Fraction) -> None:
    assert declarations.value(words, "limit").exact == exact


def test_a_ratio_above_one_is_a_percentage_whose_sign_was_left_out() -> None:
    record = copy.deepcopy(records()["101"])
    record["const_declarations"][1]["limit"] = "40"
    assert gold.formulate(record).constraints[1].expression == "clocks >= 0.4*(lamps + clocks)"


def test_two_terms_sent_to_one_variable_are_matched_by_words() -> None:
    record = copy.deepcopy(records()["101"])
    record["order_mapping"]["lamp"] = 1
    assert rows("101")[0] == gold.formulate(record).constraints[0].expression


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (
            {"const_declarations": [{"type": "sum", "operator": "LESS_OR_EQUAL"}]},
            r"const_declarations\[0\].limit",
        ),
        (
            {"const_declarations": [{"type": "odd", "operator": "LESS_OR_EQUAL"}]},
            r"const_declarations\[0\].type",
        ),
        ({"const_declarations": [{"type": "sum", "limit": "2"}]}, r"const_declarations\[0\].operator"),
        (
            {"const_declarations": [{"type": "sum", "limit": "some", "operator": "LESS_OR_EQUAL"}]},
            r"const_declarations\[0\].limit",
        ),
        (
            {
                "const_declarations": [
                    {"type": "xy", "x_var": "fox", "y_var": "clocks", "operator": "LESS_OR_EQUAL"}
                ]
            },
            "const_declarations",
        ),
        ({"obj_declaration": {"direction": "sideways"}}, "obj_declaration.direction"),
        ({"obj_declaration": None}, "obj_declaration"),
        ({"vars": "lamps"}, "vars"),
    ],
)
def test_a_wrong_record_names_the_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(errors.InvalidInput, match=field):
        gold.formulate({**records()["101"], **change})


def test_spans_that_do_not_fit_the_text_cost_only_evidence() -> None:
    record = {**records()["101"], "spans": [{"label": "VAR", "start": 5, "end": 100_000}, {"label": "VAR"}]}
    drafted = gold.formulate(record)
    assert [row.expression for row in drafted.constraints] == rows("101")
    assert drafted.variables[0].evidence == []


def test_mentions_are_resolved_by_either_mapping_and_by_spelling() -> None:
    record = copy.deepcopy(records()["101"])
    record["order_mapping"] = {"lamps": 0, "clocks": 1, "lamp": 0}
    record["var_mention_to_first_var"] = {"clock": "clocks"}
    record["const_declarations"][1]["var"] = "CLOKS"
    del record["const_declarations"][1]["operator"]
    record["const_declarations"][1]["type"] = "lowerbound"
    assert [r.expression for r in gold.formulate(record).constraints] == [rows("101")[0], "clocks >= 0.4"]


def test_the_drafter_knows_only_its_texts() -> None:
    drafter = gold.GoldDrafter(list(records().values()))
    text = records()["104"]["document"]
    drafted = drafter.draft(text).formulation
    assert drafted is not None
    assert drafted.text == text
    with pytest.raises(errors.InvalidInput, match="none of them"):
        drafter.draft(text + " ")
