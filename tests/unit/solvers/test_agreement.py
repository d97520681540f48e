"""Float form == exact form == Pyomo model == the checker's own expansion, on random indexed formulations."""

from __future__ import annotations

from typing import Any

import flint
import numpy as np
import pyomo.environ as pyo
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pyomo.repn import generate_standard_repn

from quod.certificates import model as checker
from quod.certificates import program
from quod.solvers import expand, pyomo_model, script, tables
from quod.solvers.formulation import parse
from quod.solvers.standard import StandardForm

Env = dict[str, str]  # loop name: I (texts) or T (whole numbers)
NUMBERS = ["0", "1", "2", "0.5", "3.25", "10", "1e2", "0.1"]
POSITIVE = ["1", "2", "0.3"]


def pick(env: Env, kind: str) -> list[str]:
    return [name for name, of in env.items() if of == kind]


@st.composite
def constant(draw: Any, env: Env, depth: int = 2) -> str:
    texts, whole = pick(env, "I"), pick(env, "T")
    choices = [*NUMBERS, "s", "len(T)", 'c["a", 1]', *whole]
    choices += [f"d[{t}]" for t in whole]
    choices += [f"c[{i}, {t}]" for i in texts for t in whole]
    if depth:
        choices += ["+", "-", "*", "**", "max", "abs", "sum", "/", "prod"]
    kind = draw(st.sampled_from(choices))
    if kind in ("+", "-", "*"):
        return f"({draw(constant(env, depth - 1))} {kind} {draw(constant(env, depth - 1))})"
    if kind == "/":
        return f"{draw(constant(env, depth - 1))} / {draw(st.sampled_from(POSITIVE))}"
    if kind == "**":
        return f"({draw(constant(env, depth - 1))}) ** {draw(st.integers(0, 2))}"
    if kind == "max":
        return f"max({draw(constant(env, depth - 1))}, {draw(constant(env, depth - 1))})"
    if kind == "abs":
        return f"abs({draw(constant(env, depth - 1))})"
    if kind in ("sum", "prod"):
        loops, inner = draw(loop(env))
        return f"{kind}({draw(constant(inner, 0))} {loops})"
    return kind


@st.composite
def condition(draw: Any, env: Env, depth: int = 1) -> str:
    texts, whole = pick(env, "I"), pick(env, "T")
    choices = ["s > 1", "0.1 + 0.2 == 0.3"]
    choices += [f'{i} != "a"' for i in texts] + [f'{i} < "b"' for i in texts]
    choices += (
        [f"{t} >= 2" for t in whole] + [f"{t} - 1 in T" for t in whole] + [f"d[{t}] > 1" for t in whole]
    )
    choices += [f"({i}, {t}) in A" for i in texts for t in whole]
    choices += [f"c[{i}, {t}] - 1 > 0" for i in texts for t in whole]
    choices += [f"({t} == 1 or d[{t} - 1] > 1)" for t in whole]
    if depth:
        choices += ["and", "or", "not"]
    kind = draw(st.sampled_from(choices))
    if kind in ("and", "or"):
        return f"({draw(condition(env, depth - 1))} {kind} {draw(condition(env, depth - 1))})"
    return f"not ({draw(condition(env, depth - 1))})" if kind == "not" else kind


@st.composite
def loop(draw: Any, env: Env, first: bool = False) -> tuple[str, Env]:
    env, text = dict(env), ""
    for _ in range(draw(st.integers(1, 2))):
        kind = draw(st.sampled_from("ITA"))
        i, t = f"i{len(env)}", f"t{len(env)}"
        text += "" if first and not text else "for "
        text += {"I": f"{i} in I ", "T": f"{t} in T ", "A": f"({i}, {t}) in A "}[kind]
        env |= {"I": {i: "I"}, "T": {t: "T"}, "A": {i: "I", t: "T"}}[kind]
        if draw(st.booleans()):
            text += f"if {draw(condition(env))} "
    return text.strip(), env


@st.composite
def linear(draw: Any, env: Env, depth: int = 2) -> str:
    texts, whole = pick(env, "I"), pick(env, "T")
    choices = ["w", "n", 'x["b", 2]', "const"]
    choices += [f"y[{i}]" for i in texts] + [f"x[{i}, {t}]" for i in texts for t in whole]
    if depth:
        choices += ["+", "-", "neg", "scale", "divide", "sum", "sum", "gated"]
    kind = draw(st.sampled_from(choices))
    if kind == "const":
        return draw(constant(env, 1))
    if kind in ("+", "-"):
        return f"{draw(linear(env, depth - 1))} {kind} ({draw(linear(env, depth - 1))})"
    if kind == "neg":
        return f"-({draw(linear(env, depth - 1))})"
    if kind == "scale":
        return f"{draw(constant(env, 1))} * ({draw(linear(env, depth - 1))})"
    if kind == "divide":
        return f"({draw(linear(env, depth - 1))}) / {draw(st.sampled_from(POSITIVE))}"
    if kind == "sum":
        loops, inner = draw(loop(env))
        return f"sum({draw(linear(inner, depth - 1))} {loops})"
    if kind == "gated":
        return (
            "sum(z[g, h] for (g, h) in A)"
            if not whole
            else f"sum(x[g, {whole[0]} - 1] for g in I if {whole[0]} > 1)"
        )
    return kind


@st.composite
def convex(draw: Any, env: Env) -> str:
    """A term that may be minimized or bounded from above."""
    kind = draw(st.sampled_from(["abs", "max", "maxloop", "minus min", "nested", "sum"]))
    if kind == "abs":
        return f"abs({draw(linear(env, 1))})"
    if kind == "max":
        return f"{draw(st.sampled_from(POSITIVE))} * max({draw(linear(env, 1))}, {draw(linear(env, 1))})"
    if kind == "maxloop":
        return f"max({draw(linear({**env, 'u': 'T'}, 1))} for u in T)"
    if kind == "minus min":
        return f"-2 * min({draw(linear(env, 1))}, {draw(constant(env, 1))})"
    if kind == "nested":
        return f"max({draw(linear(env, 0))}, abs({draw(linear(env, 1))}) - 1)"
    loops, inner = draw(loop(env))
    return f"sum({draw(linear(inner, 0))} + abs({draw(linear(inner, 1))}) {loops})"


@st.composite
def documents(draw: Any) -> dict[str, Any]:
    number = st.sampled_from(["0", "1", "-2", "0.5", "1/3", "7", "2.5"])
    pairs = draw(
        st.lists(st.sampled_from([["a", 1], ["a", 2], ["b", 2], ["b", 3]]), unique_by=tuple, max_size=4)
    )
    sense = draw(st.sampled_from(["minimize", "maximize"]))
    objective = draw(linear({}))
    if draw(st.booleans()):
        objective += (" + " if sense == "minimize" else " - ") + f"({draw(convex({}))})"
    constraints = []
    for k in range(draw(st.integers(0, 3))):
        for_each, env = draw(st.one_of(st.just(("", {})), loop({}, first=True)))
        operator = draw(st.sampled_from(["<=", ">=", "==", "<", ">"]))
        left, right = draw(linear(env)), draw(linear(env))
        if operator in ("<=", "<") and draw(st.booleans()):
            left += f" + {draw(convex(env))}"
        constraints.append(
            {"name": f"r{k}", "for_each": for_each, "expression": f"{left} {operator} {right}"}
        )
    return {
        "sets": [
            {"name": "I", "elements": ["a", "b"]},
            {"name": "T", "elements": [1, 2, 3]},
            {"name": "A", "elements": pairs},
        ],
        "parameters": [
            {
                "name": "c",
                "index": ["I", "T"],
                "values": [[draw(number) for _ in range(3)] for _ in range(2)],
            },
            {"name": "d", "index": ["T"], "values": {"2": draw(number)}, "default": "1"},
            {"name": "s", "value": draw(number)},
        ],
        "variables": [
            {"name": "x", "index": ["I", "T"], "domain": draw(st.sampled_from(["real", "integer"]))},
            {"name": "y", "index": ["I"], "domain": "binary", "upper": "1/2"},
            {"name": "z", "index": ["A"], "lower": None, "upper": "4"},
            {"name": "w", "lower": None, "domain": draw(st.sampled_from(["real", "integer"]))},
            {"name": "n", "domain": "integer", "lower": "-5/2", "upper": "9.5"},
        ],
        "objective": {"sense": sense, "expression": objective},
        "constraints": constraints,
    }


def row(form: StandardForm, number: int) -> dict[str, Any]:
    part = slice(form.indptr[number], form.indptr[number + 1])
    return {form.column_name(int(j)): v for j, v in zip(form.indices[part], form.data[part], strict=True)}


def assert_same_as_checker(form: StandardForm, document: dict[str, Any]) -> None:
    other = program.standard_form(checker.expand(checker.Model(document)))
    rows, columns = form.shape
    assert [form.column_name(j) for j in range(columns)] == other.names
    assert [list(form.lower), list(form.upper)] == [other.lower, other.upper]
    assert list(form.integer) == other.integer
    assert form.constant * other.sign == other.constant
    assert {j: c * other.sign for j, c in enumerate(form.cost) if c != 0} == {
        j: c for j, c in other.cost.items() if c
    }
    names = [form.row_name(i) for i in range(rows)]
    assert names[: form.declared_rows] == list(other.row)[: form.declared_rows]
    assert sorted(names) == sorted(other.row)
    for i, name in enumerate(names):
        expected = other.rows[other.row[name]]
        terms = {other.column[name]: value for name, value in row(form, i).items()}
        found = ({-1: "<=", 0: "==", 1: ">="}[int(form.row_sense[i])], terms, form.rhs[i])
        assert found == (expected.comparison, {j: v for j, v in expected.terms.items() if v}, expected.rhs)


def assert_floats_match(form: StandardForm, exact: StandardForm) -> None:
    assert (form.kind, form.sense, form.shape) == (exact.kind, exact.sense, exact.shape)
    as_float = np.vectorize(lambda v: float(int(v.p) / int(v.q)), otypes=[float])
    np.testing.assert_allclose(form.cost, as_float(exact.cost), atol=1e-9)
    np.testing.assert_allclose(form.rhs, as_float(exact.rhs), atol=1e-9)
    np.testing.assert_array_equal(form.integer, exact.integer)
    np.testing.assert_array_equal(form.row_sense, exact.row_sense)
    for bound, missing in (("lower", -np.inf), ("upper", np.inf)):
        wanted = [missing if v is None else float(int(v.p) / int(v.q)) for v in getattr(exact, bound)]
        np.testing.assert_array_equal(getattr(form, bound), wanted)
    for i in range(form.shape[0]):
        assert form.row_name(i) == exact.row_name(i)
        found, wanted = row(form, i), row(exact, i)
        for name in found | wanted:
            value = wanted.get(name, flint.fmpq(0))
            assert abs(found.get(name, 0.0) - float(int(value.p) / int(value.q))) < 1e-9, (i, name)


def plain_name(item: Any) -> str:
    linearised = item.parent_component().local_name in ("linearised", "linearised_rows")
    return str(item.index()) if linearised else str(item.name)


def pyomo_rows(document: dict[str, Any]) -> dict[str, tuple[dict[str, float], Any, Any]]:
    return rows_of(pyomo_model.build(parse(document)))


def rows_of(built: Any) -> dict[str, tuple[dict[str, float], Any, Any]]:
    result = {}
    for data in built.component_data_objects(pyo.Constraint):
        linear_part = generate_standard_repn(data.body)
        assert linear_part.is_linear()
        terms: dict[str, float] = {}
        for variable, value in zip(linear_part.linear_vars, linear_part.linear_coefs, strict=True):
            name = plain_name(variable)
            terms[name] = terms.get(name, 0.0) + value
        low, high = (
            None if b is None else pyo.value(b) - linear_part.constant for b in (data.lower, data.upper)
        )
        result[plain_name(data)] = (terms, low, high)
    return result


def assert_same_as_pyomo(form: StandardForm, document: dict[str, Any]) -> None:
    rows = pyomo_rows(document)
    assert set(rows) == {form.row_name(i) for i in range(form.shape[0])}
    for i in range(form.shape[0]):
        terms, low, high = rows[form.row_name(i)]
        sense, rhs = int(form.row_sense[i]), float(form.rhs[i])
        for bound, wanted in ((low, sense >= 0), (high, sense <= 0)):
            assert (bound is not None) == wanted
            assert bound is None or abs(bound - rhs) < 1e-7 * max(1, abs(rhs))
        found = row(form, i)
        for name in found | terms:
            assert abs(found.get(name, 0.0) - terms.get(name, 0.0)) < 1e-9, (form.row_name(i), name)


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(documents())
def test_all_expansions_agree(document: dict[str, Any]) -> None:
    formulation = parse(document)
    exact = expand.expand(formulation, exact=True)
    form = expand.expand(formulation)
    assert_same_as_checker(exact, document)
    assert_floats_match(form, exact)
    assert_same_as_pyomo(form, document)


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(documents())
def test_exported_scripts_agree(document: dict[str, Any]) -> None:
    assume("0.1 + 0.2" not in str(document["constraints"]))  # scripts decide conditions in floating point
    form = expand.expand(parse(document))
    names: dict[str, Any] = {"__name__": "script"}
    exec(compile(script.text(tables.inline(parse(document))), "script", "exec"), names)
    rows = rows_of(names["model"])
    assert len(rows) >= form.declared_rows
    for i in range(form.declared_rows):
        terms, low, high = rows[form.row_name(i)]
        sense, rhs, found = int(form.row_sense[i]), float(form.rhs[i]), row(form, i)
        if any("#" in name for name in found) or any(name.isdigit() for name in terms):
            continue  # in the script the columns of abs, min and max have other names, and none folds away
        if not found:
            holds = (low is None or low <= 1e-9) and (high is None or high >= -1e-9)
            assert holds == {-1: rhs >= 0, 0: rhs == 0, 1: rhs <= 0}[sense]
            continue
        if sign(terms) != sign(found):  # Pyomo may store a row the other way round
            terms = {name: -value for name, value in terms.items()}
            low, high = (None if b is None else -b for b in (high, low))
        for bound, wanted in ((low, sense >= 0), (high, sense <= 0)):
            assert (bound is not None) == wanted
            assert bound is None or abs(bound - rhs) < 1e-7 * max(1, abs(rhs))
        for name in found | terms:
            assert abs(found.get(name, 0.0) - terms.get(name, 0.0)) < 1e-9, (form.row_name(i), name)


def sign(terms: dict[str, float]) -> bool:
    return min((name, value) for name, value in terms.items() if abs(value) > 1e-12)[1] > 0
