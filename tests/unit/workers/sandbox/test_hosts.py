"""What the process that runs quod may be, and what becomes of it, without harm to the runs."""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from quod.workers import sandbox
from quod.workers.sandbox import workplace


@pytest.fixture(params=["bubblewrap", "landlock", "none"])
def backend(request):
    return request.param


@pytest.fixture(autouse=True)
def no_folder_stays(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield
    assert os.listdir(tmp_path) == []


SUPERVISOR = """
import sys
from quod.workers import sandbox
from quod.workers.sandbox import programs
programs.ENVIRONMENT["MARKER"] = sys.argv[2]
sandbox.run_python("import time; time.sleep(60)", backend=sys.argv[1])
"""


def marked(marker: str) -> list[str]:
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if f"MARKER={marker}".encode() in Path(f"/proc/{pid}/environ").read_bytes():
                found.append(pid)
    return found


def eventually(condition) -> bool:
    end = time.monotonic() + 30
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def test_a_program_dies_with_its_supervisor(backend, tmp_path):
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "TMPDIR": str(tmp_path),
    }
    marker = secrets.token_hex(8)
    parent = subprocess.Popen([sys.executable, "-c", SUPERVISOR, backend, marker], env=environment)
    assert eventually(lambda: marked(marker))
    parent.kill()
    parent.wait()
    assert eventually(lambda: not marked(marker))
    left = [tmp_path / name for name in os.listdir(tmp_path)]  # nobody was there to remove them
    workplace._sweep.cache_clear()
    sandbox.run_python("", backend="none")
    assert all(path.exists() for path in left)  # one without a lock may be one that is just being made
    for path in left:
        os.utime(path, (0, 0))
    with workplace.made() as at_work:
        os.utime(at_work, (0, 0))
        workplace._sweep.cache_clear()
        sandbox.run_python("", backend="none")
        assert at_work.exists()


WITHOUT_STREAMS = """
import os, sys
os.close(0)
os.close(1)
from quod.workers import runner, sandbox
done = sandbox.run_python("import sys; print(sys.stdin.read())", stdin="hello", backend=sys.argv[1])
print(done.stdout, runner.call(abs, -3), file=sys.stderr)
"""


def test_a_host_without_streams(backend):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", WITHOUT_STREAMS, backend]
    done = subprocess.run(command, env=environment, stderr=subprocess.PIPE, text=True, check=False)
    assert done.stderr.split() == ["hello", "3"]


BURIED = """
import ctypes, os, sys
from quod.workers import sandbox
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # gets the orphans of its descendants, as process 1 of a container
leave = "import os\\nfor _ in range(3):\\n    if os.fork() == 0: os._exit(0)\\n"
for source, processes in (("", 2), (leave, 9)):
    sandbox.run_python(source, backend=sys.argv[1], limits=sandbox.Limits(processes=processes))
try:
    print("left", os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG))
except ChildProcessError:
    print("none")
"""


def test_no_ended_process_stays_with_us(backend):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", BURIED, backend]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout == "none\n"


def test_a_relative_folder_for_temporary_files(backend, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", ".")
    assert sandbox.run_python("print(6 * 7)", backend=backend).stdout == "42\n"
