from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

from quod import errors
from quod.certificates import model as checker
from quod.certificates import program
from quod.solvers import expand
from quod.solvers.formulation import parse
from quod.solvers.standard import StandardForm

PLANTS = {"name": "I", "elements": ["a", "b"]}
T = {"name": "T", "elements": [1, 2, 3]}
A = {"name": "A", "elements": [["a", 1], ["b", 3]]}


def form(objective: str = "0", sense: str = "minimize", exact: bool = True, **parts: Any) -> StandardForm:
    document = {"objective": {"sense": sense, "expression": objective}, **parts}
    return expand.expand(parse(document), exact=exact)


def rows(f: StandardForm) -> list[str]:
    """`name: 2 x + 1 y <= 3` for every row."""
    lines = []
    for i in range(f.shape[0]):
        part = slice(f.indptr[i], f.indptr[i + 1])
        terms = [f"{v} {f.column_name(int(j))}" for j, v in zip(f.indices[part], f.data[part], strict=True)]
        sense = {-1: "<=", 0: "==", 1: ">="}[int(f.row_sense[i])]
        lines.append(f"{f.row_name(i)}: {' + '.join(terms) or '0'} {sense} {f.rhs[i]}")
    return lines


def row(expression: str, for_each: str = "") -> dict[str, str]:
    return {"name": "r", "expression": expression, "for_each": for_each}


X = {"name": "x", "domain": "integer"}
Y = {"name": "y"}


def test_scalar_model() -> None:
    f = form("3*x + 2*y/4 - 7 + x", "maximize", variables=[X, Y], constraints=[row("x + 0.1*y <= 10 - x")])
    assert (f.kind, f.sense, f.constant) == ("milp", "maximize", -7)
    assert list(map(str, f.cost)) == ["4", "1/2"]
    assert rows(f) == ["r: 2 x + 1/10 y <= 10"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("2*x > 7", "r: 1 x >= 4"),
        ("2*x + 4*n < 7", "r: 1 x + 2 n <= 3"),
        ("x/3 + n/2 < 1", "r: 2 x + 3 n <= 5"),
        ("x < y", "r: 1 x + -1 y <= 0"),
        ("0*x < 0", "r: 0 <= -1"),
        ("0 < 1/2", "r: 0 <= 0"),
        ("x > abs(n)", "r: 1 x + -1 r#1 >= 0"),
        ("x == x", "r: 0 == 0"),
    ],
)
def test_strict_and_empty_rows(expression: str, expected: str) -> None:
    parts = {"variables": [X, Y, {"name": "n", "domain": "integer"}], "constraints": [row(expression)]}
    assert rows(form(**parts))[0] == expected
    in_floats = rows(form(exact=False, **parts))[0].replace(".0", "")
    assert in_floats == expected


def test_indexed_rows_columns_and_names() -> None:
    f = form(
        sets=[PLANTS, T, A],
        parameters=[
            {"name": "c", "index": ["I", "T"], "values": [[1, 2, 3], [4, 5, "1/3"]]},
            {"name": "q", "index": ["A"], "values": {"a,1": "0.5"}, "default": 2},
        ],
        variables=[{"name": "x", "index": ["I", "T"]}, {"name": "z", "index": ["A"], "upper": "2.5"}],
        constraints=[
            {
                "name": "flow",
                "for_each": "t in T if t > 1 for i in I",
                "expression": "c[i, t]*x[i, t] - x[i, t - 1] <= sum(q[j, s]*z[j, s] for (j, s) in A if j!=i)",
            },
            {
                "name": "total",
                "expression": "sum(t*x[i, t] for t in T for i in I if c[i, t] >= 4) == prod(t for t in T)",
            },
        ],
    )
    assert [f.column_name(j) for j in range(f.shape[1])] == [
        *(f"x[{i},{t}]" for i in "ab" for t in (1, 2, 3)),
        "z[a,1]",
        "z[b,3]",
    ]
    assert rows(f) == [
        "flow[2,a]: -1 x[a,1] + 2 x[a,2] + -2 z[b,3] <= 0",
        "flow[2,b]: -1 x[b,1] + 5 x[b,2] + -1/2 z[a,1] <= 0",
        "flow[3,a]: -1 x[a,2] + 3 x[a,3] + -2 z[b,3] <= 0",
        "flow[3,b]: -1 x[b,2] + 1/3 x[b,3] + -1/2 z[a,1] <= 0",
        "total: 1 x[b,1] + 2 x[b,2] == 6",
    ]
    assert list(map(str, f.upper[-2:])) == ["5/2", "5/2"]


def test_linearised_terms_are_numbered_in_reading_order() -> None:
    f = form(
        "sum(max(x[i], abs(y) - 1) for i in I) + 2*abs(y)",
        sets=[PLANTS],
        variables=[{"name": "x", "index": ["I"]}, Y],
        constraints=[
            {"name": "r", "for_each": "i in I", "expression": "y >= max(x[j] for j in I if j != i)"}
        ],
    )
    assert [f.column_name(j) for j in range(f.declared_columns, f.shape[1])] == [
        *(f"objective#{k}" for k in range(1, 6)),
        "r[a]#1",
        "r[b]#1",
    ]
    assert list(map(str, f.cost[f.declared_columns :])) == ["1", "0", "1", "0", "2", "0", "0"]
    assert rows(f)[:5] == [
        "r[a]: 1 y + -1 r[a]#1 >= 0",
        "r[b]: 1 y + -1 r[b]#1 >= 0",
        "objective#1.1: 1 x[a] + -1 objective#1 <= 0",
        "objective#1.2: -1 objective#1 + 1 objective#2 <= 1",
        "objective#2.1: 1 y + -1 objective#2 <= 0",
    ]
    assert rows(f)[-1] == "r[b]#1.1: 1 x[a] + -1 r[b]#1 <= 0"


def test_terms_that_turn_out_constant_fold() -> None:
    parameters = [{"name": "p", "index": ["I"], "values": [0, 1]}]
    f = form("sum(abs(p[i]*y - 3) for i in I)", sets=[PLANTS], parameters=parameters, variables=[Y])
    assert f.constant == 3
    assert rows(f) == [
        "objective#1.1: 1 y + -1 objective#1 <= 3",
        "objective#1.2: -1 y + -1 objective#1 <= -3",
    ]


@pytest.mark.parametrize(
    ("objective", "constraint", "kind"),
    [
        ("y", "x >= 1", "milp"),
        ("y", "y >= 1", "lp"),
        ("abs(y)", "y >= 1", "lp"),
        ("y * y", "y >= 1", "qp"),
        ("(y + x) ** 2", "y >= 1", "miqp"),
        ("-abs(y)", "y >= 1", "nlp"),
        ("y", "y * y >= 1", "nlp"),
        ("y", "abs(y) == 1", "nlp"),
        ("y", "abs(y) >= x", "minlp"),
        ("exp(y)", "y >= 1", "nlp"),
        ("y ** 3", "y >= 1", "nlp"),
        ("y", "1 / y >= 1", "nlp"),
        ("y", "2 ** y >= 1", "nlp"),
        ("y", "y ** 0.5 >= 1", "nlp"),
    ],
)
def test_classes(objective: str, constraint: str, kind: str) -> None:
    used = [X, Y] if "x" in constraint.replace("exp", "") or "x" in objective.replace("exp", "") else [Y]
    document = {
        "objective": {"sense": "minimize", "expression": objective},
        "variables": used,
        "constraints": [row(constraint)],
    }
    assert expand.classify(parse(document)) == kind


def test_quadratic_objective() -> None:
    f = form("(x + 2*y - 1)*(x - y) + 3*x**2 - x", variables=[X, Y])
    assert [(i, j, str(q)) for i, j, q in f.quadratic] == [(0, 0, "4"), (0, 1, "1"), (1, 1, "-2")]
    assert list(map(str, f.cost)) == ["-2", "1"]
    sets = [PLANTS]
    g = form(
        "sum(z[i]*z[j] for i in I for j in I if i != j)", sets=sets, variables=[{"name": "z", "index": ["I"]}]
    )
    assert [(i, j, str(q)) for i, j, q in g.quadratic] == [(0, 1, "2")]
    assert form("y*y - y*y + y", variables=[Y]).kind == "qp"  # the checker does not multiply variables


def test_conditions_decide_exactly() -> None:
    f = form("sum(y for t in T if 0.1 + 0.2 == 0.3)", sets=[T], variables=[Y], exact=False)
    assert list(f.cost) == [3.0]


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"constraints": [row("z[t - 1] <= 1", "t in T")]}, "z: index t - 1 (at t = 1) is not in set T"),
        ({"constraints": [row("y / p <= 1")]}, "constraint 'r': division by zero"),
        ({"constraints": [row("y / (t - 2) <= 1", "t in T")]}, "division by zero (at t = 2)"),
        ({"constraints": [row("y <= max(t for t in T if t > 5)")]}, "max over nothing"),
        ({"constraints": [row("y <= 2 ** 5000")]}, "the exponent is above 1000"),
        ({"constraints": [row("y <= 10 ** 400")]}, "a coefficient is beyond 1e308"),
        ({"constraints": [row("y <= sum(1 for t in T if 'a' < t)")]}, "a text and a number have no order"),
        ({"parameters": [{"name": "p", "index": ["T"], "values": [1, 2]}]}, "the index sets need 3 (T)"),
        ({"parameters": [{"name": "p", "index": ["T"], "values": {"1": 1}}]}, "the value of [2] is missing"),
        ({"parameters": [{"name": "p", "index": ["T"], "values": {"7": 1}}]}, "the key '7' is no index of T"),
        (
            {"parameters": [{"name": "p", "index": ["T"], "values": [1, "x", 2]}]},
            "'x' is not an exact finite number",
        ),
        (
            {"parameters": [{"name": "p", "index": ["T"], "values": np.array([1, np.nan, 2])}]},
            "NaN or an infinity",
        ),
        ({"parameters": [{"name": "p", "index": ["T"], "values": [[1], [2, 3], [4]]}]}, "different lengths"),
        ({"parameters": [{"name": "p", "index": ["T"], "value": 3}]}, "it needs 'values', and only that"),
        ({"sets": [T, {"name": "U", "elements": [1, "1"]}]}, "two elements have the same text"),
    ],
)
def test_mistakes_name_the_place(parts: dict[str, Any], message: str) -> None:
    document: dict[str, Any] = {
        "sets": [T],
        "parameters": [{"name": "p", "value": 0}],
        "variables": [Y, {"name": "z", "index": ["T"]}],
        "objective": {"sense": "minimize", "expression": "y + 0 * sum(p for t in T)"},
    } | parts
    if document["parameters"][0].get("index"):
        document["objective"]["expression"] = "y + p[1]"
    with pytest.raises(errors.InvalidInput) as caught:
        expand.expand(parse(document))
    assert message in str(caught.value)


def test_nothing_is_looked_at_where_a_condition_is_false() -> None:
    f = form(
        sets=[T, {"name": "E", "elements": []}],
        variables=[{"name": "z", "index": ["T"]}, {"name": "e", "index": ["E", "T"]}],
        constraints=[
            row(
                "z[t] <= sum(z[s - 1] / (s - 1) for s in T if s > 1 and 1 / (s - 1) > 0 or s == 9)",
                "t in T if t == 2",
            ),
            {"name": "none", "for_each": "i in E for t in T", "expression": "e[i, t + 1] <= 1 / (t - 1)"},
        ],
    )
    assert rows(f) == ["r[2]: -1 z[1] + 1/2 z[2] <= 0"]


def test_numpy_values_are_taken_as_they_are_and_exactly() -> None:
    values = np.array([0.1, 2.0, -3.5])
    parts = {
        "sets": [T],
        "parameters": [{"name": "p", "index": ["T"], "values": values}],
        "variables": [{"name": "z", "index": ["T"]}],
    }
    assert list(form("sum(p[t]*z[t] for t in T)", exact=False, **parts).cost) == values.tolist()
    assert list(map(str, form("sum(p[t]*z[t] for t in T)", **parts).cost)) == ["1/10", "2", "-7/2"]


def big(size: int, **parts: Any) -> Any:
    many = {"name": "M", "elements": list(range(size))}
    document = {
        "sets": [many],
        "variables": [{"name": "z", "index": ["M"]}],
        "objective": {"sense": "minimize", "expression": "0"},
    }
    return parse(document | parts)


@pytest.mark.parametrize(
    ("parts", "named"),
    [
        ({"constraints": [row("sum(z[i] * (i + j) for i in M) <= 1", "j in M")]}, "constraint 'r'"),
        ({"constraints": [row("z[i] + z[j] <= k", "i in M for j in M for k in M")]}, "constraint 'r'"),
        (
            {"constraints": [row("sum(z[i] for i in M for j in M for k in M if i + j > k) <= 1")]},
            "constraint 'r'",
        ),
        (
            {"objective": {"sense": "minimize", "expression": "sum(z[i]*z[j] for i in M for j in M)"}},
            "objective",
        ),
        ({"variables": [{"name": "z", "index": ["M", "M"]}]}, "z over M x M"),
        (
            {
                "parameters": [{"name": "p", "index": ["M", "M"], "default": 0}],
                "objective": {"sense": "minimize", "expression": "p[1, 1]"},
            },
            "p over M x M",
        ),
    ],
)
def test_too_large_models_are_refused_before_memory_is_eaten(parts: dict[str, Any], named: str) -> None:
    formulation = big(5_000, **parts)
    tracemalloc.start()
    try:
        with pytest.raises(errors.LimitExceeded) as caught:
            expand.expand(formulation, max_nonzeros=1_000_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert named in str(caught.value)
    assert peak < 40_000_000


def test_repeated_places_cost_no_memory() -> None:
    f = expand.expand(big(2_000, constraints=[row("sum(z[i] for i in M for j in M for k in M) <= 1")]))
    assert f.data.tolist() == [4e6] * 2_000


VANISHING = ["z * x ** 2 + x <= 1", "x * y * z + x <= 1", "x * x * 0 + x <= 1", "sin(x) * z + x <= 1"]


@pytest.mark.parametrize("expression", VANISHING)
def test_a_product_with_a_factor_zero_vanishes_for_both(expression: str) -> None:
    document = {
        "parameters": [{"name": "z", "value": "0"}],
        "variables": [{"name": "x"}, {"name": "y"}],
        "objective": {"sense": "maximize", "expression": "x"},
        "constraints": [{"name": "c", "expression": expression}],
    }
    expanded = expand.expand(parse(document))
    checked = program.standard_form(checker.expand(checker.Model(document)))
    assert expanded.kind == "lp"
    assert expanded.data.tolist() == [1.0]
    assert [row.terms for row in checked.rows] == [{0: 1}]


def test_a_vanishing_term_must_still_lie_in_its_sets() -> None:
    document = {
        "sets": [{"name": "I", "elements": [1, 2]}],
        "variables": [{"name": "x", "index": ["I"]}],
        "objective": {"sense": "maximize", "expression": "sum(0 * x[i + 1] for i in I)"},
    }
    with pytest.raises(errors.InvalidInput, match="is not in set I"):
        expand.expand(parse(document))


def test_squares_that_cancel_leave_a_quadratic_model() -> None:
    document = {
        "variables": [{"name": "x"}],
        "objective": {"sense": "minimize", "expression": "(x + 1) ** 2 - x * x"},
    }
    expanded = expand.expand(parse(document))
    assert (expanded.kind, expanded.quadratic, expanded.cost.tolist()) == ("qp", [], [2.0])


def test_equality_with_a_loop_name_may_stand_either_way_round() -> None:
    document = {
        "sets": [{"name": "M", "elements": [0, "p"]}],
        "variables": [{"name": "x", "index": ["M"]}],
        "objective": {"sense": "minimize", "expression": "sum(x[i] for i in M if 0 == i)"},
    }
    assert expand.expand(parse(document)).cost.tolist() == [1.0, 0.0]
