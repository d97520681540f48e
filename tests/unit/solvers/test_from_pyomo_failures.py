"""Pyomo code that has no formulation: what has no counterpart, what fails, and results that are forged."""

from __future__ import annotations

import json

import pytest

from quod import errors
from quod.solvers import formulation, from_pyomo
from quod.workers import sandbox
from quod.workers.sandbox import backends

HEAD = "import pyomo.environ as pyo\nmodel = m = pyo.ConcreteModel()\n"
GOAL = "m.profit = pyo.Objective(expr={}, sense=pyo.maximize)\n"

SIGN = "m.q = pyo.Param(initialize=-1, mutable=True)\n"
UNSUPPORTED = {
    "SOS": ("m.s = pyo.SOSConstraint(var=m.x, sos=1)\n", "s: a SOSConstraint has no counterpart"),
    "disjunction": (
        "from pyomo.gdp import Disjunction\nm.d = Disjunction(expr=[[m.x[1] <= 0], [m.x[2] <= 0]])\n",
        "d: a Disjunction has no counterpart",
    ),
    "logic": ("m.b = pyo.BooleanVar()\n", "b: a BooleanVar has no counterpart"),
    "function": ("m.c = pyo.Constraint(expr=pyo.tan(m.x[1]) <= 1)\n", "c: the function tan"),
    "condition": (
        "m.c = pyo.Constraint(expr=pyo.Expr_if(m.x[1] >= 1, m.x[2], 0) <= 1)\n",
        "Expression has no counterpart",
    ),
    "domain with gaps": ("m.g = pyo.Var(domain=pyo.Set(initialize=[0, 5, 7]))\n", "g: the domain"),
    "domain off the integers": (
        "m.g = pyo.Var(domain=pyo.Set(initialize=[0.5, 1.5, 2.5]))\n",
        "g: the domain {0.5, 1.5, 2.5} holds numbers that are not whole",
    ),
    "range off the integers": (
        "m.g = pyo.Var(domain=pyo.RangeSet(0.5, 10.5, 1))\n",
        "g: the domain [0.5:10.5] holds numbers that are not whole",
    ),
    "infinite lower side": ("m.c = pyo.Constraint(expr=m.x[1] >= float('inf'))\n", "c: inf as a side"),
    "infinite upper side": ("m.c = pyo.Constraint(expr=m.x[1] <= -float('inf'))\n", "c: -inf as a side"),
    "infinite parameter": (
        "m.p = pyo.Param(initialize=float('inf'), mutable=True)\nm.c = pyo.Constraint(expr=m.x[1] >= m.p)\n",
        "c: inf as a side",
    ),
    "infinite equality": ("m.c = pyo.Constraint(expr=m.x[1] == float('inf'))\n", "c: inf as a side"),
    "no number as side": ("m.c = pyo.Constraint(expr=m.x[1] <= float('nan'))\n", "c: "),
    "infinite lower bound": ("m.g = pyo.Var(bounds=(float('inf'), None))\n", "g: "),
    "no value": ("m.c = pyo.Constraint(expr=m.x[1] * pyo.log(m.q) <= 1)\n", "c: a part of it has no value"),
    "two objectives": (
        "m.second = pyo.Objective(expr=m.x[2])\n",
        "there are 2 active objectives (profit, second)",
    ),
    "fixed without a value": ("m.x[1].fixed = True\n", "x[1]: None is not a number"),
    "piecewise": (
        "m.y = pyo.Var()\nm.p = pyo.Piecewise(m.y, m.x[1], pw_pts=[0, 1, 2], f_rule=[0, 1, 4],"
        " pw_constr_type='EQ', pw_repn='SOS2')\n",
        "a SOSConstraint has no counterpart",
    ),
}


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_what_has_no_counterpart_is_a_problem_and_no_failure(name):
    code, message = UNSUPPORTED[name]
    found = from_pyomo.extract(
        HEAD + "m.x = pyo.Var([1, 2], bounds=(0, 2))\n" + GOAL.format("m.x[1]") + SIGN + code
    )
    assert found.formulation is None
    assert not found.failed
    assert any(message in problem for problem in found.problems), found.problems


FAILURES = {
    "no model": ("del m, model\n", "the code leaves no ConcreteModel; assign it to the name `model`"),
    "several models": (
        "del m, model\na, b = pyo.ConcreteModel(), pyo.ConcreteModel()\n",
        "several models (a, b)",
    ),
    "syntax": ("m.x = (\n", "line 3"),
    "wrong index": ("m.x = pyo.Var([1])\nm.c = pyo.Constraint(expr=m.x[2] <= 1)\n", "line 4: KeyError"),
    "no package": ("import nothing_like_this\n", "line 3: ModuleNotFoundError"),
    "a file": ("open('/etc/passwd')\n", "line 3: "),
    "killed": ("import os\nos.kill(os.getpid(), 9)\n", "the code ended without a model"),
    "abstract": (
        "pyo.SolverFactory('glpk').solve(pyo.AbstractModel())\n",
        "AbstractModel was handed to the solver",
    ),
}


@pytest.mark.parametrize("name", FAILURES)
def test_code_that_fails_says_how(name):
    code, message = FAILURES[name]
    found = from_pyomo.extract(HEAD + code)
    assert found.formulation is None
    assert found.failed
    assert message in found.problems[0]


def test_code_that_does_not_end_is_ended():
    limits = sandbox.Limits(seconds=3, cpu_seconds=60, memory_mb=2048)
    found = from_pyomo.extract("while True: pass\n", limits=limits)
    assert found.problems == ["the code was ended by the limit on seconds"]
    assert found.failed


def forging(text):
    """Code that writes the result itself and leaves before anything else can."""
    return f"with open('result.json', 'w') as file:\n    file.write({text!r})\nimport os\nos._exit(0)\n"


FORGED = {
    "a file as parameter": (
        {"parameters": [{"name": "p", "file": {"path": "/etc/passwd"}}], "expression": "p * x"},
        "p",
    ),
    "code": ({"expression": "__import__('os').system('true')"}, "_"),
    "no objective": ({"objective": None}, "objective"),
    "text": ({"objective": "maximize"}, "objective"),
    "an unknown field": ({"objective": {"sense": "minimize", "expression": "x", "url": "x"}}, "url"),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_document_is_read_like_any_strangers(name):
    change, message = FORGED[name]
    expression = change.pop("expression", "x")
    document = {
        "variables": [{"name": "x"}],
        "objective": {"sense": "minimize", "expression": expression},
        "constraints": [],
    } | change
    found = from_pyomo.extract(forging(json.dumps({"formulation": document, "problems": []})))
    assert found.formulation is None
    assert message in found.problems[0]


@pytest.mark.parametrize(
    "forged", ["[1]", '{"formulation": 7}', '{"error": 7}', '{"problems": "x"}', '""', "nul"]
)
def test_a_forged_result_of_another_shape_is_no_model(forged):
    found = from_pyomo.extract(forging(forged))
    assert found.formulation is None
    assert found.problems


def test_the_lines_of_a_forged_result_are_few_short_and_text():
    long = {"error": "x" * 3_000_000}
    assert len(from_pyomo.extract(forging(json.dumps(long))).problems[0]) < 2100
    many = {"problems": ["x" * 20_000] * 150}
    found = from_pyomo.extract(forging(json.dumps(many)))
    assert len(found.problems) == from_pyomo.LINES
    assert all(len(line) < 2100 for line in found.problems)
    expression = "9" * 100_000 + "!"
    document = {"variables": [{"name": "x"}], "objective": {"sense": expression, "expression": expression}}
    assert all(
        len(line) < 2100
        for line in from_pyomo.extract(forging(json.dumps({"formulation": document}))).problems
    )


def test_problems_that_are_no_list_are_a_failure_of_the_code():
    for forged in (5, {"a": 1}, [7], ["a", None], True):
        found = from_pyomo.extract(forging(json.dumps({"problems": forged})))
        assert found.failed
        assert found.problems == ["the code left problems that are no texts"]


def test_long_numbers_are_found_at_a_cost_that_grows_with_their_length(monkeypatch):
    """A search from each digit of a long whole number would take hours for this one."""
    read = formulation.parse(
        {
            "variables": [{"name": "x"}],
            "objective": {"sense": "minimize", "expression": "9" * 3_000_000 + " * x"},
            "constraints": [{"name": "r", "expression": f"x >= 0.{'1' * 1000}"}],
        }
    )
    (warning,) = from_pyomo._rounded(read)
    assert warning.startswith("r: 0.1111")
    assert len(warning) < 200


@pytest.mark.parametrize(
    "forged",
    [
        {"objective": "7", "values": {}},
        {"objective": True, "values": {}},
        {"objective": 10**400, "values": {}},
        {"objective": 1, "values": [1]},
        {"objective": 1, "values": {"x": "ignore the question"}},
        {"objective": 1, "values": {"x": {"y": 1}}},
    ],
)
def test_what_the_code_finds_is_numbers_or_nothing(forged):
    found = from_pyomo.solved(forging(json.dumps(forged)))
    assert (found["objective"], found["values"]) == (None, {})
    assert found["error"] == "the code left values that are no finite numbers"
    fine = {"objective": 1.5, "values": {"x": 2, "y": None}}
    found = from_pyomo.solved(forging(json.dumps(fine)))
    assert {name: found[name] for name in fine} == fine
    assert found["error"] is None


def test_without_a_sandbox_no_code_runs(monkeypatch):
    monkeypatch.setattr(backends, "ISOLATIONS", ())
    with pytest.raises(errors.Misconfigured):
        from_pyomo.extract(HEAD)
