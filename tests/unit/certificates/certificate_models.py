"""Random formulations as JSON, and Python itself as the reference for what their expressions mean.

The expression language is a subset of Python's, so `eval` with exact fractions is an independent evaluator.
"""

from __future__ import annotations

import itertools
import re
from fractions import Fraction
from typing import Any, NamedTuple

import hypothesis
from hypothesis import strategies as st

REGIONS = ["north", "south-east", "Örebro"]
DAYS = [1, 2, 3, 5]
ARCS = [["north", 1], ["north", 5], ["Örebro", 2]]
NUMBERS = ["0", "1", "2", "3", "0.5", "1.25", "7e-1", ".1", "10"]


class Scope:
    """Loop names at a place: texts (members of I) and numbers (members of T)."""

    def __init__(self, texts: tuple[str, ...] = (), days: tuple[str, ...] = (), depth: int = 3) -> None:
        self.texts, self.days, self.depth = texts, days, depth

    def deeper(self) -> Scope:
        return Scope(self.texts, self.days, self.depth - 1)


@st.composite
def region(draw: Any, scope: Scope) -> str:
    return draw(st.sampled_from([*scope.texts, *(f'"{name}"' for name in REGIONS)]))


@st.composite
def day(draw: Any, scope: Scope) -> str:
    return draw(st.sampled_from([*scope.days, "1", "2", "6 - 1", "2 * 1 + 1"]))


@st.composite
def condition(draw: Any, scope: Scope) -> str:
    atoms = [st.just("len(I) < 4"), st.just("p >= 1.5 or 1 == 2")]
    if scope.texts:
        name = draw(st.sampled_from(scope.texts))
        atoms += [
            st.just(f'{name} != "north"'),
            st.just(f"{name} in I and c[{name}] > 1"),
            st.just(f"not {name} == 1"),
        ]
    if scope.days:
        name = draw(st.sampled_from(scope.days))
        atoms += [st.just(f"{name} + 1 in T"), st.just(f"2 * {name} <= 5"), st.just(f"{name} > 1")]
    if scope.texts and scope.days:
        atoms.append(st.just(f"({scope.texts[-1]}, {scope.days[-1]}) in A"))
    return draw(st.one_of(atoms))


@st.composite
def loops(draw: Any, scope: Scope) -> tuple[str, Scope, list[str]]:
    """The text after the first `for`, the scope inside, and the loop names in order."""
    texts, days, parts, names = scope.texts, scope.days, [], []
    for position, kind in enumerate(draw(st.lists(st.sampled_from("ITA"), min_size=1, max_size=2))):
        number = 2 * draw(st.integers(0, 1)) + position  # names may hide those of outer loops
        if kind == "I":
            texts, head = (*texts, f"i{number}"), f"i{number} in I"
            names.append(f"i{number}")
        elif kind == "T":
            days, head = (*days, f"t{number}"), f"t{number} in T"
            names.append(f"t{number}")
        else:
            texts, days = (*texts, f"a{number}"), (*days, f"b{number}")
            head = f"(a{number}, b{number}) in A"
            names += [f"a{number}", f"b{number}"]
        inner = Scope(texts, days, scope.depth - 1)
        if draw(st.booleans()):
            head += f" if {draw(condition(inner))}"
        parts.append(head)
    return " for ".join(parts), Scope(texts, days, scope.depth - 1), names


@st.composite
def constant(draw: Any, scope: Scope) -> str:
    shapes = ["number", "number", "p", "c", "d", "len", *(["day"] if scope.days else [])]
    if scope.depth > 0:
        shapes += ["product", "sum", "power", "abs", "min", "loop", "prod"]
    shape = draw(st.sampled_from(shapes))
    inner = constant(scope.deeper())
    match shape:
        case "number":
            return draw(st.sampled_from(NUMBERS))
        case "c":
            return f"c[{draw(region(scope))}]"
        case "d":
            return f"d[{draw(region(scope))}, {draw(day(scope))}]"
        case "len":
            return draw(st.sampled_from(["len(I)", "len(A)"]))
        case "day":
            return draw(st.sampled_from(scope.days))
        case "product":
            return f"({draw(inner)}) * {draw(inner)} / 4"
        case "sum":
            return f"({draw(inner)} - {draw(inner)} + -{draw(inner)})"
        case "power":
            return f"({draw(inner)}) ** {draw(st.integers(0, 2))}"
        case "abs":
            return f"abs({draw(inner)} - 2)"
        case "min":
            return f"{draw(st.sampled_from(['min', 'max']))}({draw(inner)}, {draw(inner)})"
        case "loop" | "prod":
            head, body, _ = draw(loops(scope))
            return f"{'sum' if shape == 'loop' else 'prod'}({draw(constant(body))} for {head})"
    return "p"


@st.composite
def variable(draw: Any, scope: Scope) -> str:
    shape = draw(st.sampled_from("xynzw"))
    if shape in "xn":
        return shape
    if shape == "y":
        return f"y[{draw(region(scope))}]"
    if shape == "z":
        return f"z[{draw(region(scope))}, {draw(day(scope))}]"
    return draw(st.sampled_from(['w["north", 1]', 'w["Örebro", 3 - 1]']))


@st.composite
def linear(draw: Any, scope: Scope) -> str:
    shapes = ["variable", "variable", "scaled", "constant"]
    if scope.depth > 0:
        shapes += ["sum", "difference", "negative", "loop", "loop", "quotient", "zero"]
    inner = linear(scope.deeper())
    match draw(st.sampled_from(shapes)):
        case "variable":
            return draw(variable(scope))
        case "scaled":
            return f"{draw(constant(scope.deeper()))} * {draw(variable(scope))}"
        case "constant":
            return draw(constant(scope.deeper()))
        case "sum":
            return f"{draw(inner)} + {draw(inner)}"
        case "difference":
            return f"{draw(inner)} - ({draw(inner)})"
        case "negative":
            return f"-({draw(inner)})"
        case "quotient":
            return f"({draw(inner)}) / 3"
        case "zero":
            return f"0 * ({draw(inner)})"
    head, body, _ = draw(loops(scope))
    return f"sum({draw(linear(body))} for {head})"


@st.composite
def convex(draw: Any, scope: Scope, sign: int = 1) -> str:
    """An expression that is convex (sign 1) or concave (sign -1), with abs, min, max in it."""
    plain = linear(scope.deeper())
    if scope.depth <= 0 or draw(st.booleans()):
        return draw(plain)
    inner = convex(scope.deeper(), sign)
    operator, prefix = ("max", "") if sign > 0 else ("min", "-")
    match draw(st.sampled_from(["extremum", "abs", "sum", "opposite"])):
        case "extremum":
            return f"{draw(plain)} + 2 * {operator}({draw(inner)}, {draw(inner)}, {draw(plain)})"
        case "abs":
            return f"{draw(plain)} + ({prefix}abs({draw(plain)}))"
        case "sum":
            head, body, _ = draw(loops(scope))
            return f"sum({draw(convex(body.deeper(), sign))} for {head})"
    return f"-({draw(convex(scope.deeper(), -sign))}) / 5"


class Row(NamedTuple):
    """A constraint in the parts that the reference evaluates."""

    name: str
    head: str
    keys: list[str]
    left: str
    right: str


@st.composite
def formulations(draw: Any, rows: int = 3) -> tuple[dict[str, Any], list[Row]]:
    """Sets, parameters and variables are fixed, the objective and rows random."""
    document, parts = declarations(), []
    sense = draw(st.sampled_from(["minimize", "maximize"]))
    top = Scope(depth=2)
    goal = draw(convex(top, 1 if sense == "minimize" else -1))
    document["objective"] = {"sense": sense, "expression": goal}
    for number in range(draw(st.integers(0, rows))):
        head, scope, keys = draw(loops(top)) if draw(st.booleans()) else ("", top, [])
        scope = Scope(scope.texts, scope.days, 2)
        operator = draw(st.sampled_from(["<=", ">=", "==", "<", ">"]))
        sign = {"<=": 1, "<": 1, ">=": -1, ">": -1, "==": 0}[operator]
        left = draw(convex(scope, sign) if sign else linear(scope))
        row = Row(f"r{number}", head, keys, left, draw(linear(scope)))
        parts.append(row)
        text = f"{left} {operator} {row.right}"
        document["constraints"].append({"name": row.name, "expression": text, "for_each": head})
    return document, parts


def declarations() -> dict[str, Any]:
    """Everything but the objective and the rows."""
    costs = [[str(Fraction(3 * i - t, t + 1)) for t, _ in enumerate(DAYS)] for i, _ in enumerate(REGIONS)]
    return {
        "sets": [
            {"name": "I", "elements": REGIONS},
            {"name": "T", "elements": DAYS},
            {"name": "A", "elements": ARCS},
        ],
        "parameters": [
            {"name": "p", "value": "3/2"},
            {"name": "c", "index": ["I"], "values": {"south-east": 2.5, "Örebro": "1/3"}, "default": "-1"},
            {"name": "d", "index": ["I", "T"], "values": costs},
        ],
        "variables": [
            {"name": "x", "lower": None, "label": "crates"},
            {"name": "n", "domain": "integer", "lower": "-2.5", "upper": "17/2"},
            {"name": "y", "index": ["I"], "domain": "integer", "label": "lorries"},
            {"name": "z", "index": ["I", "T"], "domain": "binary", "lower": None},
            {"name": "w", "index": ["A"], "upper": "4"},
        ],
        "constraints": [],
    }


class Table:
    """An indexed parameter or variable for `eval`."""

    def __init__(self, values: dict[tuple[Any, ...], Fraction]) -> None:
        self.values = values

    def __getitem__(self, key: Any) -> Fraction:
        return self.values[key if isinstance(key, tuple) else (key,)]


def columns() -> list[str]:
    """Column names of `declarations()`."""
    pairs = [f"z[{i},{t}]" for i, t in itertools.product(REGIONS, DAYS)]
    arcs = [f"w[{i},{t}]" for i, t in ARCS]
    return ["x", "n", *(f"y[{i}]" for i in REGIONS), *pairs, *arcs]


def namespace(point: dict[str, Fraction]) -> dict[str, Any]:
    """Names of `declarations()` for `eval`, the variables at a point."""
    costs = {
        (name, day): Fraction(3 * i - t, t + 1)
        for i, name in enumerate(REGIONS)
        for t, day in enumerate(DAYS)
    }
    tables: dict[str, dict[tuple[Any, ...], Fraction]] = {"y": {}, "z": {}, "w": {}}
    for i in REGIONS:
        tables["y"][(i,)] = point[f"y[{i}]"]
        for t in DAYS:
            tables["z"][i, t] = point[f"z[{i},{t}]"]
    for i, t in ARCS:
        tables["w"][i, t] = point[f"w[{i},{t}]"]

    def prod(factors: Any) -> Fraction:
        result = Fraction(1)
        for factor in factors:
            result *= factor
        return result

    return {
        "__builtins__": {"sum": sum, "abs": abs, "min": min, "max": max, "len": len},
        "prod": prod,
        "I": REGIONS,
        "T": DAYS,
        "A": [tuple(arc) for arc in ARCS],
        "p": Fraction(3, 2),
        "c": Table({("north",): Fraction(-1), ("south-east",): Fraction(5, 2), ("Örebro",): Fraction(1, 3)}),
        "d": Table(costs),
        "x": point["x"],
        "n": point["n"],
        "F": Fraction,
        **{name: Table(values) for name, values in tables.items()},
    }


_LITERAL = re.compile(r'"[^"]*"|[A-Za-z_]\w*|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?')


def reference(text: str, names: dict[str, Any]) -> Any:
    """The value of an expression by Python's own rules, numbers exact."""

    def exact(match: re.Match[str]) -> str:
        token = match.group()
        return f'F("{token}")' if token[0].isdigit() or token[0] == "." else token

    try:
        return eval(_LITERAL.sub(exact, text), names)
    except UnboundLocalError:  # Python alone refuses an outer name that a later loop of the same list hides
        hypothesis.reject()


def row_values(rows: list[Row], names: dict[str, Any]) -> dict[str, Fraction]:
    """Left minus right of every row by name, by Python's own rules."""
    values = {}
    for row in rows:
        difference = f"({row.left}) - ({row.right})"
        if not row.head:
            values[row.name] = reference(difference, names)
            continue
        for key, value in reference(f"[(({', '.join(row.keys)},), {difference}) for {row.head}]", names):
            values[f"{row.name}[{','.join(map(str, key))}]"] = value
    return values
