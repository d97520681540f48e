"""Parameter values in CSV and JSON files beside the problem, and values made ready for a certificate.

Files are read inside one folder only; numbers stay text until they are exact, never binary floats.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from quod import documents, errors, numbers
from quod.solvers import scopes
from quod.solvers.expand.data import member_texts, read_parameter, split_key
from quod.solvers.formulation import Formulation, Parameter, Table

MAX_BYTES = 1_000_000_000


def load(formulation: Formulation, base_dir: str | Path | None, *, outside: bool = False) -> Formulation:
    """The formulation with the values of every `file` inline; paths are relative to `base_dir`.

    Files outside `base_dir` are refused unless the caller allows them by `outside`. Raises InvalidInput
    naming file and line for missing columns, unknown members, duplicates, missing values, what is no number.
    """
    parameters = [
        _loaded(p, formulation, base_dir, outside) if p.file is not None and p.values is None else p
        for p in formulation.parameters
    ]
    return formulation.model_copy(update={"parameters": parameters})


def inline(formulation: Formulation) -> Formulation:
    """The formulation ready for JSON: NumPy values as nested lists of exact text.

    A float becomes the shortest decimal that reads back the same.
    """
    parameters = [p.model_copy(update={"values": _exact_lists(p.values)}) for p in formulation.parameters]
    return formulation.model_copy(update={"parameters": parameters})


def _exact_lists(values: Any) -> Any:
    match values:
        case np.ndarray():
            return _exact_lists(values.tolist())
        case list() | tuple():
            return [_exact_lists(value) for value in values]
        case dict():
            return {str(key): _exact_lists(value) for key, value in values.items()}
        case np.generic():
            return _exact_lists(values.item())
        case float() | Fraction() | Decimal():
            return repr(values) if isinstance(values, float) else numbers.to_text(numbers.exact(values))
    return values


def _loaded(
    parameter: Parameter, formulation: Formulation, base_dir: str | Path | None, outside: bool
) -> Parameter:
    table = parameter.file
    assert table is not None
    path = _path(table, parameter, base_dir, outside)
    if path.suffix.lower() == ".json":
        filled = parameter.model_copy(update=_contents(parameter, _json(path, table.path)))
    elif path.suffix.lower() in (".csv", ".tsv"):
        filled = parameter.model_copy(update=_csv(path, table, parameter, formulation))
    else:
        raise errors.InvalidInput(f"{table.path} is neither .csv nor .json", field=_field(parameter))
    try:
        read_parameter(filled, formulation)
    except errors.InvalidInput as error:
        raise errors.InvalidInput(f"{table.path}: {error}") from None
    return filled


def _path(table: Table, parameter: Parameter, base_dir: str | Path | None, outside: bool) -> Path:
    field = _field(parameter)
    if base_dir is None:
        raise errors.InvalidInput(
            f"the values are in {table.path}, but no folder is known to read it from", field=field
        )
    base = Path(base_dir).resolve()
    path = (base / table.path).resolve()
    if not outside and not path.is_relative_to(base):
        raise errors.InvalidInput(f"{table.path} lies outside the folder of the problem", field=field)
    if not path.is_file():
        raise errors.InvalidInput(f"the file {table.path} does not exist", field=field)
    if path.stat().st_size > MAX_BYTES:
        raise errors.LimitExceeded(
            "bytes", path.stat().st_size, MAX_BYTES, f"{table.path} is larger than 1 GB"
        )
    return path


def _contents(parameter: Parameter, values: Any) -> dict[str, Any]:
    """The fields that hold the values: `value` without index sets, `values` otherwise."""
    if parameter.index:
        return {"values": values, "file": None}
    return {"value": numbers.to_text(numbers.exact(values, field=_field(parameter))), "file": None}


def _json(path: Path, shown: str) -> Any:
    def refuse(constant: str) -> NoReturn:
        raise errors.InvalidInput(f"{constant} is not a number", field=shown)

    try:
        text = path.read_text(encoding="utf-8-sig")
        return json.loads(
            text, parse_float=str, parse_constant=refuse, object_pairs_hook=documents.unique_keys
        )
    except json.JSONDecodeError as error:
        raise errors.InvalidInput(f"line {error.lineno}: {error.msg}", field=shown) from None
    except (UnicodeDecodeError, RecursionError) as error:
        raise errors.InvalidInput(f"is not JSON in UTF-8 ({type(error).__name__})", field=shown) from None
    except ValueError as error:
        raise errors.InvalidInput(str(error), field=shown) from None


def _csv(path: Path, table: Table, parameter: Parameter, formulation: Formulation) -> dict[str, Any]:
    sets = {s.name: s.elements for s in formulation.sets}
    places = [member_texts(sets[name]) for name in parameter.index]
    arities = [scopes.arity(sets[name]) for name in parameter.index]
    shape = tuple(len(sets[name]) for name in parameter.index)
    lines: dict[tuple[int, ...], int] = {}
    values = np.empty(shape, dtype=object)
    for line, key, value in _records(path, table, parameter, sum(arities)):
        at = split_key(key, places, arities)
        if at is None:
            shown = ", ".join(key)
            raise errors.InvalidInput(
                f"line {line}: {shown} is no index of {' x '.join(parameter.index)}", field=table.path
            )
        if at in lines:
            shown = ", ".join(key) or "the value"
            raise errors.InvalidInput(f"lines {lines[at]} and {line}: {shown} stands twice", field=table.path)
        numbers.exact(value, field=f"{table.path}: line {line}")
        lines[at], values[at] = line, value
    missing = [at for at in np.ndindex(shape) if at not in lines] if len(lines) < values.size else []
    if missing and parameter.default is None:
        members = [sets[name][k] for name, k in zip(parameter.index, missing[0], strict=True)]
        raise errors.InvalidInput(
            f"{', '.join(map(str, members)) or parameter.name} has no line and there is no default",
            field=table.path,
        )
    for at in missing:
        values[at] = parameter.default
    return _contents(parameter, values.tolist())


def _records(
    path: Path, table: Table, parameter: Parameter, width: int
) -> Iterator[tuple[int, Sequence[str], str]]:
    """(line, index texts, value text) of every row that is not blank."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, delimiter="\t" if path.suffix.lower() == ".tsv" else ",", strict=True)
            header = [name.strip() for name in next(reader, [])]
            places, value = _columns(header, table, parameter, width)
            for row in reader:
                if not any(cell.strip() for cell in row):
                    continue
                if len(row) != len(header):
                    raise errors.InvalidInput(
                        f"line {reader.line_num}: {len(row)} cells, not {len(header)}",
                        field=table.path,
                    )
                yield reader.line_num, [row[place].strip() for place in places], row[value].strip()
    except (csv.Error, UnicodeDecodeError) as error:
        raise errors.InvalidInput(f"is not CSV in UTF-8: {error}", field=table.path) from None


def _columns(header: list[str], table: Table, parameter: Parameter, width: int) -> tuple[list[int], int]:
    names = table.columns or parameter.index
    if len(names) != width:
        raise errors.InvalidInput(
            f"'columns' names {len(names)} columns, an index of {parameter.name} has {width} components",
            field=_field(parameter),
        )
    for name in [*names, table.value]:
        if header.count(name) != 1:
            problem = "is missing" if name not in header else "stands twice"
            raise errors.InvalidInput(
                f"line 1: the column {name!r} {problem}; the file has {', '.join(header) or 'none'}",
                field=table.path,
            )
    return [header.index(name) for name in names], header.index(table.value)


def _field(parameter: Parameter) -> str:
    return f"parameter {parameter.name!r}"
