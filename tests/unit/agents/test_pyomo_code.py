"""A model writes Pyomo code; what it builds is solved and certified like a formulation, or stays numeric."""

from __future__ import annotations

import asyncio
import json

import pytest

from quod import certificates, errors, jobs, settings
from quod.agents.context import Context
from quod.agents.tools import pyomo_code, solve
from quod.models import roles, scripted
from quod.workers.sandbox import backends

PROBLEM = "A baker earns 3 for a loaf and 2 for a roll. The oven holds 10 pieces, at most 4 of them loaves."
HEAD = "import pyomo.environ as pyo\nmodel = pyo.ConcreteModel()\n"
SOLVE = "pyo.SolverFactory('appsi_highs').solve(model)\nprint('profit', model.profit())\n"
BAKER = (
    HEAD + "model.bake = pyo.Var(['loaf', 'roll'], domain=pyo.NonNegativeIntegers)\n"
    "model.oven = pyo.Constraint(expr=model.bake['loaf'] + model.bake['roll'] <= 10)\n"
    "model.loaves = pyo.Constraint(expr=model.bake['loaf'] <= 4)\n"
    "model.profit = pyo.Objective(expr=3 * model.bake['loaf'] + 2 * model.bake['roll'], sense=pyo.maximize)\n"
) + SOLVE
FAILING = BAKER.replace("['loaf'] <= 4", "['bread'] <= 4")
STEEP = (
    HEAD + "model.x = pyo.Var(bounds=(0, 1), initialize=0.5)\n"
    "model.profit = pyo.Objective(expr=pyo.tanh(model.x), sense=pyo.maximize)\n"
    "model.x.value = 1.0\nprint('profit', round(model.profit(), 3))\n"
)


def reply(code):
    return json.dumps({"thought": "as the text says", "code": code})


def written(*replies, **overrides):
    chosen = settings.load(**overrides)
    model = scripted.ScriptedModel(replies)
    context = Context(
        job=jobs.Job(input=PROBLEM), settings=chosen, models=roles.Models(chosen, overrides={"coder": model})
    )
    return asyncio.run(pyomo_code.pyomo_code.call(context, {})), model, context


def test_code_becomes_a_formulation_that_is_solved_and_certified():
    draft, model, context = written(reply(BAKER))
    assert draft["problems"] == []
    assert draft["code"] == BAKER
    assert "not checked" in draft["warnings"][0]
    assert draft["sandbox"]["backend"]
    assert json.loads(model.requests[0].messages[1]["content"]) == {"problem": PROBLEM}
    solved = asyncio.run(solve.solve.call(context, {"draft": draft}))
    assert solved["answer"]["objective"] == "24"
    assert solved["answer"]["values"] == {"bake[loaf]": "4", "bake[roll]": "6"}
    assert certificates.check(solved["certificate"]).strength == "exact"


def test_a_failure_is_shown_to_the_model_once_for_each_repair():
    draft, model, _ = written(reply(FAILING), reply(BAKER))
    assert draft["problems"] == []
    assert [bool(attempt["problems"]) for attempt in draft["attempts"]] == [True, False]
    complaints = json.loads(model.requests[1].messages[3]["content"])["complaints"]
    assert "KeyError" in complaints[0]


def test_code_that_stays_wrong_has_no_formulation():
    draft, model, _ = written(*[reply(FAILING)] * 3, repair_rounds=1)
    assert (draft["formulation"], draft["numeric"]) == (None, None)
    assert "KeyError" in draft["problems"][0]
    assert len(model.requests) == 2


def test_a_model_that_cannot_be_re_expressed_stays_numeric():
    draft, _, context = written(reply(STEEP), repair_rounds=0)
    assert draft["formulation"] is None
    assert "the function tanh has no counterpart" in draft["problems"][0]
    assert draft["numeric"]["values"] == {"x": 1.0}
    assert abs(draft["numeric"]["objective"] - 0.76159) < 1e-4
    assert draft["numeric"]["output"] == "profit 0.762\n"
    with pytest.raises(errors.ToolFailed, match="tanh"):
        asyncio.run(solve.solve.call(context, {"draft": draft}))


def test_a_budget_that_runs_out_keeps_what_was_tried():
    draft, _, _ = written(reply(FAILING), reply(BAKER), budget_calls=1)
    assert draft["exhausted"]
    assert len(draft["attempts"]) == 1
    with pytest.raises(errors.LimitExceeded):
        written(reply(BAKER), budget_calls=0)


def test_unusable_replies_are_a_problem_of_the_draft():
    draft, _, _ = written("no", "no")
    assert draft["formulation"] is None
    assert "no usable answer" in draft["problems"][0]
    draft, _, _ = written(reply(FAILING), "no", "no")
    assert "KeyError" in draft["problems"][0]


def test_without_a_sandbox_the_model_is_not_asked(monkeypatch):
    monkeypatch.setattr(backends, "ISOLATIONS", ())
    with pytest.raises(errors.Misconfigured, match="no sandbox works here"):
        written(reply(BAKER))


def test_without_a_model_nothing_starts():
    chosen = settings.load()
    context = Context(job=jobs.Job(input=PROBLEM), settings=chosen, models=roles.Models(chosen))
    with pytest.raises(errors.Misconfigured, match="QUOD_MODEL"):
        asyncio.run(pyomo_code.pyomo_code.call(context, {}))
