from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quod import errors
from quod.solvers import formulation, language, syntax
from quod.solvers.syntax import (
    Add,
    Aggregate,
    Call,
    Compare,
    Indexed,
    Logic,
    Loop,
    Member,
    Multiply,
    Name,
    Negate,
    Not,
    Number,
    Power,
    Text,
)

NAMES = st.sampled_from(["x", "y", "cost", "a_1", "I", "stock"])
NUMBERS = st.sampled_from(["0", "12", "0.25", "1e3", ".5", "7."]).map(lambda t: Number(Fraction(t), t))
TEXTS = st.sampled_from(["a", "New York", "ä"]).map(Text)


@st.composite
def trees(draw: Any, depth: int = 3) -> syntax.Expression:
    """Any expression that the grammar can hold, meaningful or not."""
    kinds = ["number", "name"] + (["+", "*", "-", "**", "index", "call", "several", "loop"] if depth else [])
    part = trees(depth - 1)
    match draw(st.sampled_from(kinds)):
        case "number":
            return draw(NUMBERS)
        case "name":
            return Name(draw(NAMES))
        case "+" | "*" as first:
            parts = draw(st.lists(part, min_size=2, max_size=3))
            operators = [draw(st.sampled_from("+-" if first == "+" else "*/")) for _ in parts[1:]]
            return (Add if first == "+" else Multiply)((first, *operators), tuple(parts))
        case "-":
            return Negate(draw(part))
        case "**":
            return Power(draw(part), draw(part))
        case "index":
            return Indexed(draw(NAMES), tuple(draw(st.lists(part | TEXTS, min_size=1, max_size=3))))
        case "call":
            return Call(draw(st.sampled_from(["abs", "exp", "sqrt"])), (draw(part),))
        case "several":
            return Call(
                draw(st.sampled_from(["min", "max"])), tuple(draw(st.lists(part, min_size=2, max_size=3)))
            )
    function = draw(st.sampled_from(["sum", "prod", "min", "max"]))
    return Aggregate(function, draw(part), draw(loops(depth - 1)))


@st.composite
def loops(draw: Any, depth: int) -> tuple[Loop, ...]:
    names = draw(st.sampled_from([[("i",)], [("i", "j")], [("i",), ("j", "k")]]))
    return tuple(
        Loop(group, draw(NAMES), tuple(draw(st.lists(conditions(depth), max_size=2)))) for group in names
    )


@st.composite
def conditions(draw: Any, depth: int) -> syntax.Condition:
    side = trees(max(depth, 0)) | TEXTS
    match draw(st.sampled_from(["compare", "member"] + (["not", "logic"] if depth > 0 else []))):
        case "compare":
            operator = draw(st.sampled_from(["<=", ">=", "==", "!=", "<", ">"]))
            return Compare(operator, draw(side), draw(side))
        case "member":
            return Member(tuple(draw(st.lists(side, min_size=1, max_size=3))), draw(NAMES))
        case "not":
            return Not(draw(conditions(depth - 1)))
    parts = draw(st.lists(conditions(depth - 1), min_size=2, max_size=3))
    return Logic(draw(st.sampled_from(["and", "or"])), tuple(parts))


@settings(deadline=None, max_examples=400)
@given(trees())
def test_what_is_printed_parses_to_the_same_tree(tree: syntax.Expression) -> None:
    assert language.parse_expression(syntax.to_text(tree)) == tree


@settings(deadline=None, max_examples=200)
@given(trees(), trees(), st.sampled_from(["<=", ">=", "==", "<", ">"]))
def test_constraints_round_trip(left: syntax.Expression, right: syntax.Expression, operator: str) -> None:
    tree = language.parse_constraint(f"{syntax.to_text(left)} {operator} {syntax.to_text(right)}")
    assert (tree.left, tree.operator, tree.right) == (left, operator, right)


PIECES = [
    "sum(",
    "x[i",
    ",",
    "]",
    ")",
    "(",
    " for ",
    "i in I",
    " if ",
    "==",
    "=",
    "^",
    "1e",
    "9",
    "and",
    "not ",
    '"a',
    "'",
]
GARBAGE = st.text(max_size=40) | st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


@settings(deadline=None, max_examples=600)
@given(GARBAGE)
def test_garbage_is_refused_by_name_or_parses(text: str) -> None:
    for parse in (language.parse_expression, language.parse_constraint, language.parse_loops):
        try:
            parse(text, "row 'r'")
        except errors.InvalidInput as error:
            named = "row 'r'" in str(error)
        else:
            named = True
        assert named


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("x = 3", "write == for equality (column 3)"),
        ("x ^ 2 <= 3", "write ** for powers"),
        ("2x <= 3", "write 2 * x"),
        ("x ≤ 3", "write <="),
        ("5% * x <= 3", "5% is 0.05"),
        ("x => 3", "write >="),
        ("x", "a constraint is one comparison"),
        ("1 <= x <= 3", "write two constraints"),
        ("x != 3", "a constraint is one comparison"),
        ("f(x) <= 1", "f is not a function; for an index write f[…]"),
        ("sum(x) <= 1", "sum(x[i] for i in I)"),
        ("sum([x[i] for i in I]) <= 1", "without brackets"),
        ("x[1][2] <= 1", "x[i, j]"),
        ("x <= 3 +", "the end is not expected here"),
        ("x <= (3", "close the parenthesis"),
        ("x.y <= 3", "no attributes"),
        ("1_000 * x <= 3", "without underscores"),
        ("007 * x <= 3", "write 7"),
        ("x <= 'a", "the quotation is not closed"),
        ("(i, j) <= 3", "a tuple stands only before in"),
        ("1e9999 <= x", "the number is too long"),
        ("min(x) <= 3", "min needs two arguments or a loop"),
        ("abs(x, y) <= 3", "abs takes one argument, not 2"),
        ("sum(x[i] for i in I if i) <= 3", "a condition is expected here"),
        ("sum(x[i] for i in I if 1 < i < 3) <= 3", "comparisons do not chain"),
        ("x if y else z", "a constraint is one comparison"),
        ("sum <= 3", "sum is a function; write sum(…)"),
        ("in <= 3", "a number, a name or ( should stand here"),
    ],
)
def test_refusals_say_what_to_write(text: str, fix: str) -> None:
    with pytest.raises(errors.InvalidInput) as caught:
        language.parse_constraint(text, "constraint 'r'")
    assert fix in str(caught.value)
    assert str(caught.value).startswith("constraint 'r': ")


def test_the_place_is_marked() -> None:
    with pytest.raises(errors.InvalidInput) as caught:
        language.parse_expression("x + y = 3", "objective")
    message, excerpt, mark = str(caught.value).split("\n")
    assert message.endswith("(column 7)")
    assert excerpt[mark.index("^")] == "="


@pytest.mark.parametrize(
    "text", ["(" * 100_000, "-" * 100_000 + "x", "abs(" * 100_000, "2 ** " * 100_000 + "2"]
)
def test_hostile_nesting_ends_in_an_error(text: str) -> None:
    with pytest.raises(errors.InvalidInput, match="nested more than"):
        language.parse_expression(text)


def test_long_flat_sums_are_no_problem() -> None:
    tree = language.parse_expression(" + ".join(["x * y"] * 20_000))
    assert isinstance(tree, Add)
    assert len(tree.terms) == 20_000


def test_precedence_follows_python() -> None:
    assert language.parse_expression("-x ** 2 * y + 1") == language.parse_expression("((-(x ** 2)) * y) + 1")
    assert language.parse_expression("2 ** 3 ** 2") == language.parse_expression("2 ** (3 ** 2)")
    loop = language.parse_loops("i in I if not i == 'a' and i != 'b' or i in J")[0]
    assert (
        loop.conditions
        == language.parse_loops("i in I if ((not (i == 'a')) and (i != 'b')) or (i in J)")[0].conditions
    )


DECLARED = {
    "sets": [
        {"name": "I", "elements": ["red", "blue"]},
        {"name": "T", "elements": [1, 2]},
        {"name": "A", "elements": [["red", 1]]},
    ],
    "parameters": [{"name": "cost", "index": ["I"], "values": ["1", "2"]}, {"name": "limit", "value": "3"}],
    "variables": [{"name": "x", "index": ["I", "T"]}, {"name": "flow", "index": ["A"]}, {"name": "total"}],
    "objective": {"sense": "minimize", "expression": "total"},
}


@pytest.mark.parametrize(
    ("for_each", "expression", "message"),
    [
        ("", "totel <= 1", "totel is not a name known here; did you mean total?"),
        ("", "x <= 1", "x needs an index: x[i, j]"),
        ("", 'x["red"] <= 1', "x has 1 index here, it needs 2: x[i, j]"),
        ("", "x[red, 1] <= 1", 'red is a member of I; write "red" in quotes'),
        ("", 'x["rad", 1] <= 1', 'index "rad" is not in set I; did you mean red?'),
        ("", 'x["red", 3] <= 1', "index 3 is not in set T"),
        ("", 'x["red", 1.5] <= 1', "an index is a whole number"),
        ("", "total[1] <= 1", "total has no index; write total"),
        ("", "I <= 1", "I is a set; write len(I)"),
        ("", "len(limit) <= 1", "limit is not a set"),
        ("i in J", "total <= 1", "J is not a set known here; known: A, I, T"),
        ("i in I", "i * total <= 1", "i is a member of I, not a number"),
        ("a in A", "total <= 1", "write for (i, j) in A"),
        ("(i, j) in I", "total <= 1", "write for i in I"),
        ("i in I if total > 1", "total <= 1", "total is a variable; conditions hold only"),
        ("i in I", "i[1] <= 1", "i is a loop name here"),
        ("i in I for i in T", "total <= 1", "a loop name stands twice"),
        ("i in I", "x[i, limit] <= 1", "limit is not a loop name known here"),
        ("t in T", 'x["red", t / 2] <= 1', "an index is no quotient"),
        ("for i in I", "total <= 1", "write i in I"),
        ("", 'total <= "red"', "a number is expected here, not a quoted text"),
    ],
)
def test_names_are_checked_with_the_row_named(for_each: str, expression: str, message: str) -> None:
    row = {"name": "r", "expression": expression, "for_each": for_each}
    with pytest.raises(errors.InvalidInput) as caught:
        language.check(formulation.parse({**DECLARED, "constraints": [row]}))
    assert message in str(caught.value)
    assert "constraint 'r'" in str(caught.value)


def test_a_sound_formulation_passes() -> None:
    rows = [
        {
            "name": "a",
            "expression": "x[i, t] <= limit",
            "for_each": "i in I for t in T if (i, t) in A and t > 1",
        },
        {"name": "b", "expression": "sum(flow[i, t] * t for (i, t) in A) == len(A)"},
    ]
    language.check(formulation.parse({**DECLARED, "constraints": rows}))
