"""Benchmark files: NL4Opt's official format, and rows of question + results (ReSocratic's format)."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quod import errors

SOURCES = """\
NL4Opt (official format, MIT): https://github.com/nl4opt/nl4opt-competition, \
generation_data/dev.jsonl or test.jsonl
NL4OPT-E and OptiBench (question + results, Apache-2.0): https://github.com/yangzhch6/ReSocratic, \
data/NL4OPT-E.json and data/OptiBench.json"""


@dataclass(frozen=True)
class Problem:
    """One row of a file.

    `record`: the official declarations, if the file has them. `expected`: the objective of its key, None when
    it has none or it is no number; `has_key` tells these apart. Neither is for a drafter's eyes.
    """

    id: str
    text: str
    category: str = ""
    record: dict[str, Any] | None = None
    expected: float | None = None
    has_key: bool = False


def load(path: str | Path) -> list[Problem]:
    """All problems of a JSON or JSON-lines file, in order.

    Raises InvalidInput naming the row; for a missing file the message says where public data can be had.
    """
    place = Path(path)
    if not place.is_file():
        raise errors.InvalidInput(f"there is no file {place}; public data:\n{SOURCES}", field="data")
    rows = _rows(place)
    if not rows:
        raise errors.InvalidInput(f"{place} holds no problems", field="data")
    return [_problem(row, f"{place.name}: row {number}") for number, row in enumerate(rows, start=1)]


def pair(data: Sequence[Problem], key: Sequence[Problem]) -> list[tuple[Problem, Problem]]:
    """Problems and key, row by row. Raises InvalidInput when they cannot belong together."""
    if len(data) != len(key):
        raise errors.InvalidInput(
            f"the key has {len(key)} rows and the data {len(data)}; "
            "they must be the same problems in the same order",
            field="key",
        )
    for number, row in enumerate(key, start=1):
        if not row.has_key:
            raise errors.InvalidInput(f"row {number} has no `results`", field="key")
    return list(zip(data, key, strict=True))


def objective(results: Any) -> float | None:
    """The objective of a key row: the last entry of `results`; None when it is no finite number."""
    last = list(results.values())[-1] if isinstance(results, dict) and results else results
    try:
        value = float(str(last).replace(",", ""))
    except ValueError:
        return None
    return value + 0.0 if math.isfinite(value) else None  # -0.0 becomes 0.0


def _rows(path: Path) -> list[Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except (UnicodeDecodeError, OSError) as error:
        raise errors.InvalidInput(f"{path} cannot be read: {error}", field="data") from None
    try:
        whole = json.loads(text)
        return whole if isinstance(whole, list) else [whole]
    except ValueError:
        pass
    rows: list[Any] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                rows.append(json.loads(line))
            except ValueError as error:
                raise errors.InvalidInput(f"{path.name}: line {number} is not JSON: {error}") from None
    return rows


def _problem(row: Any, where: str) -> Problem:
    if isinstance(row, dict) and len(row) == 1:
        name, record = next(iter(row.items()))
        if isinstance(record, dict) and "document" in record:
            return Problem(str(name), str(record["document"]), record=record)
    if isinstance(row, dict) and "document" in row:
        return Problem(str(row.get("id", where)), str(row["document"]), record=row)
    if isinstance(row, dict) and isinstance(row.get("question"), str):
        return Problem(
            id=str(row.get("index", row.get("id", where))),
            text=row["question"],
            category=str(row.get("type", "")),
            expected=objective(row.get("results")),
            has_key="results" in row,
        )
    raise errors.InvalidInput(
        f"{where} is neither NL4Opt's official format (`document`, `obj_declaration`, …) "
        "nor a row of `question` and `results`"
    )
