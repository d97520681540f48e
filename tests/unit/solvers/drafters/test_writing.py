from __future__ import annotations

import ast
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from quod.solvers import formulation
from quod.solvers.drafters import writing


def test_names_are_legal_and_distinct() -> None:
    labels = ["ox carts", "Ox carts", "2-piece", "for", "sum", "objective", "“puff of air” test", "…", "Café"]
    names = writing.identifiers(labels)
    assert names == [
        "ox_carts", "ox_carts_2", "x_2_piece", "for_", "sum_", "objective_", "puff_of_air_test", "x", "cafe",
    ]  # fmt: skip


@settings(deadline=None)
@given(st.lists(st.text(max_size=100), max_size=8))
def test_any_labels_give_names_that_a_formulation_accepts(labels: list[str]) -> None:
    names = writing.identifiers(labels)
    built = formulation.Formulation(
        variables=[formulation.Variable(name=name) for name in names],
        objective=formulation.Objective(sense="minimize", expression="0"),
    )
    assert [v.name for v in built.variables] == names


def test_linear_expressions_read_naturally() -> None:
    third = Fraction(1, 3)
    assert writing.linear({"x": Fraction(1), "y": Fraction(-5, 2), "z": Fraction(0)}) == "x - 2.5*y"
    assert writing.linear({"x": Fraction(-1), "y": third}, Fraction(-4)) == "-x + (1/3)*y - 4"
    assert writing.linear({}) == "0"
    assert writing.comparison({"x": Fraction(1), "y": Fraction(-2)}, ">=", Fraction(0)) == "x >= 2*y"
    assert writing.comparison({"x": Fraction(1)}, "<=", third) == "x <= 1/3"


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from("xyz"), st.fractions(max_denominator=50)), st.fractions(max_denominator=9)
)
def test_the_text_of_an_expression_has_the_value_of_its_coefficients(
    coefficients: dict[str, Fraction], constant: Fraction
) -> None:
    point = {"x": Fraction(7, 3), "y": Fraction(-2), "z": Fraction(5)}
    expected = constant + sum((point[n] * c for n, c in coefficients.items()), Fraction(0))
    text = writing.linear(coefficients, constant)
    assert _value(ast.parse(text, mode="eval").body, point, text) == expected


def _value(node: ast.expr, point: dict[str, Fraction], text: str) -> Fraction:
    if isinstance(node, ast.Name):
        return point[node.id]
    if isinstance(node, ast.Constant):
        return Fraction(ast.get_source_segment(text, node) or "")
    if isinstance(node, ast.UnaryOp):
        return -_value(node.operand, point, text)
    assert isinstance(node, ast.BinOp)
    left, right = _value(node.left, point, text), _value(node.right, point, text)
    if isinstance(node.op, ast.Div):
        return left / right
    if isinstance(node.op, ast.Mult):
        return left * right
    return left + right if isinstance(node.op, ast.Add) else left - right
