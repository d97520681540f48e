"""Pyomo code, run in the real sandbox, becomes the formulation that it says, or problems that say why not."""

from __future__ import annotations

import pytest

from quod import jobs
from quod.solvers import expand, formulation, from_pyomo, options, run, script

HEAD = "import pyomo.environ as pyo\nmodel = m = pyo.ConcreteModel()\n"
GOAL = "m.profit = pyo.Objective(expr={}, sense=pyo.maximize)\n"


def extracted(body):
    """The formulation of code that is sound."""
    found = from_pyomo.extract(HEAD + body)
    assert found.problems == []
    assert found.formulation is not None
    return found.formulation


def rows(read):
    return {row.name: row.expression for row in read.constraints}


def solved(read):
    outcome, proof = run.solve_and_prove(read, options.Options())
    return outcome.termination, proof


def test_a_linear_model_is_exact_and_solved():
    read = extracted(
        "m.x = pyo.Var(['wheat', 'rye'], domain=pyo.NonNegativeReals)\n"
        "m.land = pyo.Constraint(expr=m.x['wheat'] + m.x['rye'] <= 0.1 + 100)\n"
        "wheat, rye = m.x['wheat'], m.x['rye']\n"
        "m.work = pyo.Constraint(expr=0.1 * wheat + 0.2 * wheat + 3 * (rye - 2) / 4 <= 50)\n"
        + GOAL.format("70 * m.x['wheat'] + 50 * m.x['rye'] - 7")
        + "pyo.SolverFactory('glpk').solve(m)\nprint(m.profit())\n"
    )
    assert [(v.name, v.label, v.domain, v.lower, v.upper) for v in read.variables] == [
        ("x_wheat", "x[wheat]", "real", "0", None),
        ("x_rye", "x[rye]", "real", "0", None),
    ]
    assert rows(read)["land"] == "x_wheat + x_rye <= 100.1"
    assert rows(read)["work"] == "0.3 * x_wheat + 0.75 * x_rye <= 51.5"
    assert read.objective.sense == "maximize"
    assert read.objective.label == "profit"
    termination, proof = solved(read)
    assert (termination, proof.strength) == (jobs.Termination.OPTIMAL, "exact")
    assert proof.claim["objective"] == "7000"


def test_an_integer_model_is_solved_exactly():
    read = extracted(
        "weights = {'a': 5, 'b': 7, 'c': 4}\n"
        "m.take = pyo.Var(weights, domain=pyo.Binary)\n"
        "m.extra = pyo.Var(domain=pyo.NonNegativeIntegers, bounds=(None, 2))\n"
        "total = pyo.quicksum(w * m.take[k] for k, w in weights.items())\n"
        "m.weight = pyo.Constraint(expr=total + m.extra <= 10)\n"
        + GOAL.format("sum(w * m.take[k] for k, w in weights.items()) + m.extra / 2")
    )
    assert {v.domain for v in read.variables} == {"binary", "integer"}
    assert expand.classify(read) == "milp"
    _, proof = solved(read)
    assert (proof.kind, proof.strength, proof.claim["objective"]) == ("optimality", "exact", "19/2")


def test_an_infeasible_model_is_proved_infeasible():
    read = extracted(
        "m.x = pyo.Var(domain=pyo.Integers, bounds=(0, 9))\n"
        "m.odd = pyo.Constraint(expr=2 * m.x == 7)\n" + GOAL.format("m.x")
    )
    termination, proof = solved(read)
    assert termination == jobs.Termination.INFEASIBLE
    assert proof.kind == "infeasibility"


def test_domains_and_bounds():
    read = extracted(
        "m.free = pyo.Var()\nm.whole = pyo.Var(domain=pyo.Integers)\n"
        "m.up = pyo.Var(domain=pyo.NonPositiveReals)\nm.share = pyo.Var(domain=pyo.UnitInterval)\n"
        "m.some = pyo.Var(domain=pyo.PositiveIntegers, bounds=(None, 4))\n"
        "m.wide = pyo.Var(bounds=(float('-inf'), float('inf')))\n"
        + GOAL.format("m.free + m.whole + m.up + m.share + m.some + m.wide")
    )
    assert {v.name: (v.domain, v.lower, v.upper) for v in read.variables} == {
        "free": ("real", None, None),
        "whole": ("integer", None, None),
        "up": ("real", None, "0"),
        "share": ("real", "0", "1"),
        "some": ("integer", "1", "4"),
        "wide": ("real", None, None),
    }


def test_ranges_equalities_and_what_is_switched_off():
    read = extracted(
        "m.x = pyo.Var()\nm.y = pyo.Var()\n"
        "m.range = pyo.Constraint(expr=(1, m.x + m.y, 5))\n"
        "m.same = pyo.Constraint(expr=m.x == 2 * m.y + 1)\n"
        "m.point = pyo.Constraint(expr=(3, m.x, 3))\n"
        "m.open = pyo.Constraint(expr=(None, m.x, float('inf')))\n"
        "m.off = pyo.Constraint(expr=m.x <= 0)\nm.off.deactivate()\n"
        "m.other = pyo.Objective(expr=m.y)\nm.other.deactivate()\n"
        "m.block = pyo.Block()\nm.block.row = pyo.Constraint(expr=m.x >= m.y)\n"
        "m.gone = pyo.Block()\nm.gone.row = pyo.Constraint(expr=m.x >= 7)\nm.gone.deactivate()\n"
        + GOAL.format("m.x")
    )
    assert rows(read) == {
        "range_lower": "x + y >= 1",
        "range_upper": "x + y <= 5",
        "same": "x - 2 * y == 1",
        "point": "x == 3",
        "block_row": "y - x <= 0",
    }


def test_a_reference_names_nothing_twice():
    read = extracted(
        "m.x = pyo.Var([1, 2], bounds=(0, 1))\nm.row = pyo.Constraint(expr=m.x[1] + m.x[2] <= 1)\n"
        "m.same = pyo.Reference(m.row)\nm.first = pyo.Reference(m.x[1])\n" + GOAL.format("m.x[1]")
    )
    assert [v.name for v in read.variables] == ["x_1", "x_2"]
    assert rows(read) == {"row": "x_1 + x_2 <= 1"}


def test_fixed_variables_are_numbers_in_rows_and_keep_their_column():
    read = extracted(
        "m.x = pyo.Var(bounds=(0, 4))\nm.price = pyo.Var()\nm.price.fix(2.5)\n"
        "m.row = pyo.Constraint(expr=m.price * m.x <= 7.5)\n" + GOAL.format("m.price * m.x + m.price")
    )
    assert rows(read) == {"row": "2.5 * x <= 7.5"}
    assert [(v.name, v.lower, v.upper) for v in read.variables] == [("x", "0", "4"), ("price", "5/2", "5/2")]
    _, proof = solved(read)
    assert (proof.claim["objective"], proof.strength) == ("10", "exact")


def test_parameters_expressions_and_sets():
    read = extracted(
        "m.I = pyo.RangeSet(3)\nm.c = pyo.Param(m.I, initialize={1: 0.1, 2: 0.2, 3: 0.3}, mutable=True)\n"
        "m.x = pyo.Var(m.I, bounds=(0, 1))\n"
        "m.cost = pyo.Expression(expr=sum(m.c[i] * m.x[i] for i in m.I))\n"
        "m.limit = pyo.Constraint(expr=m.cost + m.cost <= m.c[1] * m.c[2])\n" + GOAL.format("m.cost / m.c[1]")
    )
    assert rows(read) == {"limit": "0.2 * x_1 + 0.4 * x_2 + 0.6 * x_3 <= 0.02"}
    assert read.objective.expression == "x_1 + 2 * x_2 + 3 * x_3"


def test_a_quadratic_model_keeps_its_class():
    read = extracted(
        "m.x = pyo.Var(bounds=(-1, 1))\nm.y = pyo.Var(bounds=(0, 2))\n"
        "m.row = pyo.Constraint(expr=m.x + m.y >= 1)\n"
        "m.o = pyo.Objective(expr=(m.x - 0.5) ** 2 + 2 * m.y * m.y - m.x / 3)\n"
    )
    assert expand.classify(read) == "qp"
    termination, proof = solved(read)
    assert (termination, proof.strength) == (jobs.Termination.OPTIMAL, "numeric")


def test_functions_of_the_language_are_written():
    read = extracted(
        "m.x = pyo.Var(bounds=(1, 2))\nm.y = pyo.Var(bounds=(1, 2))\n"
        "left = pyo.exp(m.x) + pyo.sqrt(m.y) * 2\n"
        "m.row = pyo.Constraint(expr=left <= abs(m.x) + m.x ** 0.5 + 2 ** m.y + 100)\n"
        "m.o = pyo.Objective(expr=pyo.log10(m.x) + pyo.sin(m.x) * pyo.cos(m.y) + m.x / m.y + pyo.log(2))\n"
    )
    assert expand.classify(read) == "nlp"
    text = read.objective.expression
    assert "(log(x) / log(10))" in text
    assert "0.6931471805599453" in text


def test_names_are_made_and_labels_kept():
    read = extracted(
        "m.add_component('a b', pyo.Var([(1, 'x y'), (1, 'x,y')], bounds=(0, 1)))\n"
        "m.add_component('sum', pyo.Var(bounds=(0, 1)))\nm.a_b_1_x_y = pyo.Var(bounds=(0, 1))\n"
        "m.add_component('1st', pyo.Var(bounds=(0, 1)))\nm.add_component('größe', pyo.Var(bounds=(0, 1)))\n"
        "v = list(m.component_data_objects(pyo.Var))\n"
        "m.add_component('objective', pyo.Constraint(expr=v[0] + v[1] <= 1))\n" + GOAL.format("sum(v)")
    )
    names = [v.name for v in read.variables]
    assert len(set(names)) == 6
    assert [v.label for v in read.variables] == [
        "a b[1,x y]",
        "a b[1,'x,y']",
        "sum",
        "a_b_1_x_y",
        "1st",
        "größe",
    ]
    assert list(rows(read)) == ["objective_"]
    assert solved(read)[1].claim["objective"] == "5"


def test_a_model_without_objective_asks_for_a_point():
    read = extracted(
        "m.x = pyo.Var(domain=pyo.Integers, bounds=(0, 9))\nm.c = pyo.Constraint(expr=3 * m.x == 6)\n"
    )
    assert read.objective.expression == "0"
    assert solved(read)[1].evidence["point"]["x"] == "2"


@pytest.mark.parametrize(
    "code",
    [
        "solver = pyo.SolverFactory('gurobi')\nsolver.options['TimeLimit'] = 5\nsolver.options.gap = 0\n"
        "assert solver.available()\nresults = solver.solve(m, tee=True)\nassert results.ok, 'too late'\n",
        "try:\n    pyo.SolverFactory('glpk').solve(m)\nexcept:\n    pass\nraise ValueError('too late')\n",
        "s = pyo.SolverFactory('appsi_highs')\ns.set_instance(m)\ns.solve()\n",
        "from pyomo.contrib import appsi\nappsi.solvers.Highs().solve(m)\n",
        "pyo.SolverFactory('highs').solve(m)\nm.x.setub(3)\n",
        "import sys\nsys.exit(0)\n",
        "del model, m\nbuilt = _\n",
    ],
)
def test_the_model_is_found_however_the_code_ends(code):
    read = extracted("_ = m\nm.x = pyo.Var(bounds=(0, 4))\n" + GOAL.format("m.x") + code)
    assert [v.upper for v in read.variables] == ["4"]


def test_a_rounded_coefficient_is_told():
    found = from_pyomo.extract(HEAD + "m.x = pyo.Var(bounds=(0, 1))\n" + GOAL.format("m.x / 3"))
    assert found.warnings == [
        "objective: 0.3333333333333333 was rounded by the arithmetic of the code; the rest is exact"
    ]
    assert from_pyomo.extract(HEAD + "m.x = pyo.Var(bounds=(0, 1))\n" + GOAL.format("m.x / 4")).warnings == []


def test_the_code_can_be_run_as_it_is():
    code = HEAD + (
        "m.x = pyo.Var(['a'], bounds=(0, 2))\nm.y = pyo.Var()\n"
        + GOAL.format("m.x['a'] * 2")
        + "pyo.SolverFactory('appsi_highs').solve(m)\nprint('done')\n"
    )
    found = from_pyomo.solved(code)
    assert (found["objective"], found["values"]["x[a]"], found["error"]) == (4.0, 2.0, None)
    assert found["output"] == "done\n"
    assert "NotImplementedError" in from_pyomo.solved("raise NotImplementedError('no')")["error"]


def test_an_exported_script_comes_back_as_the_same_problem():
    document = {
        "sets": [{"name": "I", "elements": ["a", "b", "c"]}],
        "parameters": [{"name": "cost", "index": ["I"], "values": {"a": "5/2", "b": 3, "c": "0.1"}}],
        "variables": [
            {"name": "x", "index": ["I"], "domain": "integer", "upper": 7},
            {"name": "y", "lower": None},
        ],
        "objective": {"sense": "maximize", "expression": "sum(cost[i] * x[i] for i in I) + 2 * y"},
        "constraints": [
            {"name": "cap", "expression": "sum(x[i] for i in I) <= 10"},
            {"name": "each", "for_each": "i in I", "expression": "y + x[i] <= 9"},
        ],
    }
    original = formulation.parse(document)
    back = from_pyomo.extract(script.text(original))
    assert back.problems == []
    claims = [solved(read)[1].claim for read in (original, back.formulation)]
    assert claims[0] == claims[1]


def test_what_changes_after_the_solver_is_called_is_not_the_model():
    read = extracted(
        "m.x = pyo.Var(bounds=(0, 9), domain=pyo.Integers)\n"
        + GOAL.format("m.x")
        + "try:\n    pyo.SolverFactory('glpk').solve(m)\nexcept:\n    pass\n"
        "m.x.fix(1)\nm.c = pyo.Constraint(expr=m.x <= 1)\n"
        "try:\n    pyo.SolverFactory('glpk').solve(m)\nexcept BaseException:\n    raise ValueError('late')\n"
    )
    assert [(v.name, v.lower, v.upper) for v in read.variables] == [("x", "0", "9")]
    assert read.constraints == []


def test_infinite_sides_that_say_nothing_are_left_away():
    read = extracted(
        "inf = float('inf')\n"
        "m.x = pyo.Var(bounds=(-inf, inf))\n"
        "m.z = pyo.Var(domain=pyo.RangeSet(-2, 10.5, 1))\n"
        "m.c = pyo.Constraint(expr=(-inf, m.x + m.z, 5))\n"
        "m.d = pyo.Constraint(expr=m.x <= inf)\n" + GOAL.format("m.x + 2 * m.z")
    )
    assert [(v.name, v.domain, v.lower, v.upper) for v in read.variables] == [
        ("x", "real", None, None),
        ("z", "integer", "-2", "10"),
    ]
    assert rows(read) == {"c": "x + z <= 5"}
