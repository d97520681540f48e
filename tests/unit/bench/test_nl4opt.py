"""The suites over the real pipeline: real solver children, real certificates, a real HTTP endpoint."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest

from quod import errors, testing
from quod.bench import nl4opt, optibench, worker
from quod.solvers.drafters import gold

FIXTURE = pathlib.Path(__file__).parents[2] / "fixtures" / "nl4opt.jsonl"


def quiet(line: str) -> None:
    pass


def write(path: pathlib.Path, rows: list[dict[str, Any]]) -> pathlib.Path:
    path.write_text(json.dumps(rows))
    return path


def records() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for line in FIXTURE.read_text().splitlines():
        found.update(json.loads(line))
    return found


def reply(record: dict[str, Any]) -> str:
    """The declared model as a language model would write it."""
    drafted = gold.formulate(record)
    text = drafted.text or ""
    document = drafted.model_dump(mode="json", exclude={"text", "version"})
    parts = [
        document["objective"],
        *document["variables"],
        *document["constraints"],
        *document["conventions"],
    ]
    for part in parts:
        part["evidence"] = [text[e["start"] : e["end"]] for e in part["evidence"]]
    document["unused"] = []
    return json.dumps(document)


def test_gold_declarations_are_all_certified_exactly_in_two_processes() -> None:
    report = nl4opt.run_nl4opt(FIXTURE, drafter="gold", jobs=2, progress=quiet)
    assert (report["n"], report["solved"], report["accuracy_gold"]) == (5, 5, 1.0)
    assert report["strengths"] == {"exact": 5}
    assert report["terminations"] == {"optimal": 3, "infeasible": 1, "unbounded": 1}
    assert report["declarations"]["all_equal"] == 1.0
    assert report["continuous"]["accuracy_gold"] == 1.0


def test_nothing_of_the_key_reaches_the_drafter(tmp_path: pathlib.Path) -> None:
    known = [records()["101"], records()["102"]]
    data = tmp_path / "data.jsonl"
    secret = "SECRET-NAME"
    for record in known:
        record["obj_declaration"]["name"] = secret
    data.write_text("".join(json.dumps({f"id-{i}": r}) + "\n" for i, r in enumerate(known)))
    edited = known[1]["document"].replace("fifty cars", "60 cars")
    rows = [
        {"question": known[0]["document"], "results": {"lamps": "1", secret: "987654.25"}},
        {"question": edited, "results": {"small": "9", secret: "987654.25"}},
    ]
    replies = [reply(known[0]), reply(known[1]), reply(known[1]).replace("50*", "60*").replace("fifty", "60")]
    with testing.ScriptedServer(replies) as server:
        report = nl4opt.run_nl4opt(
            data,
            key=write(tmp_path / "key.json", rows),
            drafter="openai",
            overrides={"model_url": server.url, "model": "scripted", "repair_rounds": 0},
            progress=quiet,
        )
    sent = [json.loads(request.messages[-1]["content"])["problem"] for request in server.requests]
    assert sent == [known[0]["document"], known[1]["document"], edited]
    everything = json.dumps([dict(request.json) for request in server.requests])
    for hidden in ("987654", secret, "obj_declaration", "GREATER_OR_EQUAL"):
        assert hidden not in everything
    assert (report["accuracy_gold"], report["accuracy_key"], report["key_texts_that_differ"]) == (1.0, 0.0, 1)
    assert report["usage"]["model_calls"] == 3


def test_the_key_is_read_in_its_own_words(tmp_path: pathlib.Path) -> None:
    rows = [{"question": record["document"], "results": {"objective": "0"}} for record in records().values()]
    rows[0]["results"] = {"objective": "18000.000001"}
    report = nl4opt.run_nl4opt(FIXTURE, write(tmp_path / "k.json", rows), "gold", limit=2, progress=quiet)
    assert (report["accuracy_key"], report["key_texts_that_differ"], report["n_key"]) == (0.5, 0, 2)


def test_rows_of_question_and_results_alone(tmp_path: pathlib.Path) -> None:
    row = {"question": records()["103"]["document"], "results": {"Cost": "210.0"}, "type": "linear-notable"}
    with testing.ScriptedServer([reply(records()["103"])]) as server:
        report = optibench.run_optibench(
            write(tmp_path / "rows.json", [row]),
            drafter="openai",
            overrides={"model_url": server.url, "model": "scripted"},
            progress=quiet,
        )
    assert report["accuracy_gold"] is None
    assert report["accuracy_key"] == 1.0
    assert report["by_category"]["linear-notable"]["solved"] == 1
    assert report["declarations"] is None


@pytest.mark.parametrize(
    ("rows", "drafter", "says"),
    [
        ([{"question": "a", "results": {"b": "1"}}], "gold", "official declarations"),
        ([{"question": "a", "results": {}}], "nobody", "no drafter 'nobody'"),
        ([{"question": "a", "results": {}}], "template, gold", "run it alone"),
    ],
)
def test_unusable_input_is_refused_before_anything_runs(
    tmp_path: pathlib.Path, rows: list[dict[str, Any]], drafter: str, says: str
) -> None:
    with pytest.raises(errors.InvalidInput, match=says):
        nl4opt.run_nl4opt(write(tmp_path / "data.json", rows), drafter=drafter, progress=quiet)


def test_declarations_that_are_not_understood_cost_only_their_problem(tmp_path: pathlib.Path) -> None:
    good, poor = records()["101"], {**records()["104"], "obj_declaration": {"direction": "sideways"}}
    data = tmp_path / "data.jsonl"
    data.write_text("".join(json.dumps({name: r}) + "\n" for name, r in (("good", good), ("poor", poor))))
    report = nl4opt.run_nl4opt(data, drafter="gold", progress=quiet)
    assert (report["n_gold"], report["solved"], report["accuracy_gold"]) == (2, 1, 0.5)
    assert "obj_declaration.direction" in report["unreadable"]["poor"]


def test_declarations_that_differ_are_counted() -> None:
    declared = gold.formulate(records()["103"]).model_dump(mode="json")
    drafted = json.loads(json.dumps(declared))
    drafted["constraints"][1]["expression"] = "oaks >= 11"
    del drafted["constraints"][2]
    counted = worker.declarations(declared, drafted)
    assert counted is not None
    assert (counted["matched"], counted["drafted"], counted["gold"]) == (3, 4, 5)
    assert counted["kinds"]["lowerbound"] == [0, 1]
    assert counted["kinds"]["sum"] == [0, 1]
    assert counted["kinds"]["xby"] == [1, 1]
    nothing = worker.declarations(declared, None)
    assert nothing is not None
    assert (nothing["matched"], nothing["drafted"], nothing["gold"]) == (0, 0, 5)
