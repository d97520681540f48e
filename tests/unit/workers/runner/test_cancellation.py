from __future__ import annotations

import contextvars
import importlib
import os
import sys
import threading
import time
from pathlib import Path

import pytest

from quod.workers import runner
from quod.workers.runner import supervisor

sys.path.append(str(Path(__file__).parent))
workers = importlib.import_module("workers")

STUBBORN = "trap '' TERM; echo $$ > {}; while :; do sleep 1; done"


def cancel_when(condition, cancellation: runner.Cancellation) -> threading.Thread:
    def wait() -> None:
        end = time.monotonic() + 20
        while not condition() and time.monotonic() < end:
            time.sleep(0.01)
        cancellation.cancel()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def written(path: Path) -> bool:
    return path.exists() and path.read_text(encoding="ascii").strip() != ""


def gone(path: Path) -> bool:
    return not Path(f"/proc/{path.read_text(encoding='ascii').strip()}").exists()


def test_a_running_call_is_stopped(tmp_path):
    marker = tmp_path / "pid"
    cancellation = runner.Cancellation()
    thread = cancel_when(lambda: written(marker), cancellation)
    with pytest.raises(runner.Cancelled), cancellation.active():
        runner.call(workers.hang, str(marker))
    thread.join()
    assert gone(marker)


def test_a_running_program_that_ignores_the_polite_signal_is_stopped(tmp_path):
    marker = tmp_path / "pid"
    cancellation = runner.Cancellation()
    thread = cancel_when(lambda: written(marker), cancellation)
    with pytest.raises(runner.Cancelled), cancellation.active():
        runner.run(["sh", "-c", STUBBORN.format(marker)], limits=runner.Limits(grace=0.1))
    thread.join()
    assert gone(marker)


def test_nothing_starts_after_it(tmp_path):
    cancellation = runner.Cancellation()
    cancellation.cancel()
    with cancellation.active():
        with pytest.raises(runner.Cancelled):
            runner.run(["touch", str(tmp_path / "made")])
        with pytest.raises(runner.Cancelled):
            runner.call(workers.hang, str(tmp_path / "made"))
    assert os.listdir(tmp_path) == []


def test_one_object_stops_several_threads(tmp_path):
    cancellation = runner.Cancellation()
    outcomes: list[str] = []

    def work(number: int) -> None:
        try:
            runner.call(workers.hang, str(tmp_path / str(number)))
        except runner.Cancelled:
            outcomes.append("cancelled")

    with cancellation.active():
        contexts = [contextvars.copy_context() for _ in range(3)]
    threads = [threading.Thread(target=context.run, args=(work, n)) for n, context in enumerate(contexts)]
    for thread in threads:
        thread.start()
    cancel_when(lambda: all(written(tmp_path / str(n)) for n in range(3)), cancellation).join()
    for thread in threads:
        thread.join()
    assert outcomes == ["cancelled"] * 3


def test_others_are_not_touched():
    cancellation, other = runner.Cancellation(), runner.Cancellation()
    other.cancel()
    with cancellation.active():
        assert runner.call(workers.add, 1, 2) == 3
    assert runner.call(workers.add, 1, 2) == 3
    assert not cancellation.cancelled
    cancellation.raise_if_cancelled()


def test_the_inner_one_counts():
    outer, inner = runner.Cancellation(), runner.Cancellation()
    outer.cancel()
    with outer.active():
        with inner.active():
            assert runner.run(["true"]).returncode == 0
        with pytest.raises(runner.Cancelled):
            runner.run(["true"])


def test_no_descriptor_stays_open():
    before = set(os.listdir("/proc/self/fd"))
    cancellation = runner.Cancellation()
    with cancellation.active():
        runner.run(["true"])
        thread = cancel_when(lambda: True, cancellation)
        with pytest.raises(runner.Cancelled):
            runner.run(["sleep", "60"])
        thread.join()
    assert set(os.listdir("/proc/self/fd")) == before


def test_code_between_children_does_not_swallow_it():
    cancellation = runner.Cancellation()
    cancellation.cancel()

    def careless() -> None:
        try:
            runner.run(["true"])
        except Exception:
            pytest.fail("Cancelled is no Exception, so that `except Exception` lets it through")

    with pytest.raises(runner.Cancelled), cancellation.active():
        careless()


def test_waiting_for_a_polite_end_is_waiting(tmp_path, monkeypatch):
    marker = tmp_path / "pid"
    cancellation = runner.Cancellation()
    rounds: list[float] = []
    serve = supervisor.Child._serve

    def counted(child: supervisor.Child, timeout: float) -> None:
        if cancellation.cancelled:
            rounds.append(timeout)
        serve(child, timeout)

    monkeypatch.setattr(supervisor.Child, "_serve", counted)
    thread = cancel_when(lambda: written(marker), cancellation)
    with pytest.raises(runner.Cancelled), cancellation.active():
        runner.run(["sh", "-c", STUBBORN.format(marker)], limits=runner.Limits(grace=0.5))
    thread.join()
    assert 0 < len(rounds) < 100  # one in 50 ms; a notice that is never taken makes it thousands
