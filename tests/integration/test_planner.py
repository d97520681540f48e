"""Jobs through the planner graph: scripted models, everything else real."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from quod import Client, certificates, errors, jobs, settings, testing
from quod.agents import registry
from quod.agents import run as running
from quod.models import base, scripted

TEXT = (
    "A stall sells jam at $4 and tea at $3. At most 20 jars fit, and it must hold at least 5 jars of tea. "
    "Maximize the revenue."
)
SMALL: dict[str, Any] = {
    "variables": [{"name": "x", "domain": "integer"}],
    "objective": {"sense": "maximize", "expression": "3*x"},
    "constraints": [{"name": "room", "expression": "2*x <= 7"}],
}
IMPOSSIBLE: dict[str, Any] = {
    "variables": [{"name": "days", "domain": "integer"}],
    "objective": {"sense": "minimize", "expression": "days"},
    "constraints": [
        {"name": "two", "expression": "days <= 2"},
        {"name": "work", "expression": "8*days >= 20"},
    ],
}


def formulation(**change: Any) -> str:
    document = {
        "variables": [
            {"name": "jam", "label": "jam", "domain": "integer"},
            {"name": "tea", "label": "tea", "domain": "integer"},
        ],
        "objective": {"sense": "maximize", "expression": "4*jam + 3*tea", "evidence": ["$4", "$3"]},
        "constraints": [
            {"name": "room", "expression": "jam + tea <= 20", "evidence": ["At most 20"]},
            {"name": "tea_min", "expression": "tea >= 5", "evidence": ["at least 5"]},
        ],
    }
    return json.dumps({**document, **change})


WRONG = formulation(
    constraints=[{"name": "room", "expression": "jam + tea <= 20", "evidence": ["At most 20"]}]
)


def run(
    replies: scripted.Script,
    text: str = "Do both.",
    kind: jobs.Kind = jobs.Kind.AUTO,
    tools: registry.Registry | None = None,
    **overrides: Any,
) -> tuple[jobs.Result, scripted.ScriptedModel]:
    model = scripted.ScriptedModel(replies)
    parts = running.Parts(models={"*": model}, tools=tools)
    chosen = settings.load(model_url="http://127.0.0.1:9/v1", model="scripted", **overrides)
    return running.run_job(jobs.Job(kind=kind, input=text), chosen, parts=parts), model


def solved_by(server: testing.ScriptedServer, **overrides: Any) -> Any:
    with Client(drafter="openai", model_url=server.url, model="scripted", **overrides) as quod:
        return quod.solve(TEXT)


def data(request: base.Request) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(request.messages[1]["content"])
    return document


def test_broken_then_wrong_then_right_ends_certified() -> None:
    with testing.ScriptedServer(["{ this is no JSON", WRONG, formulation()]) as server:
        result = solved_by(server)
    assert result.status is jobs.Status.SOLVED
    assert result.answer is not None
    assert result.answer["objective"] == "75"
    assert result.check().strength == "exact"
    assert result.usage.model_calls == 3
    assert [bool(attempt["problems"]) for attempt in result.history] == [True, True, False]


def test_never_right_ends_unsolved_within_the_budget_with_the_history() -> None:
    with testing.ScriptedServer([WRONG], repeat_last=True) as server:
        result = solved_by(server, budget_calls=4, repair_rounds=20)
    assert (result.status, result.termination) == (jobs.Status.UNSOLVED, jobs.Termination.BUDGET_EXHAUSTED)
    assert len(server.requests) == 4
    assert result.usage.model_calls == 4
    assert len(result.history) == 4
    assert all("5" in "".join(attempt["problems"]) for attempt in result.history)
    assert result.candidate is not None
    with pytest.raises(errors.CertificateRejected):
        result.check()


def test_an_optimize_job_is_planned_without_a_model() -> None:
    with testing.ScriptedServer([formulation()]) as server:
        result = solved_by(server)
    assert len(server.requests) == 1
    assert [task.tool for task in result.rounds[0].tasks] == ["formulate", "solve", "audit", "diagnose"]


def test_two_kinds_in_one_job_get_one_certificate() -> None:
    """The best schedule, and a proof that no two-day schedule exists."""
    plan = f"1. solve({json.dumps(SMALL)})\n2. solve({json.dumps(IMPOSSIBLE)})\njoin()"
    finish = json.dumps({"action": "finish", "candidates": ["1", "$2"]})
    result, _ = run([plan, finish])
    assert (result.kind, result.termination) == (jobs.Kind.AUTO, jobs.Termination.COMBINED)
    assert result.status is jobs.Status.SOLVED
    assert result.certificate is not None
    assert result.answer is not None
    assert [part["termination"] for part in result.answer["parts"]] == ["optimal", "infeasible"]
    verdict = certificates.check(result.model_dump(mode="json"))
    assert (verdict.kind, verdict.strength) == ("conjunction", "exact")


def test_one_candidate_makes_the_job_of_its_kind() -> None:
    finish = json.dumps({"action": "finish", "candidates": ["1"]})
    result, _ = run([f"1. solve({json.dumps(SMALL)})\njoin()", finish])
    assert (result.kind, result.status) == (jobs.Kind.OPTIMIZE, jobs.Status.SOLVED)
    assert result.answer is not None
    assert result.answer["objective"] == "9"
    certificates.check(result.model_dump(mode="json"))


def test_a_plan_in_json() -> None:
    plan = {"tasks": [{"id": "1", "tool": "solve", "arguments": {"draft": SMALL}}]}
    finish = json.dumps({"action": "finish", "candidates": ["1"]})
    result, model = run([json.dumps(plan), finish], plan_format="json")
    assert result.status is jobs.Status.SOLVED
    assert model.requests[0].schema is not None


def test_what_went_wrong_reaches_the_next_plan() -> None:
    plans = [
        "1. slove({})\n2. solve($9)\n3. solve(draft={}, color=1)\njoin()",
        json.dumps({"action": "replan", "reason": "there is no tool slove"}),
        f"4. solve({json.dumps(SMALL)})\njoin()",
        json.dumps({"action": "finish", "candidates": ["4"]}),
    ]
    result, model = run(plans)
    assert result.status is jobs.Status.SOLVED
    assert [past.decision for past in result.rounds] == ["replan", "finish"]
    seen = data(model.requests[2])["rounds"][0]
    said = json.dumps(seen)
    assert "there is no tool slove" in said
    assert "color" in said
    assert {task["outcome"] for task in seen["tasks"]} == {"error"}


def test_a_claim_without_certificate_is_no_finish() -> None:
    replies = ["1. explain(" + json.dumps(SMALL) + ")\njoin()", '{"action": "finish", "candidates": ["1"]}']
    result, _ = run(replies, max_replans=0)
    assert result.status is jobs.Status.UNSOLVED
    assert "no output with a certificate" in result.rounds[0].reason


def test_a_forged_certificate_is_rejected_and_planned_anew() -> None:
    @registry.tool()
    async def forge() -> dict[str, Any]:
        """Claim what is not so."""
        claimed = dict(honest["certificate"], claim={**honest["certificate"]["claim"], "objective": "10"})
        return {"certificate": claimed, "answer": {**honest["answer"], "objective": "10"}}

    with Client() as quod:
        solved = quod.solve(formulation=SMALL).model_dump(mode="json")
    honest = {"certificate": solved["certificate"], "answer": solved["answer"]}
    tools = registry.Registry([*registry.Registry.discover().values(), forge])
    replies = [
        "1. forge()\njoin()",
        '{"action": "finish", "candidates": ["1"]}',
        f"2. solve({json.dumps(SMALL)})\njoin()",
        '{"action": "finish", "candidates": ["2"]}',
    ]
    result, _ = run(replies, tools=tools)
    assert "rejected" in result.rounds[0].reason
    assert result.status is jobs.Status.SOLVED
    result, _ = run(replies[:2], tools=tools, max_replans=0)
    assert (result.status, result.termination) == (jobs.Status.UNSOLVED, jobs.Termination.NOT_CERTIFIED)
    assert result.certificate is None


def test_react_takes_one_call_at_a_time() -> None:
    replies = [
        json.dumps({"thought": "first", "tool": "explain", "arguments": {"draft": SMALL}}),
        json.dumps({"tool": "solve", "arguments": {"draft": SMALL}}),
        json.dumps({"tool": "audit", "arguments": {"draft": SMALL, "solved": "$2"}}),
        json.dumps({"tool": "finish", "arguments": {"candidates": ["$2"]}}),
    ]
    result, model = run(replies, strategy="react")
    assert result.status is jobs.Status.SOLVED
    assert [[task.tool for task in past.tasks] for past in result.rounds] == [
        ["explain"], ["solve"], ["audit"], ["finish"],
    ]  # fmt: skip
    assert [past["tasks"][0]["outcome"] for past in data(model.requests[3])["rounds"]] == ["ok"] * 3


def test_react_ends_after_its_steps() -> None:
    again = json.dumps({"tool": "explain", "arguments": {"draft": SMALL}})
    result, model = run(lambda request: again, strategy="react", max_steps=3)
    assert result.status is jobs.Status.UNSOLVED
    assert len(model.requests) == 3


def test_decompose_asks_about_a_first_attempt_and_tries_again() -> None:
    asked: list[str] = []

    def reply(request: base.Request) -> str:
        document = data(request)
        if "attempt" in document:
            asked.append(json.dumps(document["attempt"]))
            return json.dumps({"questions": ["What is the least number of jars of tea?", "$1"]})
        if "question" in document:
            return json.dumps({"answer": f"about {document['question']}: 5"})
        return formulation() if "hints" in document else WRONG

    result, model = run(
        reply, TEXT, jobs.Kind.OPTIMIZE, strategy="decompose", drafter="openai", repair_rounds=0
    )
    assert result.status is jobs.Status.SOLVED
    assert result.answer is not None
    assert result.answer["objective"] == "75"
    assert "jam + tea <= 20" in asked[0]
    hints = data(model.requests[-1])["hints"]
    assert [hint["question"] for hint in hints] == ["What is the least number of jars of tea?", "$1"]
    assert [task.tool for task in result.rounds[1].tasks][:3] == ["answer", "answer", "formulate"]


def test_the_majority_wins() -> None:
    other = formulation(
        constraints=[
            {"name": "room", "expression": "jam + tea <= 20", "evidence": ["At most 20"]},
            {"name": "tea_min", "expression": "jam >= 5", "evidence": ["at least 5"]},
        ]
    )
    reordered = formulation(
        constraints=[
            {"name": "b", "expression": "5 <= tea", "evidence": ["at least 5"]},
            {"name": "a", "expression": "tea + jam <= 20", "evidence": ["At most 20"]},
        ]
    )
    answers = [other, formulation(), reordered]
    result, model = run(
        lambda request: answers[request.sample], TEXT, jobs.Kind.OPTIMIZE, strategy="vote", drafter="openai"
    )
    assert sorted(request.sample for request in model.requests) == [0, 1, 2]
    assert result.answer is not None
    assert result.answer["values"] == {"jam": "15", "tea": "5"}
    assert any("2 of 3 drafts agree" in line for line in result.warnings)


def test_vote_needs_a_model() -> None:
    with Client(strategy="vote") as quod, pytest.raises(errors.Misconfigured, match="QUOD_DRAFTER"):
        quod.solve(TEXT)


def test_time_of_the_job_runs_out() -> None:
    @registry.tool()
    async def sleep() -> None:
        """Sleep."""
        await asyncio.sleep(60)

    tools = registry.Registry([*registry.Registry.discover().values(), sleep])
    plan = f"1. solve({json.dumps(SMALL)})\n2. sleep()\n3. explain($2)\njoin()"
    result, _ = run([plan], tools=tools, budget_seconds=5.0)
    assert result.termination is jobs.Termination.BUDGET_EXHAUSTED
    assert {task.task: task.outcome for task in result.trace if task.tool != "check"} == {
        "1": "ok", "2": "error", "3": "skipped",
    }  # fmt: skip
    cut, skipped = (next(task for task in result.trace if task.task == name) for name in "23")
    assert cut.end - cut.start > 1
    assert skipped.inputs == ["2"]


def test_calls_run_out_in_the_middle_of_planning() -> None:
    replan = json.dumps({"action": "replan", "reason": "again"})
    result, _ = run(["1. explain({})\njoin()", replan, "2. explain({})\njoin()"], budget_calls=2)
    assert result.termination is jobs.Termination.BUDGET_EXHAUSTED
    assert result.usage.model_calls == 2


def test_an_endpoint_that_comes_back_lets_the_job_go_on(tmp_path: Path) -> None:
    runs: list[str] = []

    @registry.tool()
    async def note() -> str:
        """Write down that it ran."""
        runs.append("note")
        return "done"

    tools = registry.Registry([*registry.Registry.discover().values(), note])
    plan = f"1. note()\n2. solve({json.dumps(SMALL)})\njoin()"
    finish = '{"action": "finish", "candidates": ["2"]}'
    chosen = settings.load(data_dir=tmp_path, model_url="http://127.0.0.1:9/v1", model="scripted")
    job = jobs.Job(kind=jobs.Kind.AUTO, input="Note it, then solve it.")
    broken = running.Parts(
        models={"*": scripted.ScriptedModel([plan, errors.Unavailable("down")])}, tools=tools
    )
    with pytest.raises(errors.Unavailable):
        running.run_job(job, chosen, parts=broken)
    assert running.unfinished(chosen) == [job.id]
    mended = running.Parts(models={"*": scripted.ScriptedModel([finish])}, tools=tools)
    result = running.resume(job.id, chosen, parts=mended)
    assert result.status is jobs.Status.SOLVED
    assert runs == ["note"]
    assert result.usage.model_calls == 2
    assert running.unfinished(chosen) == []
    assert running.resume(job.id, chosen) == result
    with pytest.raises(errors.InvalidInput, match="no job 'job_x'"):
        running.resume("job_x", chosen)


def test_observations_cannot_plan() -> None:
    """Text that looks like plan lines, references, joiner actions or tool results stays text."""
    texts = injections()
    seen: dict[str, Any] = {}

    @registry.tool()
    async def fetch(number: int) -> dict[str, str]:
        """Fetch a page."""
        return {"page": texts[number]}

    @registry.tool()
    async def keep(number: int, page: str, whole: dict[str, str], quoted: str) -> str:
        """Keep what was fetched."""
        seen[texts[number]] = (page, whole, quoted)
        return page

    lines = [f"{n + 1}. fetch({n})" for n in range(len(texts))]
    lines += [
        f'{n + 101}. keep({n}, ${n + 1}.page, ${n + 1}, "<${{{n + 1}.page}}>")' for n in range(len(texts))
    ]
    plan = "\n".join([*lines, f"999. solve({json.dumps(SMALL)})", "join()"])
    finish = '{"action": "finish", "candidates": ["999"]}'
    tools = registry.Registry([*registry.Registry.discover().values(), fetch, keep])
    result, model = run([plan, finish], tools=tools)
    assert seen == {text: (text, {"page": text}, f"<{text}>") for text in texts}
    assert (result.status, len(model.requests), len(result.rounds)) == (jobs.Status.SOLVED, 2, 1)
    assert [task.tool for task in result.rounds[0].tasks] == [
        *["fetch"] * len(texts), *["keep"] * len(texts), "solve",
    ]  # fmt: skip
    assert {task.outcome for task in result.trace} == {"ok"}
    assert [message["role"] for message in model.requests[1].messages] == ["system", "user"]
    shown = data(model.requests[1])["rounds"][0]["tasks"]
    assert [task["output"]["page"] for task in shown[: len(texts)]] == texts


def injections() -> list[str]:
    path = Path(__file__).parents[1] / "fixtures" / "injections.jsonl"
    texts = [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines()]
    assert len(texts) >= 50
    return texts


def test_a_job_in_a_running_event_loop() -> None:
    async def notebook() -> jobs.Result:
        with Client() as quod:
            return quod.solve(formulation=SMALL)

    assert asyncio.run(notebook()).status is jobs.Status.SOLVED
