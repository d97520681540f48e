"""A plan as a graph for people: levels for a terminal, and Mermaid.

Tasks of one level can run at once; the scheduler does not wait for levels, it starts each task when its own
inputs are there. Plans come from models, so any plan is drawn: one with unknown references, with cycles, with
an id twice. What stands in it is shortened, and cannot control the terminal or the diagram.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from quod import errors, jobs
from quod.agents import references, timeline

VALUE, CALL = 44, 110  # letters of one argument, of all arguments
_PLAIN = re.compile(r"[\w .,=$…-]")


@dataclass(frozen=True)
class Graph:
    """`needs` are positions in the plan, `unknown` ids that are not in it, both per task.

    `levels` hold positions, each as early as its inputs allow; `blocked` are those that can never start,
    `again` those whose id an earlier task has.
    """

    needs: tuple[tuple[int, ...], ...]
    unknown: tuple[tuple[str, ...], ...]
    levels: tuple[tuple[int, ...], ...]
    blocked: tuple[int, ...]
    again: frozenset[int]


def graph(tasks: Sequence[jobs.Task]) -> Graph:
    """Who needs whom; of tasks with the same id the first one is meant. Linear in the size of the plan."""
    places: dict[str, int] = {}
    for i, task in enumerate(tasks):
        places.setdefault(task.id, i)
    ids = [_inputs(task) for task in tasks]
    needs = tuple(tuple(sorted({places[key] for key in keys if key in places})) for keys in ids)
    unknown = tuple(tuple(key for key in keys if key not in places) for keys in ids)
    dependants: list[list[int]] = [[] for _ in tasks]
    for i, inputs in enumerate(needs):
        for j in inputs:
            dependants[j].append(i)
    waiting = [len(inputs) + len(missing) for inputs, missing in zip(needs, unknown, strict=True)]
    level = {i: 0 for i, count in enumerate(waiting) if not count}
    free = deque(level)
    while free:
        i = free.popleft()
        for j in dependants[i]:
            waiting[j] -= 1
            if not waiting[j]:
                level[j] = level[i] + 1  # its last input is the deepest: tasks come out by level
                free.append(j)
    levels: list[list[int]] = [[] for _ in range(max(level.values(), default=-1) + 1)]
    for i in sorted(level):
        levels[level[i]].append(i)
    blocked = tuple(i for i in range(len(tasks)) if i not in level)
    again = frozenset(i for i, task in enumerate(tasks) if places[task.id] != i)
    return Graph(needs, unknown, tuple(map(tuple, levels)), blocked, again)


def outline(tasks: Sequence[jobs.Task]) -> str:
    """The plan as text: its levels, the call of each task, and what each needs."""
    if not tasks:
        return "an empty plan"
    plan = graph(tasks)
    widest = max(map(len, plan.levels), default=0)
    count = f"{len(tasks)} task" + ("" if len(tasks) == 1 else "s")
    lines = [f"{count}, at most {widest} at once" if plan.levels else count]
    width = min(max(len(_id(task)) for task in tasks), 10)
    for number, members in enumerate(plan.levels, start=1):
        lines.append(f"level {number}")
        lines += [_line(tasks, plan, i, width) for i in members]
    if plan.blocked:
        lines.append("cannot start: tasks that are missing or wait for each other")
        lines += [_line(tasks, plan, i, width) for i in plan.blocked]
    return "\n".join(lines)


def mermaid(tasks: Sequence[jobs.Task]) -> str:
    """The plan as a Mermaid flowchart; tasks that it refers to and does not hold are dashed."""
    plan = graph(tasks)
    lines = ["flowchart TD"]
    missing: dict[str, str] = {}
    for i, task in enumerate(tasks):
        lines.append(f'  t{i}["{_safe(_id(task))} {_safe(timeline.short(call(task), 60))}"]')
        lines += [f"  t{j} --> t{i}" for j in plan.needs[i]]
        for key in plan.unknown[i]:
            lines.append(f"  {missing.setdefault(key, f'u{len(missing)}')} -.-> t{i}")
    for key, node in missing.items():
        lines.append(f'  {node}["{_safe(timeline.short(key, 10))}: not in the plan"]:::missing')
    if missing:
        lines.append("  classDef missing stroke-dasharray: 4 3")
    return "\n".join(lines) + "\n"


def call(task: jobs.Task) -> str:
    """`tool(name=value, …)` on one line, values shortened; a reference stands without quotes."""
    arguments = ", ".join(f"{name}={_value(value)}" for name, value in task.arguments.items())
    return timeline.short(f"{timeline.short(task.tool, 40)}({timeline.short(arguments, CALL)})", CALL + 50)


def _line(tasks: Sequence[jobs.Task], plan: Graph, i: int, width: int) -> str:
    needs = ", ".join(_id(tasks[j]) for j in plan.needs[i])
    missing = ", ".join(timeline.short(key, 10) for key in plan.unknown[i])
    after = f"  ← {needs}" if needs else ""
    after += f"  ✕ not in the plan: {missing}" if missing else ""
    after += "  ✕ the id stands twice" if i in plan.again else ""
    return f"  {_id(tasks[i]).rjust(width)}  {call(tasks[i])}{after}"


def _id(task: jobs.Task) -> str:
    return timeline.short(task.id, 10)


def _inputs(task: jobs.Task) -> list[str]:
    try:
        found = references.find(task.arguments)
    except errors.InvalidInput:
        found = []  # too deep to be looked through; the scheduler refuses the task
    return list(dict.fromkeys([*found, *task.depends_on]))


def _value(value: Any) -> str:
    if isinstance(value, str) and references.whole(value):
        return value
    try:
        return timeline.short(json.dumps(_head(value, 4), ensure_ascii=False, default=str), VALUE)
    except (RecursionError, ValueError):
        return "…"


def _head(value: Any, depth: int) -> Any:
    """The beginning of a value, so that a large one is not written out to be cut off."""
    if isinstance(value, str):
        return value[: 4 * VALUE]
    if isinstance(value, dict):
        items = list(value.items())[:VALUE] if depth else [("…", None)]
        return {str(key)[:VALUE]: _head(item, depth - 1) for key, item in items}
    if isinstance(value, list):
        return [_head(item, depth - 1) for item in value[:VALUE]] if depth else ["…"]
    return value


def _safe(text: str) -> str:
    """As a part of a Mermaid label: everything that could mean something there as a character code."""
    return "".join(letter if _PLAIN.fullmatch(letter) else f"#{ord(letter)};" for letter in text)
