"""The official declarations of NL4Opt (Ramamonjison et al., 2022), read from one record of its files.

A record holds the text (`document`), tagged spans with character offsets, an objective declaration and typed
constraint declarations. Values are the words of the text ("70%", "4,000", "twice", "a third"); variables are
named by their mentions ("dining table" for "dining tables").

| type | meaning (op is <= or >=) |
|---|---|
| sum | sum of all variables op limit |
| upperbound, lowerbound | var op limit |
| linear | sum of terms op limit |
| ratio | var op limit * sum of all variables |
| xy | x_var op y_var |
| xby | x_var op param * y_var |
"""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from quod import errors
from quod.solvers.drafters.template import numbers as text_numbers
from quod.solvers.drafters.template import tokens

_OPERATORS = {"LESS_OR_EQUAL": "<=", "GREATER_OR_EQUAL": ">=", "EQUAL": "=="}
_MAXIMIZE = re.compile(r"max|highest|largest|most|many|increas|greatest|best|rais|boost", re.I)
_MINIMIZE = re.compile(r"min|lowest|smallest|least|decrease|reduc|lower|cut|few|cheapest|shortest", re.I)
_GROUPS = re.compile(r"(?<=\d)\s(?=\d{3}\b)")  # "50 000"
TYPES = ("sum", "upperbound", "lowerbound", "linear", "ratio", "xy", "xby")


@dataclass(frozen=True)
class Value:
    """A declared number: its exact value and the words it is written in."""

    exact: Fraction
    words: str


@dataclass(frozen=True)
class Row:
    """One constraint declaration; `variables` and `values` are aligned for `linear`, see the table above."""

    kind: str
    direction: str
    operator: str
    variables: tuple[int, ...]
    mentions: tuple[str, ...]
    values: tuple[Value, ...]
    """linear: coefficients then the limit; xby: the factor; ratio, sum and bounds: the limit; xy: empty."""


@dataclass(frozen=True)
class Objective:
    """The objective declaration."""

    sense: Literal["minimize", "maximize"]
    direction: str
    name: str
    variables: tuple[int, ...]
    mentions: tuple[str, ...]
    values: tuple[Value, ...]
    """Aligned with `variables`; empty when the objective is the plain sum of `variables`."""


@dataclass(frozen=True)
class Span:
    """A tagged range `[start, end)` of the text: VAR, PARAM, LIMIT, CONST_DIR, OBJ_DIR or OBJ_NAME."""

    label: str
    start: int
    end: int
    words: str


@dataclass(frozen=True)
class Problem:
    """All declarations of one record; variables are numbered in the order of `labels`."""

    text: str
    labels: tuple[str, ...]
    mentions: Mapping[str, int]
    objective: Objective
    rows: tuple[Row, ...]
    spans: tuple[Span, ...]


def read(record: Mapping[str, Any]) -> Problem:
    """Read one record (the object with `document`, `vars`, `obj_declaration`, …).

    Raises InvalidInput naming the field that is missing or not understood.
    """
    labels = tuple(str(label) for label in _field(record, "vars", list))
    mentions = _mentions(record, labels)
    rows = [
        _row(declaration, labels, mentions, f"const_declarations[{i}]")
        for i, declaration in enumerate(_field(record, "const_declarations", list))
    ]
    objective = _objective(_field(record, "obj_declaration", dict), labels, mentions)
    text = _field(record, "document", str)
    return Problem(text, labels, mentions, objective, tuple(rows), _spans(record, text))


def _mentions(record: Mapping[str, Any], labels: Sequence[str]) -> dict[str, int]:
    """The number of the variable for every mention; of the two mappings in the files, the first decides."""
    mentions = {str(k): int(v) for k, v in (record.get("order_mapping") or {}).items()}
    for i, label in enumerate(labels):
        mentions.setdefault(label, i)
    for mention, first in (record.get("var_mention_to_first_var") or {}).items():
        if first in mentions:
            mentions.setdefault(str(mention), mentions[first])
    return mentions


def value(words: Any, field: str) -> Value:
    """The number that `words` state: "70%" is 7/10, "third" 1/3, "twice" 2, "8000 minutes" 8000."""
    text = _GROUPS.sub("", str(words))
    found = text_numbers.find_numbers(text, tokens.tokenize(text))
    if len(found) == 2 and found[1].kind == "fraction":
        return Value(found[0].value + found[1].value, text)  # "one and a half"
    if len(found) != 1:
        raise errors.InvalidInput(f"{text!r} is not understood as one number", field=field)
    return Value(found[0].value, text)


def _spans(record: Mapping[str, Any], text: str) -> tuple[Span, ...]:
    """The spans that lie in the text; they are evidence only, so others are left out."""
    spans: list[Span] = []
    for span in record.get("spans") or ():
        try:
            label, start, end = str(span["label"]), int(span["start"]), int(span["end"])
        except (KeyError, TypeError, ValueError):
            continue
        if 0 <= start <= end <= len(text):
            spans.append(Span(label, start, end, text[start:end]))
    return tuple(spans)


def _objective(declared: Mapping[str, Any], labels: Sequence[str], mentions: Mapping[str, int]) -> Objective:
    direction = str(declared.get("direction") or "")
    if _MAXIMIZE.search(direction):
        sense: Literal["minimize", "maximize"] = "maximize"
    elif _MINIMIZE.search(direction):
        sense = "minimize"
    else:
        raise errors.InvalidInput(
            f"{direction!r} is neither a maximum nor a minimum", field="obj_declaration.direction"
        )
    terms = declared.get("terms") or {}
    named = tuple(str(name) for name in terms or declared.get("vars") or labels)
    variables = resolve(named, labels, mentions, "obj_declaration")
    values = tuple(value(words, "obj_declaration.terms") for words in terms.values())
    return Objective(sense, direction, str(declared.get("name") or ""), variables, named, values)


def _row(declared: Mapping[str, Any], labels: Sequence[str], mentions: Mapping[str, int], field: str) -> Row:
    kind, direction = str(declared.get("type")), str(declared.get("direction") or "")
    # An upper or a lower bound says its operator twice.
    implied = {"upperbound": "LESS_OR_EQUAL", "lowerbound": "GREATER_OR_EQUAL"}.get(kind)
    operator = _OPERATORS.get(str(declared.get("operator") or implied))
    if kind not in TYPES:
        raise errors.InvalidInput(f"{kind!r} is none of {', '.join(TYPES)}", field=f"{field}.type")
    if operator is None:
        raise errors.InvalidInput(
            f"{declared.get('operator')!r} is none of {', '.join(_OPERATORS)}", field=f"{field}.operator"
        )
    terms = _field(declared, "terms", dict, field) if kind == "linear" else {}
    keys = {"xy": ("x_var", "y_var"), "xby": ("x_var", "y_var"), "linear": (), "sum": ()}.get(kind, ("var",))
    named = tuple(str(name) for name in terms) or tuple(_field(declared, key, str, field) for key in keys)
    values = [value(words, f"{field}.terms") for words in terms.values()]
    if kind != "xy":
        key = "param" if kind == "xby" else "limit"
        if declared.get(key) is None:
            raise errors.InvalidInput("is missing", field=f"{field}.{key}")
        last = value(declared[key], f"{field}.{key}")
        if kind == "ratio" and last.exact > 1:
            last = Value(last.exact / 100, last.words)  # the % sign was left out of the span
        values.append(last)
    variables = resolve(named, labels, mentions, field)
    return Row(kind, direction, operator, variables, named, tuple(values))


def resolve(
    named: Sequence[str], labels: Sequence[str], mentions: Mapping[str, int], field: str
) -> tuple[int, ...]:
    """Numbers of the variables that `named` mean.

    The mapping of the files sends a few mentions to the wrong variable, seen when two terms of one
    declaration meet: then the terms are matched one to one, by the words they share with the labels.
    """
    numbers = [mentions[name] if name in mentions else _closest(name, labels, field) for name in named]
    if len(set(numbers)) < len(numbers) <= len(labels):
        every = itertools.product(enumerate(named), enumerate(labels))
        pairs = [(-_shared(name, label), i, j) for (i, name), (j, label) in every]
        chosen: dict[int, int] = {}
        for _, i, j in sorted(pairs):
            if i not in chosen and j not in chosen.values():
                chosen[i] = j
        numbers = [chosen[i] for i in range(len(named))]
    return tuple(numbers)


def _closest(name: str, labels: Sequence[str], field: str) -> int:
    best = max(range(len(labels)), key=lambda i: _shared(name, labels[i]), default=None)
    if best is None or _shared(name, labels[best]) == 0:
        alike = difflib.get_close_matches(name.lower(), [label.lower() for label in labels], n=1)
        if alike:
            return [label.lower() for label in labels].index(alike[0])
        raise errors.InvalidInput(f"{name!r} is no variable; they are {', '.join(labels)}", field=field)
    return best


def _shared(left: str, right: str) -> float:
    a, b = ({t.stem for t in tokens.tokenize(side)} for side in (left, right))
    return len(a & b) / max(len(a | b), 1)


def _field(record: Mapping[str, Any], key: str, kind: type, inside: str = "") -> Any:
    found = record.get(key)
    where = f"{inside}.{key}" if inside else key
    if found is None:
        raise errors.InvalidInput("is missing", field=where)
    if not isinstance(found, kind):
        raise errors.InvalidInput(f"must be a {kind.__name__}", field=where)
    return found
