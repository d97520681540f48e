from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quod import errors
from quod.solvers import expand, tables
from quod.solvers.formulation import Formulation, parse


def document(index: list[str], file: dict[str, Any], **parameter: Any) -> Formulation:
    return parse(
        {
            "sets": [
                {"name": "I", "elements": ["a", "b"]},
                {"name": "T", "elements": [1, 2]},
                {"name": "A", "elements": [["a", 1], ["b", 2]]},
            ],
            "parameters": [{"name": "c", "index": index, "file": file, **parameter}],
            "objective": {"sense": "minimize", "expression": "0"},
        }
    )


def load(folder: Path, name: str, text: str, index: list[str], **parts: Any) -> Any:
    (folder / name).write_text(text, encoding="utf-8")
    file = {"path": name, **parts.pop("table", {})}
    parameter = tables.load(document(index, file, **parts), folder).parameters[0]
    assert parameter.file is None
    return parameter.values if index else parameter.value


def test_csv_with_named_columns_in_any_order(tmp_path: Path) -> None:
    text = "cost,to,note,from\n0.1,1,x,a\n2,2,,a\n\n 3 ,1,,b\n1/3,2,,b\n"
    table = {"columns": ["from", "to"], "value": "cost"}
    assert load(tmp_path, "c.csv", text, ["I", "T"], table=table) == [["0.1", "2"], ["3", "1/3"]]


def test_csv_of_a_tuple_set_a_scalar_and_defaults(tmp_path: Path) -> None:
    table = {"columns": ["i", "t"]}
    assert load(tmp_path, "a.csv", "i,t,value\nb,2,7\n", ["A"], table=table, default="1") == ["1", "7"]
    assert load(tmp_path, "s.csv", "\ufeffvalue\n12.5\n", []) == "25/2"
    assert load(tmp_path, "t.tsv", "T\tvalue\n2\t1e-3\n1\t4\n", ["T"]) == ["4", "1e-3"]


def test_json_numbers_stay_exact(tmp_path: Path) -> None:
    values = load(tmp_path, "c.json", '{"a": 0.1000000000000000000001, "b": 2}', ["I"])
    assert values == {"a": "0.1000000000000000000001", "b": 2}
    assert load(tmp_path, "d.json", "[[1, 2], [0.3, 4]]", ["I", "T"]) == [[1, 2], ["0.3", 4]]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("c.csv", "I,cost\na,1\n", "c.csv: line 1: the column 'value' is missing; the file has I, cost"),
        ("c.csv", "I,value,value\na,1,2\n", "the column 'value' stands twice"),
        ("c.csv", "", "the column 'I' is missing; the file has none"),
        ("c.csv", "I,value\na,1\nc,2\n", "c.csv: line 3: c is no index of I"),
        ("c.csv", "I,value\na,1\nb,2\na,3\n", "lines 2 and 4: a stands twice"),
        ("c.csv", "I,value\na,1\n", "b has no line and there is no default"),
        ("c.csv", "I,value\na,1\nb,NaN\n", "line 3: 'NaN' is not an exact finite number"),
        ("c.csv", "I,value\na,1,5\n", "line 2: 3 cells, not 2"),
        ("c.csv", 'I,value\n"a,1\n', "is not CSV"),
        ("c.json", '{"a": 1, "a": 2}', "c.json: the key 'a' stands twice"),
        ("c.json", '{"a": 1,\n "b": }', "c.json: line 2: "),
        ("c.json", '{"a": 1, "z": 2}', "c.json: parameter 'c': the key 'z' is no index of I"),
        ("c.json", "[1, 2, 3]", "the values are 3, the index sets need 2 (I)"),
        ("c.json", "[1, NaN]", "NaN is not a number"),
        ("c.txt", "1", "neither .csv nor .json"),
    ],
)
def test_mistakes_name_file_and_line(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(errors.InvalidInput) as caught:
        load(tmp_path, name, text, ["I"])
    assert message in str(caught.value)


def test_files_outside_the_folder_need_leave(tmp_path: Path) -> None:
    inside = tmp_path / "problem"
    inside.mkdir()
    (tmp_path / "c.csv").write_text("I,value\na,1\nb,2\n")
    for path in ("../c.csv", str(tmp_path / "c.csv")):
        formulation = document(["I"], {"path": path})
        with pytest.raises(errors.InvalidInput, match="outside the folder"):
            tables.load(formulation, inside)
        assert tables.load(formulation, inside, outside=True).parameters[0].values == ["1", "2"]
    (inside / "link.csv").symlink_to(tmp_path / "c.csv")
    with pytest.raises(errors.InvalidInput, match="outside the folder"):
        tables.load(document(["I"], {"path": "link.csv"}), inside)


def test_missing_folder_and_file() -> None:
    formulation = document(["I"], {"path": "none.csv"})
    with pytest.raises(errors.InvalidInput, match="no folder is known"):
        tables.load(formulation, None)
    with pytest.raises(errors.InvalidInput, match=r"none\.csv does not exist"):
        tables.load(formulation, ".")
    with pytest.raises(errors.InvalidInput, match="was not loaded"):
        expand.expand(formulation.model_copy(update={"objective": use("c['a']")}))


def use(expression: str) -> Any:
    return parse({"objective": {"sense": "minimize", "expression": expression}}).objective


def test_inline_makes_numpy_values_exact_text() -> None:
    values = np.array([[0.1, 2.0], [1e-7, 1e22]])
    formulation = parse(
        {
            "sets": [{"name": "I", "elements": ["a", "b"]}],
            "parameters": [
                {"name": "c", "index": ["I", "I"], "values": values},
                {"name": "d", "index": ["I"], "values": np.array([3, 4])},
                {"name": "e", "index": ["I"], "values": [np.float64(0.5), np.int64(2)]},
            ],
            "objective": {"sense": "minimize", "expression": "sum(c[i, j] for i in I for j in I)"},
        }
    )
    inlined = tables.inline(formulation)
    assert [p.values for p in inlined.parameters] == [
        [["0.1", "2.0"], ["1e-07", "1e+22"]],
        [3, 4],
        ["0.5", 2],
    ]
    again = parse(json.loads(inlined.model_dump_json()))
    assert expand.expand(again, exact=True).constant == expand.expand(formulation, exact=True).constant
