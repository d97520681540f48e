from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest

from quod import errors
from quod.bench import datasets

FIXTURES = pathlib.Path(__file__).parents[2] / "fixtures"


def write(path: pathlib.Path, rows: list[Any], *, lines: bool = False) -> pathlib.Path:
    path.write_text("\n".join(map(json.dumps, rows)) if lines else json.dumps(rows))
    return path


def test_the_official_format_keeps_declarations() -> None:
    problems = datasets.load(FIXTURES / "nl4opt.jsonl")
    assert [p.id for p in problems] == ["101", "102", "103", "104", "105"]
    assert problems[0].record is not None
    assert problems[0].record["vars"] == ["lamps", "clocks"]
    assert not problems[0].has_key


@pytest.mark.parametrize("lines", [False, True])
def test_rows_of_question_and_results(tmp_path: pathlib.Path, lines: bool) -> None:
    rows = [
        {
            "question": "Q1",
            "results": {"x": "4.999999", "Profit": "-0.0"},
            "index": 7,
            "type": "linear-table",
        },
        {"question": "Q2", "results": {"x": "1", "Cost": "1,250.5"}},
        {"question": "Q3", "results": {"Cost": "No Best Solution"}},
    ]
    problems = datasets.load(write(tmp_path / "rows.json", rows, lines=lines))
    assert [(p.expected, p.has_key) for p in problems] == [(0.0, True), (1250.5, True), (None, True)]
    assert str(problems[0].expected) == "0.0"
    assert (problems[0].id, problems[0].category) == ("7", "linear-table")


def test_a_missing_file_says_where_the_data_are(tmp_path: pathlib.Path) -> None:
    with pytest.raises(errors.InvalidInput, match="ReSocratic"):
        datasets.load(tmp_path / "none.jsonl")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "no problems"),
        ("[]", "no problems"),
        ("[1]", "row 1 is neither"),
        ('{"question": 3}', "row 1 is neither"),
        ('{"question": "a"}\n{"ques', "line 2 is not JSON"),
        ('{"a": {"text": "b"}}', "row 1 is neither"),
    ],
)
def test_wrong_files_name_the_row(tmp_path: pathlib.Path, content: str, says: str) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(content)
    with pytest.raises(errors.InvalidInput, match=says):
        datasets.load(path)


def test_a_file_that_is_no_text(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(errors.InvalidInput, match="cannot be read"):
        datasets.load(path)


def test_a_key_belongs_row_by_row() -> None:
    data = [datasets.Problem("1", "a"), datasets.Problem("2", "b")]
    key = [datasets.Problem("1", "a", expected=3.0, has_key=True)] * 2
    assert datasets.pair(data, key)[1] == (data[1], key[1])
    with pytest.raises(errors.InvalidInput, match="1 rows and the data 2"):
        datasets.pair(data, key[:1])
    with pytest.raises(errors.InvalidInput, match="row 1 has no `results`"):
        datasets.pair(data, data)
