"""Coverage, audit and diagnosis on declared problems, through the `gold` drafter."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest

from quod.solvers import coverage, expand, highs, review
from quod.solvers.drafters import gold
from quod.solvers.formulation import Formulation
from quod.solvers.options import Options

FIXTURE = pathlib.Path(__file__).parents[1] / "fixtures" / "nl4opt.jsonl"
OPTIONS = Options(time_limit=10)


def declared() -> list[Formulation]:
    records: dict[str, dict[str, Any]] = {}
    for line in FIXTURE.read_text().splitlines():
        records.update(json.loads(line))
    return [gold.formulate(record) for record in records.values()]


@pytest.mark.parametrize("given", declared())
def test_declared_problems_are_covered_and_every_dropped_row_is_missed(given: Formulation) -> None:
    assert coverage.check(given).missing == []
    for row in given.constraints:
        rest = given.model_copy(
            update={
                "constraints": [r for r in given.constraints if r is not row],
                "conventions": [c for c in given.conventions if row.name not in c.targets],
            }
        )
        assert coverage.check(rest).missing, row.expression


@pytest.mark.parametrize("given", declared())
def test_declared_problems_obey_the_laws(given: Formulation) -> None:
    report = review.review(given, OPTIONS)
    termination = str(highs.solve(expand.expand(given), OPTIONS).termination)
    assert {finding["kind"] for finding in report["findings"]} == ({termination} & {"unbounded"})
    assert report["notes"] == []
    assert len(report["rows"]) == (len(given.constraints) if termination == "optimal" else 0)


def test_an_infeasible_declaration_is_explained_by_its_sentences() -> None:
    (given,) = (f for f in declared() if f.text and f.text.startswith("A bakery sells rye"))
    answer = review.diagnosis(given, OPTIONS)
    assert answer["proven_irreducible"]
    assert [member["sentence"] for member in answer["conflict"]] == [
        None,
        "Rye bread uses 2 kg of flour and wheat bread uses 1 kg. There are 8 kg of flour available.",
        "At least 6 loaves of rye bread were ordered.",
    ]
    assert answer["conflict"][0]["expression"] == "wheat_bread >= 0"
    changes = {entry["row"]: (entry["from"], entry["to"]) for entry in answer["relaxations"]}
    assert changes == {"c1": ("8", "12"), "c2": ("6", "4")}
