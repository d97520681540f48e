"""Runs a suite: several processes at once, every finished problem kept, an interrupted run continued."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import queue
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from quod import errors
from quod.bench import worker
from quod.settings import Settings
from quod.version import VERSION
from quod.workers import runner

RECORDS = "records.jsonl"
Progress = Callable[[str], None]


def run(
    items: Sequence[worker.Item],
    settings: Settings,
    *,
    jobs: int = 1,
    resume: str | Path | None = None,
    progress: Progress | None = None,
    solve: worker.Solve | None = None,
) -> list[dict[str, Any]]:
    """Records of all `items` in order.

    `jobs` child processes work at once; with 1, or with a `solve` of your own, everything runs here. `resume`
    is a folder: finished problems are kept there, one JSON line each, and not worked on again as long as
    text, drafter, settings and version are the same. Raises what concerns every problem: Misconfigured,
    Unavailable.
    """
    say = progress or _to_stderr
    digests = {item.index: _digest(item, settings) for item in items}
    done = _kept(resume, set(digests.values()))
    finished = {index: done[digest] for index, digest in digests.items() if digest in done}
    left = [item for item in items if item.index not in finished]
    if finished:
        say(f"{len(finished)} of {len(items)} problems were finished before")
    here = solve is not None or jobs == 1
    stream = _in_process(left, settings, solve) if here else _in_children(left, settings, jobs)
    for record in stream:
        finished[record["index"]] = record
        _keep(resume, digests[record["index"]], record)
        say(_line(len(finished), len(items), record))
    return [finished[item.index] for item in items]


def _in_process(
    items: Sequence[worker.Item], settings: Settings, solve: worker.Solve | None
) -> Iterator[dict[str, Any]]:
    for item in items:
        yield worker.run_item(item, settings, solve) if solve else worker.run_item(item, settings)


def _in_children(items: Sequence[worker.Item], settings: Settings, jobs: int) -> Iterator[dict[str, Any]]:
    """Deals the items to child processes, which report record by record."""
    arrived: queue.Queue[dict[str, Any] | BaseException | None] = queue.Queue()

    def work(hand: Sequence[worker.Item]) -> None:
        try:
            runner.call(
                worker.run_items, list(hand), settings, on_report=arrived.put, what="a benchmark process"
            )
        except BaseException as error:
            arrived.put(error)
        arrived.put(None)

    hands = [items[place::jobs] for place in range(min(jobs, len(items)))]
    for hand in hands:
        # A daemon ends with the program, and its child with it.
        threading.Thread(target=work, args=(hand,), daemon=True).start()
    running = len(hands)
    while running:
        message = arrived.get()
        if message is None:
            running -= 1
        elif isinstance(message, BaseException):
            raise message
        else:
            yield message


def _digest(item: worker.Item, settings: Settings) -> str:
    """Everything that a record depends on."""
    names = (
        "drafter",
        "model_url",
        "model",
        "repair_rounds",
        "time_limit",
        "memory_limit_mb",
        "gap",
        "node_limit",
    )
    chosen = {name: getattr(settings, name) for name in names}
    body = json.dumps([VERSION, dataclasses.asdict(item), chosen], sort_keys=True)
    return hashlib.sha256(body.encode()).hexdigest()


def _kept(resume: str | Path | None, wanted: set[str]) -> dict[str, dict[str, Any]]:
    """Records of earlier runs by digest.

    Passed over: a last line cut short by an interruption, and problems that failed, which are tried again.
    """
    path = _file(resume)
    if path is None or not path.exists():
        return {}
    kept: dict[str, dict[str, Any]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
            digest, record = row["digest"], row["record"]
        except (ValueError, KeyError, TypeError):
            continue
        if digest in wanted and all(run["status"] != "failed" for run in record["runs"].values()):
            kept[digest] = record
    return kept


def _keep(resume: str | Path | None, digest: str, record: dict[str, Any]) -> None:
    path = _file(resume)
    if path is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as stream:
            cut_short = stream.tell() > 0 and _last_byte(stream) != b"\n"
            line = json.dumps({"digest": digest, "record": record}) + "\n"
            stream.write((b"\n" if cut_short else b"") + line.encode())
    except OSError as error:
        raise errors.InvalidInput(f"{path} cannot be written: {error}", field="resume") from None


def _last_byte(stream: Any) -> bytes:
    stream.seek(-1, 2)
    last: bytes = stream.read(1)
    return last


def _file(resume: str | Path | None) -> Path | None:
    return None if resume is None else Path(resume) / RECORDS


def _line(done: int, total: int, record: dict[str, Any]) -> str:
    run = record["runs"]["data"]
    return f"[{done}/{total}] {record['id']}: {run['status']} ({run['termination']}), {run['seconds']:.1f} s"


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
