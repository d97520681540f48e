"""Time from a question to the last tool's answer: dataflow, one call after another, and level by level.

    python benchmarks/planner.py [--quick] [--json]

A local server in a process of its own plays the model: it waits 50 ms, then sends the scripted plan token by
token (four characters each) at a fixed pace. The tools sleep for a known time. The same calls are run as

* `quod`: the plan is parsed while it streams, each task starts the moment its inputs exist;
  `waiting` is the same scheduler when it gets the plan only as a whole;
* `react`: the model is asked for one call, the call is made, and so on (Yao et al., ICLR 2023), then for the
  end; each reply is that call's line of the plan;
* `langgraph`: the whole plan first, then a LangGraph graph with a node for each task. A superstep begins when
  all nodes of the one before have ended, so it runs level by level.

The critical path: a task can begin when the last character of its line is there and its inputs have ended,
and the run ends with the last task, not before the end of the plan. Tools take their nominal time. In
`critical_path` a line is there when its last piece was handed to quod's parser: the speed of the model does
not count, parsing and scheduling do. In `scripted_path` it is there when the script says (50 ms + tokens *
pace), so HTTP and the server's delays count, too. Each way runs several times, in turns, and the fastest run
counts, since what else the machine does only adds time; the medians stand in `raw`.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import multiprocessing
import os
import platform
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from importlib import metadata
from multiprocessing.connection import Connection
from typing import Annotated, Any, TypedDict

from langgraph.graph import END, START, StateGraph
from parts import overhead

from quod import jobs, testing
from quod.agents import plan_text, references, registry, scheduler
from quod.agents.strategies import compiler
from quod.models import base, openai_model

Document = dict[str, Any]
FIRST_TOKEN = 0.05
"""Seconds before the first token of a reply."""
WAYS = ("quod", "waiting", "react", "langgraph")


@registry.tool(cost="cpu")
async def work(seconds: float, inputs: list[Any] | None = None) -> float:
    """Sleep for `seconds`."""
    await asyncio.sleep(seconds)
    return seconds


TOOLS = registry.Registry([work])


@dataclass(frozen=True)
class Shape:
    """A graph: seconds of each task and the tasks that it needs, and the pace of the planner."""

    seconds: tuple[float, ...]
    needs: tuple[tuple[int, ...], ...]
    pace: float = 0.004

    @property
    def lines(self) -> list[str]:
        """The plan, one task on a line, and its end."""
        lines = []
        for place, (seconds, needs) in enumerate(zip(self.seconds, self.needs, strict=True)):
            inputs = f", [{', '.join(f'${each + 1}' for each in needs)}]" if needs else ""
            lines.append(f"{place + 1}. work({seconds:g}{inputs})\n")
        return [*lines, "join()"]

    def sent(self) -> list[float]:
        """Seconds until each line has been sent."""
        places = itertools.accumulate(map(len, self.lines))
        return [FIRST_TOKEN + -(-place // 4) * self.pace for place in places]

    def critical_path(self, known: list[float]) -> float:
        """Seconds, when the lines are known at these times; see the head of this file."""
        ends: list[float] = []
        for time_known, seconds, needs in zip(known, self.seconds, self.needs, strict=False):
            ends.append(max([time_known, *(ends[each] for each in needs)]) + seconds)
        return max([*ends, known[-1]])


SHAPES = {
    "wide": Shape((0.4, 0.3, 0.35, 0.5, 0.3, 0.4, 0.1), ((),) * 6 + (tuple(range(6)),)),
    "deep": Shape((0.2,) * 4, ((), (0,), (1,), (2,))),
    "crossing chains": Shape(
        (0.1, 0.3, 0.3, 0.1, 0.1, 0.3, 0.3, 0.1), ((), (), (0,), (1,), (2,), (3, 0), (4, 1), (5,))
    ),
    "diamond": Shape(
        (0.1, 0.1, 0.3, 0.4, 0.1, 0.2, 0.2, 0.1), ((), (0,), (0,), (1,), (2,), (0,), (5,), (3, 4, 6))
    ),
    "streaming-bound": Shape((0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.1), ((),) * 7, pace=0.02),
    "one slow branch": Shape((0.8, 0.1, 0.2, 0.1, 0.2, 0.1, 0.1), ((), (), (1,), (2,), (3,), (4,), (0, 5))),
}


async def call(task: jobs.Task, arguments: dict[str, Any]) -> Any:
    return await TOOLS.call(None, task.tool, arguments)


class Arrivals(plan_text.TextPlanParser):
    """Notes when each line was read."""

    def __init__(self) -> None:
        super().__init__(TOOLS.positional())
        self.begin = time.perf_counter()
        self.times: list[float] = []

    def feed(self, chunk: str) -> list[plan_text.Item]:
        now = time.perf_counter() - self.begin
        items = super().feed(chunk)
        self.times += [now] * (len(items) + self.ended)
        return items


async def quod(model: base.ChatModel, shape: str) -> list[float]:
    """The plan runs while it streams; gives the times at which its lines arrived."""
    parser = Arrivals()
    await _run(compiler.streamed(model, _request(shape), parser))
    return parser.times


async def waiting(model: base.ChatModel, shape: str) -> None:
    """The same when the plan has arrived."""
    await _run(await _plan(model, shape))


async def react(model: base.ChatModel, shape: str) -> None:
    """Ask for one call after another."""
    finished: dict[str, jobs.TaskOutcome] = {}
    while plan := await _plan(model, shape, step=len(finished)):
        finished |= (await scheduler.run(plan, call, finished=finished)).outcomes


def _together(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    return {**old, **new}


class State(TypedDict):
    outputs: Annotated[dict[str, Any], _together]


async def langgraph(model: base.ChatModel, shape: str) -> None:
    """A node for each task; a superstep for each level."""
    tasks = await _plan(model, shape)
    builder = StateGraph(State)
    for task in tasks:
        builder.add_node(task.id, _node(task))
    needed = {key for task in tasks for key in references.find(task.arguments)}
    for task in tasks:
        inputs = references.find(task.arguments)
        builder.add_edge(inputs or START, task.id)
        if task.id not in needed:
            builder.add_edge(task.id, END)
    await builder.compile().ainvoke({"outputs": {}}, {"recursion_limit": len(tasks) + 2})


def _node(task: jobs.Task) -> Callable[[State], Awaitable[Document]]:
    async def node(state: State) -> Document:
        arguments = references.resolve(task.arguments, state["outputs"])
        return {"outputs": {task.id: await call(task, arguments)}}

    return node


def _request(shape: str, step: int | None = None) -> base.Request:
    return base.Request([{"role": "user", "content": json.dumps([shape, step])}])


async def _plan(model: base.ChatModel, shape: str, step: int | None = None) -> list[jobs.Task]:
    items = plan_text.parse((await model.complete(_request(shape, step))).text, TOOLS.positional())
    return [item for item in items if isinstance(item, jobs.Task)]


async def _run(plan: AsyncIterator[scheduler.Item] | list[jobs.Task]) -> None:
    execution = await scheduler.run(plan, call, policies=TOOLS.policy)
    assert execution.tasks
    assert all(each.outcome == "ok" for each in execution.outcomes.values())


def answer(request: testing.Request) -> testing.Scripted:
    """What the scripted model says: a plan, or one line of it."""
    name, step = json.loads(request.messages[-1]["content"])
    lines = SHAPES[name].lines
    text = "".join(lines if step is None else lines[step : step + 1])
    return testing.Scripted(text, delay=FIRST_TOKEN, seconds_per_token=SHAPES[name].pace)


def serve(pipe: Connection) -> None:
    """The server, until something comes through the pipe."""
    with testing.ScriptedServer(answer) as server:
        pipe.send(server.url)
        pipe.recv()


async def measure(url: str, name: str, repeats: int, others: int) -> Document:
    """Seconds of each way, in turns; `others` are the runs of the ways that are not `quod`."""
    shape = SHAPES[name]
    runs: dict[str, list[float]] = {way: [] for way in WAYS}
    arrived: list[float] = []
    model = openai_model.OpenAIModel(url, "scripted")
    await _plan(model, "deep", step=0)  # connect
    for turn in range(repeats):
        for way in WAYS if turn < others else WAYS[:1]:
            begin = time.perf_counter()
            times = await globals()[way](model, name)
            runs[way].append(time.perf_counter() - begin)
            if times:
                arrived.append(runs[way][-1] / shape.critical_path(times))
    await model.aclose()
    path = shape.critical_path(shape.sent())
    return {
        "tasks": len(shape.seconds),
        "plan_seconds": shape.sent()[-1],
        "sum_of_tasks_seconds": sum(shape.seconds),
        "scripted_path_seconds": path,
        **{f"{way}_seconds": min(times) for way, times in runs.items()},
        **{f"{way}_median_seconds": statistics.median(times) for way, times in runs.items()},
        "makespan_over_critical_path": min(arrived),
        "makespan_over_scripted_path": min(runs["quod"]) / path,
    }


def ratios(shapes: dict[str, Document], cost: Document) -> dict[str, float]:
    """What is over what; the largest, or the geometric mean, over the shapes."""
    found = {
        "makespan_over_critical_path_max": max(row["makespan_over_critical_path"] for row in shapes.values()),
        "makespan_over_scripted_path_max": max(row["makespan_over_scripted_path"] for row in shapes.values()),
        "overhead_over_1ms": max(cost[f"{kind}_ms_per_task"] for kind in ("wide", "chain", "random")),
        "overhead_with_journal_over_1ms": cost["journal_ms_per_task"],
        "memory_per_task_2500_over_1250": cost["peak_bytes_per_task_2500"] / cost["peak_bytes_per_task_1250"],
    }
    for way in ("react", "langgraph"):
        each = {name: row[f"{way}_seconds"] / row["quod_seconds"] for name, row in shapes.items()}
        found[f"{way}_over_quod"] = statistics.geometric_mean(each.values())
        for name, ratio in each.items():
            found[f"{way}_over_quod_{name.replace(' ', '_').replace('-', '_')}"] = ratio
    each = {name: row["quod_seconds"] / row["waiting_seconds"] for name, row in shapes.items()}
    found["streaming_over_waiting"] = statistics.geometric_mean(each.values())
    found["streaming_over_waiting_streaming_bound"] = each["streaming-bound"]
    return {name: round(ratio, 3) for name, ratio in found.items()}


def machine() -> Document:
    """What the numbers were measured on."""
    return {
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "langgraph": metadata.version("langgraph"),
        "openai": metadata.version("openai"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer runs, under a minute")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    here = machine()
    fresh = multiprocessing.get_context("spawn")
    pipe, other = fresh.Pipe()
    server = fresh.Process(target=serve, args=(other,), daemon=True)
    server.start()
    url = pipe.recv()
    repeats, others = (2, 1) if arguments.quick else (7, 5)
    shapes = {name: asyncio.run(measure(url, name, repeats, others)) for name in SHAPES}
    pipe.send("end")
    server.join()
    cost = overhead.overhead(1 if arguments.quick else 5)
    found = ratios(shapes, cost)
    raw = {"shapes": shapes, "overhead": cost, "overhead_ms_per_task_10000": found["overhead_over_1ms"]}
    if arguments.json:
        print(json.dumps({"name": "planner", "machine": here, "ratios": found, "raw": raw}))
        return
    columns = ("scripted_path", *WAYS)
    print(f"{'seconds (fastest run)':24}" + "".join(f"{name:>14}" for name in columns) + f"{'over path':>11}")
    for name, row in shapes.items():
        times = "".join(f"{row[f'{column}_seconds']:14.3f}" for column in columns)
        print(f"{name:24}{times}{row['makespan_over_critical_path']:11.3f}")
    print("\n" + "\n".join(f"{name} = {value:.4g}" for name, value in cost.items()))
    print("\n" + "\n".join(f"{name} = {value}" for name, value in found.items()))


if __name__ == "__main__":
    main()
