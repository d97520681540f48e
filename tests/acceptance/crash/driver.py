"""Kills jobs at random points and resumes them; prints what it found as JSON.

    python driver.py JOBS SEED FOLDER

Each job runs in a process of its own (forked, so that none pays for the imports): a model plans two rounds of
tool calls, the second after the joiner has asked for it, and the answer is a real certificate from a real
solver. The process is killed with SIGKILL at a random moment, up to three times, and the job resumed in a new
one.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

from quod import jobs, settings
from quod.agents import graph, registry, run  # noqa: F401  (graph: imported before the first fork)
from quod.agents.tools import audit, formulate, solve
from quod.models import base, scripted

MODEL = {
    "variables": [{"name": "x", "domain": "integer"}, {"name": "y", "domain": "integer"}],
    "objective": {"sense": "maximize", "expression": "5*x + 4*y"},
    "constraints": [
        {"name": "labour", "expression": "6*x + 4*y <= 24"},
        {"name": "material", "expression": "x + 2*y <= 6"},
    ],
}
FIRST = """1. step(10)
2. step(20)
3. total([$1, $2])
4. step($3)
5. fails()
6. total([$4, $5])
join()"""
SECOND = f"""7. total([$3, $4])
8. step($7)
9. solve({json.dumps(MODEL)})
10. audit({json.dumps(MODEL)}, $9)
join()"""


def tools(log: Path) -> registry.Registry:
    """Tools that write down each start, so that a second run of a finished task cannot hide."""

    def note(line: str) -> None:
        with log.open("a") as file:
            file.write(line + "\n")

    @registry.tool()
    async def step(value: int) -> int:
        """Add one, slowly."""
        note(f"step {value}")
        await asyncio.sleep(0.03)
        return value + 1

    @registry.tool()
    async def total(values: list[int]) -> int:
        """Add up."""
        note(f"total {values}")
        await asyncio.sleep(0.01)
        return sum(values)

    @registry.tool()
    async def fails() -> int:
        """Fail."""
        note("fails")
        await asyncio.sleep(0.01)
        raise ValueError("it never works")

    return registry.Registry([step, total, fails, solve.solve, audit.audit, formulate.formulate])


async def planner(request: base.Request) -> str:
    """Plan and join by what was asked; slow enough for a kill to fall into a plan."""
    document = json.loads(request.messages[-1]["content"])
    await asyncio.sleep(0.02)
    rounds = document["rounds"]
    if "job" in document and isinstance(document["job"], dict):
        return FIRST if not rounds else SECOND
    if len(rounds) == 1:
        return json.dumps({"action": "replan", "reason": "nothing is certified yet"})
    return json.dumps({"action": "finish", "candidates": ["9"]})


def child(job_id: str, folder: Path, *, again: bool) -> None:
    """Run or resume one job and write its result; never returns."""
    chosen = settings.load(data_dir=folder / "data", model_url="http://127.0.0.1:9/v1", model="scripted")
    model = scripted.ScriptedModel(planner, seconds_per_token=0.0005)
    parts = run.Parts(models={"*": model}, tools=tools(folder / f"{job_id}.log"))
    if again:
        result = run.resume(job_id, chosen, parts=parts)
    else:
        job = jobs.Job(id=job_id, kind=jobs.Kind.AUTO, input="What is the best plan?")
        result = run.run_job(job, chosen, parts=parts)
    (folder / f"{job_id}.json").write_text(result.model_dump_json())
    os._exit(0)


def attempt(job_id: str, folder: Path, *, again: bool, kill_after: float | None) -> bool:
    """One process of a job; True when it came to its end."""
    process = os.fork()
    if process == 0:
        try:
            child(job_id, folder, again=again)
        except BaseException as error:
            print(f"{job_id}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            os._exit(1)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    return status == 0


def ended(folder: Path, job_id: str) -> dict[str, Any] | None:
    """The starts of the tasks that had ended, by id; None when the job had not begun."""
    path = folder / "data" / "jobs.sqlite"
    if not path.exists():
        return None
    with sqlite3.connect(path) as connection:
        if not connection.execute("SELECT 1 FROM runs WHERE job = ?", (job_id,)).fetchone():
            return None
        rows = connection.execute(
            "SELECT round, task, starts FROM tasks WHERE job = ? AND outcome IS NOT NULL", (job_id,)
        )
        return {f"{round_}.{task}": starts for round_, task, starts in rows}


def essence(document: dict[str, Any]) -> dict[str, Any]:
    """What must not depend on crashes: everything but ids, times and usage."""
    document = {key: document[key] for key in document if key not in ("id", "usage")}
    document["trace"] = sorted(
        (t["round"], t["task"], t["tool"], t["outcome"], t["inputs"], t["detail"]) for t in document["trace"]
    )
    document["solver"] = {**document["solver"], "seconds": 0}
    return document


def one(number: int, draw: random.Random, folder: Path, whole: float) -> dict[str, Any]:
    """Kill and resume one job."""
    job_id = f"job_{number}"
    kills, repeated, again = 0, [], False
    before: dict[str, Any] = {}
    while True:
        kill_after = draw.uniform(0, whole) if kills < draw.randint(1, 3) else None
        done = attempt(job_id, folder, again=again, kill_after=kill_after)
        kills += kill_after is not None
        found = ended(folder, job_id)
        repeated += [name for name, starts in before.items() if (found or {}).get(name) != starts]
        before, again = found or before, found is not None
        if done or kill_after is None:
            break
    path = folder / f"{job_id}.json"
    result = json.loads(path.read_text()) if path.exists() else None
    return {"job": job_id, "kills": kills, "repeated": repeated, "result": result}


def main() -> None:
    """Print {"jobs", "kills", "lost", "different", "repeated"}."""
    count, seed, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    draw = random.Random(seed)
    began = time.monotonic()
    assert attempt("undisturbed", folder, again=False, kill_after=None)
    whole = time.monotonic() - began
    reference = essence(json.loads((folder / "undisturbed.json").read_text()))
    report: dict[str, Any] = {"jobs": count, "kills": 0, "lost": [], "different": [], "repeated": []}
    for number in range(count):
        found = one(number, draw, folder, whole)
        report["kills"] += found["kills"]
        if found["result"] is None:
            report["lost"].append(found["job"])
        elif essence(found["result"]) != reference:
            report["different"].append(found["job"])
        report["repeated"] += [f"{found['job']}: {name}" for name in found["repeated"]]
    report["seconds"] = time.monotonic() - began
    report["reference"] = {key: reference[key] for key in ("status", "termination", "answer", "rounds")}
    print(json.dumps(report))


if __name__ == "__main__":
    main()
