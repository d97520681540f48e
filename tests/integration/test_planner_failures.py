"""What goes wrong in a job, in the middle of it, and what is left of it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from quod import Client, errors, jobs, settings, testing
from quod.agents import registry
from quod.agents import run as running
from quod.models import base, scripted

EXAMPLES = Path(__file__).parents[2] / "examples"
TEXT = "A stall sells jam at $4. At most 20 jars fit. Maximize the revenue."
JAM = json.dumps(
    {
        "variables": [{"name": "jam", "label": "jam", "domain": "integer"}],
        "objective": {"sense": "maximize", "expression": "4*jam", "evidence": ["$4"]},
        "constraints": [{"name": "room", "expression": "jam <= 20", "evidence": ["At most 20"]}],
    }
)


def model(right: int) -> dict[str, Any]:
    """The most that `x` can be is `right`."""
    return {
        "variables": [{"name": "x", "domain": "integer"}],
        "objective": {"sense": "maximize", "expression": "x"},
        "constraints": [{"name": "room", "expression": f"x <= {right}"}],
    }


def solve(number: int, right: int) -> str:
    return f"{number}. solve({json.dumps(model(right))})"


def finish(*names: str) -> str:
    return json.dumps({"action": "finish", "candidates": list(names)})


REPLAN = json.dumps({"action": "replan", "reason": "not what was asked"})


def parts(replies: scripted.Script, *tools: registry.Tool) -> running.Parts:
    known = registry.Registry([*registry.Registry.discover().values(), *tools])
    return running.Parts(models={"*": scripted.ScriptedModel(replies)}, tools=known)


def chosen(folder: Path, **overrides: Any) -> settings.Settings:
    return settings.load(data_dir=folder, model_url="http://127.0.0.1:9/v1", model="scripted", **overrides)


def ask(
    folder: Path, replies: scripted.Script, *tools: registry.Tool, kind: str = "auto", **overrides: Any
) -> jobs.Result:
    job = jobs.Job(kind=jobs.Kind(kind), input=TEXT)
    return running.run_job(job, chosen(folder, **overrides), parts=parts(replies, *tools))


def test_a_formulation_that_an_endpoint_refused_to_give_goes_on_to_the_solver(tmp_path: Path) -> None:
    """What is skipped because of an error that is mended is run after it is mended."""
    under = chosen(tmp_path, drafter="template,openai")
    job = jobs.Job(kind=jobs.Kind.OPTIMIZE, input=TEXT)
    with pytest.raises(errors.Unavailable) as caught:
        running.run_job(job, under, parts=parts([errors.Unavailable("down")]))
    assert caught.value.job == job.id
    result = running.resume(job.id, under, parts=parts([JAM]))
    assert result.status is jobs.Status.SOLVED
    assert result.answer is not None
    assert result.answer["objective"] == "80"


def test_a_job_that_has_nothing_to_go_on_from_is_forgotten(tmp_path: Path) -> None:
    for overrides, error in (
        ({"drafter": "openai", "cache": "replay", "cache_file": tmp_path / "none"}, errors.QuodError),
        ({"drafter": "oracle"}, errors.InvalidInput),
    ):
        with pytest.raises(error):
            running.run_job(jobs.Job(kind=jobs.Kind.OPTIMIZE, input=TEXT), chosen(tmp_path, **overrides))
    assert running.unfinished(chosen(tmp_path)) == []


def test_a_second_plan_that_counts_from_one_again_is_the_one_that_counts(tmp_path: Path) -> None:
    replies = [f"{solve(1, 9)}\njoin()", REPLAN, f"{solve(1, 30)}\njoin()", finish("2")]
    result = ask(tmp_path, replies)
    assert result.answer is not None
    assert result.answer["objective"] == "30"
    assert [task.id for past in result.rounds for task in past.tasks] == ["1", "2"]


def test_a_forward_reference_to_a_number_of_an_earlier_plan_is_never_guessed(tmp_path: Path) -> None:
    replies = [
        f"{solve(1, 9)}\njoin()",
        REPLAN,
        f"2. vote_answers([$1])\n{solve(1, 30)}\njoin()",
        finish("2"),
    ]
    result = ask(tmp_path, replies)
    assert "give it another number" in result.rounds[1].problems[0]
    assert result.answer is not None
    assert result.answer["objective"] == "9"


DYING = """
import os, sys
from quod import jobs, settings
from quod.agents import registry, run
from quod.models import scripted

@registry.tool()
async def crash(after: dict) -> None:
    "The process dies in the middle of the plan."
    os._exit(9)

tools = registry.Registry([*registry.Registry.discover().values(), crash])
plan = sys.argv[2] + "\\n7. crash($2)\\n" + "# more to come\\n" * 5000
model = scripted.ScriptedModel([plan], seconds_per_token=0.001)
under = settings.load(data_dir=sys.argv[1], model_url="http://127.0.0.1:9/v1", model="m")
job = jobs.Job(id="job_x", kind="auto", input="words")
run.run_job(job, under, parts=run.Parts(models={"*": model}, tools=tools))
"""


def test_what_depends_on_a_task_that_changed_is_run_again(tmp_path: Path) -> None:
    """A plan that was cut off by a crash is asked for again, and comes out otherwise."""
    plan = f"{solve(1, 9)}\n2. vote_answers([$1])"
    done = subprocess.run([sys.executable, "-c", DYING, str(tmp_path), plan], check=False, timeout=60)
    assert done.returncode == 9
    again = parts([f"{solve(1, 30)}\n2. vote_answers([$1])\njoin()", finish("2")])
    result = running.resume("job_x", chosen(tmp_path), parts=again)
    assert result.answer is not None
    assert result.answer["objective"] == "30"
    assert [task.id for task in result.rounds[0].tasks] == ["1", "2"]


@pytest.mark.parametrize(
    "output",
    [
        {"certificate": {}, "answer": 1},
        {"certificate": {"kind": "optimality"}, "answer": {}},
        {"certificate": None, "answer": None, "problems": 5, "warnings": "text"},
    ],
)
def test_an_output_that_only_looks_like_an_answer_is_no_answer(
    tmp_path: Path, output: dict[str, Any]
) -> None:
    @registry.tool()
    async def odd() -> dict[str, Any]:
        """Give something odd."""
        return output

    result = ask(tmp_path, ["1. odd()\njoin()", finish("1")], odd, max_replans=0)
    assert result.status is jobs.Status.UNSOLVED
    assert result.termination is jobs.Termination.NOT_CERTIFIED
    assert any("no output with a certificate" in line for line in result.warnings)


def test_odd_outputs_that_an_answer_rests_on_take_nothing_from_it(tmp_path: Path) -> None:
    @registry.tool()
    async def odd() -> dict[str, Any]:
        """Give a formulation with odd company."""
        return {"formulation": model(4), "problems": [], "warnings": "text", "history": 3, "attempts": [1]}

    result = ask(tmp_path, ["1. odd()\n2. solve($1)\njoin()", finish("2")], odd)
    assert result.status is jobs.Status.SOLVED


def test_a_budget_holds_over_sessions(tmp_path: Path) -> None:
    """Calls of tasks that an operator's error ended count as well."""
    turn = json.dumps({"thought": "look", "code": "print(1)"})
    under = chosen(tmp_path, budget_calls=5)
    job = jobs.Job(kind=jobs.Kind.AUTO, input=TEXT)
    plan = f"{solve(1, 3)}\n2. compute()\njoin()"
    down = parts([plan, turn, turn, errors.Unavailable("down")])
    with pytest.raises(errors.Unavailable):
        running.run_job(job, under, parts=down)
    result = running.resume(job.id, under, parts=parts([turn] * 20))
    assert result.termination is jobs.Termination.BUDGET_EXHAUSTED
    assert result.usage.model_calls == 5


def test_time_counts_over_sessions(tmp_path: Path) -> None:
    @registry.tool()
    async def sleep() -> None:
        """Sleep."""
        await asyncio.sleep(1.5)

    under = chosen(tmp_path, budget_seconds=1000)
    job = jobs.Job(kind=jobs.Kind.AUTO, input=TEXT)
    down = parts(["1. sleep()\njoin()", errors.Unavailable("down")], sleep)
    with pytest.raises(errors.Unavailable):
        running.run_job(job, under, parts=down)
    late = parts(["no"], sleep)
    result = running.resume(job.id, chosen(tmp_path, budget_seconds=1.5), parts=late)
    assert result.termination is jobs.Termination.BUDGET_EXHAUSTED
    assert result.trace[0].end > 1.5


@pytest.mark.parametrize("calls", [1, 2, 3])
def test_a_budget_that_ends_anywhere_is_called_that(tmp_path: Path, calls: int) -> None:
    replies = [f"{solve(1, 9)}\njoin()", REPLAN, f"{solve(2, 30)}\njoin()", finish("2")]
    result = ask(tmp_path, replies, budget_calls=calls)
    assert (result.status, result.termination) == (jobs.Status.UNSOLVED, jobs.Termination.BUDGET_EXHAUSTED)
    assert any("QUOD_BUDGET_CALLS" in line for line in result.warnings)


def test_time_that_ends_during_a_model_call_is_the_budget(tmp_path: Path) -> None:
    async def late(request: base.Request) -> str:
        await asyncio.sleep(60)
        return JAM

    result = ask(tmp_path, late, kind="optimize", drafter="openai", budget_seconds=3.0)
    assert (result.status, result.termination) == (jobs.Status.UNSOLVED, jobs.Termination.BUDGET_EXHAUSTED)


def test_a_joiner_that_never_agrees_leaves_the_answer_uncertified(tmp_path: Path) -> None:
    result = ask(tmp_path, [f"{solve(1, 9)}\njoin()", REPLAN], max_replans=0)
    assert (result.status, result.termination) == (jobs.Status.UNSOLVED, jobs.Termination.NOT_CERTIFIED)
    assert "given up: not what was asked" in result.warnings


def test_one_draft_that_fails_leaves_the_others(tmp_path: Path) -> None:
    under = chosen(tmp_path, drafter="template,openai")
    job = jobs.Job(kind=jobs.Kind.OPTIMIZE, input=(EXAMPLES / "coconuts.txt").read_text())
    result = running.run_job(job, under, parts=parts([errors.ToolFailed("refused")]))
    assert result.status is jobs.Status.SOLVED


def test_voters_that_fail_have_no_vote(tmp_path: Path) -> None:
    def draft(request: base.Request) -> Any:
        return errors.ToolFailed("refused") if request.sample == 0 else JAM

    result = ask(tmp_path, draft, kind="optimize", drafter="openai", strategy="vote")
    assert result.status is jobs.Status.SOLVED
    assert any("2 of 3 drafts agree" in line for line in result.warnings)


def test_a_vote_without_majority_rules_is_never_silently_the_last(tmp_path: Path) -> None:
    def turn(request: base.Request) -> Any:
        if request.sample == 1:
            return errors.ToolFailed("refused")
        return json.dumps({"thought": "", "code": f"x = {42 + request.sample}", "answer": "x"})

    result = ask(tmp_path, turn, kind="compute", strategy="vote")
    assert result.answer == {"value": 42}
    assert any("1 of 3 computations agree" in line for line in result.warnings)


def test_a_question_without_an_answer_does_not_stop_the_final_attempt(tmp_path: Path) -> None:
    def reply(request: base.Request) -> str:
        document = json.loads(request.messages[1]["content"])
        if "attempt" in document:
            return '{"questions": ["How many?"]}'
        return "I do not know" if "question" in document else JAM

    result = ask(tmp_path, reply, kind="optimize", strategy="decompose", drafter="openai")
    assert result.status is jobs.Status.SOLVED


@pytest.mark.parametrize("strategy", ["vote", "decompose"])
def test_strategies_for_one_kind_refuse_jobs_of_any_kind(tmp_path: Path, strategy: str) -> None:
    with pytest.raises(errors.InvalidInput, match="quod compute"):
        ask(tmp_path, [], strategy=strategy)


def test_a_job_goes_on_under_the_strategy_that_it_began_with(tmp_path: Path) -> None:
    step = json.dumps({"tool": "solve", "arguments": {"draft": model(7)}})
    done = json.dumps({"tool": "finish", "arguments": {"candidates": ["1"]}})
    job = jobs.Job(kind=jobs.Kind.AUTO, input=TEXT)
    down = parts([step, errors.Unavailable("down")])
    with pytest.raises(errors.Unavailable):
        running.run_job(job, chosen(tmp_path, strategy="react"), parts=down)
    result = running.resume(job.id, chosen(tmp_path, strategy="compiler"), parts=parts([done]))
    assert [task.tool for past in result.rounds for task in past.tasks] == ["solve", "finish"]


def test_no_secret_is_written_down(tmp_path: Path) -> None:
    secret = "hunter2-of-the-endpoint"
    under = settings.load(
        data_dir=tmp_path,
        model_url=f"http://user:{secret}@127.0.0.1:9/v1",
        model="scripted",
        api_key=secret,
        roles={"joiner": {"url": f"http://me:{secret}@127.0.0.1:9/v1", "api_key": secret}},
    )
    job = jobs.Job(kind=jobs.Kind.AUTO, input=TEXT)
    with pytest.raises(errors.Unavailable):
        running.run_job(job, under, parts=parts([f"{solve(1, 2)}\njoin()", errors.Unavailable("down")]))
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes(), path
    for name in ("jobs.sqlite", "checkpoints.sqlite"):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["checkpoints.sqlite", "jobs.sqlite", "locks"])
def test_a_broken_data_folder_is_one_clear_line(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("this is something else " * 200)
    with pytest.raises(errors.Misconfigured, match="QUOD_DATA_DIR"):
        ask(tmp_path, [f"{solve(1, 2)}\njoin()", finish("1")])


def test_text_that_is_no_unicode_is_bad_input(tmp_path: Path) -> None:
    with Client() as quod, pytest.raises(errors.InvalidInput, match="UTF-8"):
        quod.solve("Maximize \udcff.")


def test_an_interrupt_beside_a_running_loop_ends_the_job(tmp_path: Path) -> None:
    """As in a notebook: the loop of the caller runs, the job is in another thread."""
    program = f"""
import asyncio, sys
from quod import jobs, settings
from quod.agents import registry, run
from quod.models import scripted

@registry.tool()
async def forever() -> None:
    "Never ends."
    print("started", flush=True)
    try:
        await asyncio.sleep(600)
    finally:
        print("cancelled", flush=True)

parts = run.Parts(models={{"*": scripted.ScriptedModel(["1. forever()\\njoin()"])}},
                  tools=registry.Registry([forever]))
under = settings.load(data_dir={str(tmp_path)!r}, model_url="http://127.0.0.1:9/v1", model="m")

async def notebook():
    run.run_job(jobs.Job(kind="auto", input="wait"), under, parts=parts)

try:
    asyncio.new_event_loop().run_until_complete(notebook())  # asyncio.run handles interrupts itself
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "started\n"
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=30)
        finally:
            process.kill()
    assert out.split() == ["cancelled", "interrupted"]


def test_what_can_go_on_is_said(tmp_path: Path) -> None:
    """On the command line, with the id of the job."""
    with testing.ScriptedServer(
        [f"{solve(1, 2)}\njoin()", testing.Scripted("down", status=503, headers={"Retry-After": "0"})],
        repeat_last=True,
    ) as server:
        environment = {
            **os.environ,
            "QUOD_DATA_DIR": str(tmp_path),
            "QUOD_MODEL_URL": server.url,
            "QUOD_MODEL": "scripted",
            "QUOD_MODEL_RETRIES": "0",
        }
        done = subprocess.run(
            [sys.executable, "-m", "quod", "ask", "Solve it."],
            capture_output=True, text=True, env=environment, timeout=120, check=False,
        )  # fmt: skip
        assert len(server.requests) == 2
    assert done.returncode == 4
    with sqlite3.connect(tmp_path / "jobs.sqlite") as connection:
        (job,) = connection.execute("SELECT job FROM runs").fetchone()
    assert f"`quod resume {job}` goes on" in done.stderr
