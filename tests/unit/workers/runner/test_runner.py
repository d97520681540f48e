from __future__ import annotations

import contextlib
import importlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from quod import errors
from quod.workers import runner

HERE = str(Path(__file__).parent)
sys.path.append(HERE)
workers = importlib.import_module("workers")


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_until(condition, seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return bool(condition())


def test_value_comes_back():
    assert runner.call(workers.add, 2, 3) == 5


def test_printing_and_large_values_do_not_corrupt_the_answer(capfd):
    assert runner.call(workers.noisy, 3_000_000) == 3_000_000
    assert runner.call(workers.big, 20_000_000) == b"q" * 20_000_000
    assert capfd.readouterr() == ("", "")


def test_large_arguments_go_down():
    assert runner.call(len, b"a" * 10_000_000) == 10_000_000


def test_reports_arrive_in_order_before_the_value():
    seen: list[dict[str, int]] = []
    assert runner.call(workers.reports, 50, on_report=seen.append) == "done"
    assert seen == [{"step": number} for number in range(50)]
    assert runner.report("outside a child") is None


def test_a_report_handler_that_raises_stops_the_child():
    def refuse(message: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runner.call(workers.reports, 10_000_000, on_report=refuse)


def test_hanging_child_is_stopped_at_the_deadline():
    started = time.monotonic()
    with pytest.raises(errors.LimitExceeded) as caught:
        runner.call(workers.hang, limits=runner.Limits(seconds=0.5))
    assert (caught.value.kind, caught.value.limit) == ("seconds", 0.5)
    assert time.monotonic() - started < 5


def test_child_that_ignores_sigterm_is_killed():
    started = time.monotonic()
    with pytest.raises(errors.LimitExceeded, match="seconds"):
        runner.call(workers.hang_stubbornly, limits=runner.Limits(seconds=0.7, grace=0.3))
    assert time.monotonic() - started < 5


def test_cpu_limit():
    with pytest.raises(errors.LimitExceeded) as caught:
        runner.call(workers.burn, limits=runner.Limits(cpu_seconds=1, seconds=30))
    assert caught.value.kind == "cpu_seconds"


def test_memory_limit():
    with pytest.raises(errors.LimitExceeded) as caught:
        runner.call(workers.hog, limits=runner.Limits(memory_mb=1024))
    assert (caught.value.kind, caught.value.limit) == ("memory_mb", 1024)


def test_crash_names_the_signal_and_the_last_lines():
    message = r"the solver process crashed with signal 6 \(SIGABRT\)"
    with pytest.raises(errors.ToolFailed, match=message) as caught:
        runner.call(workers.abort, what="the solver process")
    assert "assertion failed: basis" in str(caught.value)


def test_kill_from_outside_is_named():
    message = r"the solver process was killed by signal 9 \(SIGKILL\) from outside"
    with pytest.raises(errors.ToolFailed, match=message):
        runner.call(workers.die, signal.SIGKILL, what="the solver process")


def test_exit_without_an_answer():
    with pytest.raises(errors.ToolFailed, match="exit code 7"):
        runner.call(workers.leave, 7)


def test_errors_of_quod_come_back_whole_and_others_become_tool_failures():
    with pytest.raises(errors.LimitExceeded) as limit:
        runner.call(workers.fail, "LimitExceeded")
    assert (limit.value.kind, limit.value.value, limit.value.limit) == ("nonzeros", 7, 5)
    with pytest.raises(errors.InvalidInput, match="no such row") as invalid:
        runner.call(workers.fail, "InvalidInput")
    assert invalid.value.field == "constraints.0"
    with pytest.raises(errors.ToolFailed, match="ValueError: a plain mistake"):
        runner.call(workers.fail, "ValueError")
    with pytest.raises(errors.ToolFailed, match=r"pickle|lambda"):
        runner.call(workers.unpicklable)


def test_functions_that_cannot_be_imported_are_refused():
    with pytest.raises(errors.InvalidInput, match="importable"):
        runner.call(lambda: 1)


def test_grandchildren_are_gone_when_the_call_returns():
    pid = runner.call(workers.leave_a_grandchild, "")
    assert wait_until(lambda: not alive(pid))


def test_child_dies_with_its_parent(tmp_path):
    marker = tmp_path / "pid"
    program = f"import sys; sys.path.append({HERE!r}); import workers; workers.call_and_hang({str(marker)!r})"
    env = dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, sys.path)))
    parent = subprocess.Popen([sys.executable, "-c", program], env=env)
    assert wait_until(lambda: marker.exists() and marker.read_text(encoding="ascii"))
    child = int(marker.read_text(encoding="ascii"))
    assert alive(child)
    parent.kill()
    parent.wait()
    assert wait_until(lambda: not alive(child))


def test_interrupt_kills_the_child(tmp_path):
    marker = tmp_path / "pid"

    def interrupt() -> None:
        wait_until(lambda: marker.exists() and marker.read_text(encoding="ascii"))
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        runner.call(workers.hang, str(marker))
    thread.join()
    assert not alive(int(marker.read_text(encoding="ascii")))


def test_calls_from_several_threads():
    results: list[int] = []

    def add() -> None:
        results.append(runner.call(workers.add, 1, 1))

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [2, 2, 2, 2]


def test_nothing_stays_open():
    before = set(os.listdir("/proc/self/fd"))
    runner.call(workers.add, 1, 1)
    with pytest.raises(errors.ToolFailed):
        runner.call(workers.abort)
    runner.run(["true"])
    assert set(os.listdir("/proc/self/fd")) == before


class TestPrograms:
    def test_streams_and_exit_code(self):
        done = runner.run(["sh", "-c", "cat; echo trouble >&2; exit 3"], input=b"hello")
        assert (done.returncode, done.stdout, done.stderr) == (3, b"hello", b"trouble\n")
        assert not done.truncated

    def test_endless_output_is_capped_to_its_end(self):
        script = "head -c 5000000 /dev/zero | tr '\\0' a; echo end"
        done = runner.run(["sh", "-c", script], limits=runner.Limits(output_bytes=1000))
        assert done.truncated
        assert len(done.stdout) == 1000
        assert done.stdout.endswith(b"aaa" + b"end\n")

    def test_deadline_kills_the_whole_group(self, tmp_path):
        marker = tmp_path / "pid"
        script = f"sleep 60 & echo $! > {marker}; wait"
        with pytest.raises(errors.LimitExceeded, match="seconds"):
            runner.run(["sh", "-c", script], limits=runner.Limits(seconds=0.5))
        assert wait_until(lambda: not alive(int(marker.read_text(encoding="ascii"))))

    def test_a_program_that_does_not_read_its_input(self):
        assert runner.run(["true"], input=b"x" * 1_000_000).returncode == 0

    def test_memory_limit(self):
        program = [sys.executable, "-c", "bytearray(1 << 34)"]
        with pytest.raises(errors.LimitExceeded, match="500 MiB of memory"):
            runner.run(program, limits=runner.Limits(memory_mb=500))

    def test_missing_program(self):
        with pytest.raises(errors.Misconfigured, match="'no-such-program' was not found"):
            runner.run(["no-such-program"])


def test_memory_is_that_of_the_program_and_not_of_this_process():
    held = bytearray(300 << 20)
    held[::4096] = b"x" * len(held[::4096])
    small = runner.run([sys.executable, "-I", "-S", "-c", "import time; time.sleep(0.3)"])
    assert 0 < small.memory_mb < 150
    program = "held = bytearray(600 << 20); held[::4096] = b'x' * len(held[::4096])"
    assert runner.run([sys.executable, "-I", "-S", "-c", program]).memory_mb > 600


IGNORING = """
import signal
from quod import errors
from quod.workers import runner
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for start in (lambda: runner.run(["true"]), lambda: runner.call(abs, -1)):
    try:
        start()
    except errors.Misconfigured as error:
        print("SIG_DFL" in str(error))
signal.signal(signal.SIGCHLD, signal.SIG_DFL)
print(runner.call(abs, -1))
"""


def test_ignored_children_are_named():
    env = dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, sys.path)))
    done = subprocess.run(
        [sys.executable, "-c", IGNORING], env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "True", "1"]


def test_children_that_others_wait_for_are_named():
    def reap(*_: object) -> None:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass

    before = signal.signal(signal.SIGCHLD, reap)
    try:
        with pytest.raises(errors.Misconfigured, match="SIGCHLD"):
            runner.run(["sleep", "0.2"])
    finally:
        signal.signal(signal.SIGCHLD, before)
