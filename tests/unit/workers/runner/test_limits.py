from __future__ import annotations

import sys

import pytest

from quod import errors
from quod.workers import runner


def python(source: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", source]


def test_more_processes_than_allowed_are_killed():
    source = "import os, time\nfor _ in range(4): os.fork()\ntime.sleep(60)"
    with pytest.raises(errors.LimitExceeded) as caught:
        runner.run(python(source), limits=runner.Limits(processes=3, seconds=30))
    assert (caught.value.kind, caught.value.limit) == ("processes", 3)
    assert caught.value.value > 3


def test_more_threads_than_allowed_are_killed():
    source = (
        "import threading, time\n"
        "for _ in range(20): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
        "time.sleep(60)"
    )
    with pytest.raises(errors.LimitExceeded) as caught:
        runner.run(python(source), limits=runner.Limits(threads=10, seconds=30))
    assert caught.value.kind == "threads"


def test_as_many_as_allowed_go_on():
    source = "import os\npid = os.fork()\nif pid: os.waitpid(pid, 0)\nprint('done')"
    done = runner.run(python(source), limits=runner.Limits(processes=2, threads=2))
    assert done.stdout.count(b"done") == 2


def test_a_file_grows_to_its_limit_and_no_further(tmp_path):
    source = "f = open('x', 'wb', 0)\nwhile True: f.write(bytes(1 << 16))"
    done = runner.run(python(source), limits=runner.Limits(file_mb=1, seconds=30), cwd=tmp_path)
    assert b"File too large" in done.stderr
    assert (tmp_path / "x").stat().st_size == 1 << 20


def test_open_files():
    source = "import os\nkept = []\nwhile True: kept.append(os.dup(1))"
    done = runner.run(python(source), limits=runner.Limits(open_files=20, seconds=30))
    assert b"Too many open files" in done.stderr


def test_what_watches_ends_the_program_and_sees_its_processes():
    seen: list[runner.Process] = []

    def watch(present):
        seen.extend(present)
        return errors.LimitExceeded("patience", 2, 1) if len(seen) > 1 else None

    with pytest.raises(errors.LimitExceeded, match="patience"):
        runner.run(["sleep", "60"], watch=watch, limits=runner.Limits(seconds=30))
    assert {process.threads for process in seen} == {1}
    assert all(process.resident > 0 for process in seen)


def test_a_limit_can_be_data():
    source = "import time\nprint('so far', flush=True)\ntime.sleep(60)"
    done = runner.run(python(source), limits=runner.Limits(seconds=1, grace=0), raise_limits=False)
    assert done.exceeded is not None
    assert (done.exceeded.kind, done.stdout, done.returncode) == ("seconds", b"so far\n", -9)


def test_a_process_whose_first_thread_has_ended_counts():
    source = (
        "import ctypes, os, threading, time\n"
        "for _ in range(20): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
        "ctypes.CDLL(None).syscall(60 if os.uname().machine == 'x86_64' else 93, 0)"
    )
    seen: list[runner.Process] = []

    def watch(present):
        seen.extend(process for process in present if process.threads == 21)
        return errors.LimitExceeded("patience", 2, 1) if len(seen) > 10 else None

    with pytest.raises(errors.LimitExceeded, match="patience"):
        runner.run(python(source), watch=watch, limits=runner.Limits(seconds=30))
    assert (seen[-1].ended, seen[-1].threads) == (False, 21)
    assert seen[-1].resident > 1 << 20


def test_ended_children_count_until_somebody_waits_for_them():
    source = "import os, time\nfor _ in range(4):\n    if os.fork() == 0: os._exit(0)\ntime.sleep(60)"
    with pytest.raises(errors.LimitExceeded) as caught:
        runner.run(python(source), limits=runner.Limits(processes=3, seconds=30))
    assert caught.value.kind == "processes"
