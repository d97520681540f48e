"""What a well-behaved program can do, the same in every back end."""

from __future__ import annotations

import json
import os
import tempfile
import threading
import time

import pytest

from quod import errors
from quod.workers import runner, sandbox

BACKENDS = ("bubblewrap", "landlock", "none")

KNAPSACK = """
import json, sys
import pyomo.environ as pyo

value, weight = [60, 100, 120, 30], [10, 20, 30, 5]
model = pyo.ConcreteModel()
model.take = pyo.Var(range(4), domain=pyo.Binary)
model.room = pyo.Constraint(expr=sum(weight[i] * model.take[i] for i in range(4)) <= 50)
model.worth = pyo.Objective(expr=sum(value[i] * model.take[i] for i in range(4)), sense=pyo.maximize)
pyo.SolverFactory(sys.stdin.read()).solve(model)
json.dump(pyo.value(model.worth), open("result.json", "w"))
"""


@pytest.fixture(params=BACKENDS)
def backend(request):
    return request.param


@pytest.fixture(autouse=True)
def no_folder_stays(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield
    assert os.listdir(tmp_path) == []


def test_streams_value_and_exit(backend):
    source = (
        "import json, sys\n"
        "given = sys.stdin.read()\n"
        "print(given.upper())\n"
        "print('trouble', file=sys.stderr)\n"
        "json.dump({'half': 0.5, 'list': [1, None, 'ü']}, open('result.json', 'w'))\n"
    )
    done = sandbox.run_python(source, stdin="größe", backend=backend)
    assert (done.ok, done.returncode, done.limit, done.truncated) == (True, 0, None, False)
    assert (done.stdout, done.stderr) == ("GRÖSSE\n", "trouble\n")
    assert done.value == {"half": 0.5, "list": [1, None, "ü"]}
    assert done.backend == backend
    assert done.does_not_cover == sandbox.active(backend).does_not_cover != ()
    assert done.seconds > 0
    assert done.memory_mb > 0


def test_a_traceback_names_the_program_alike_everywhere(backend):
    done = sandbox.run_python("def f():\n    return 1 / 0\nf()", backend=backend)
    assert (done.ok, done.returncode, done.value) == (False, 1, None)
    assert 'File "program.py", line 2, in f\n    return 1 / 0\n' in done.stderr


@pytest.mark.parametrize(("source", "code"), [("import sys; sys.exit(3)", 3), ("import os; os.abort()", -6)])
def test_exit_status(source, code, backend):
    done = sandbox.run_python(source, backend=backend)
    assert (done.ok, done.returncode, done.limit) == (False, code, None)


@pytest.mark.parametrize("solver", ["appsi_highs", "highs"])
def test_pyomo_and_highs(solver, backend):
    limits = sandbox.Limits(seconds=60, cpu_seconds=60)
    done = sandbox.run_python(KNAPSACK, stdin=solver, backend=backend, limits=limits)
    assert (done.ok, done.value) == (True, 220), done.stderr


def test_libraries_that_programs_use(backend):
    source = (
        "import asyncio, csv, decimal, fractions, pickle, shutil, sqlite3, tempfile, zoneinfo\n"
        "from concurrent import futures\n"
        "import numpy as np\n"
        "async def double(x): return 2 * x\n"
        "async def main(): return sum(await asyncio.gather(*map(double, range(5))))\n"
        "assert asyncio.run(main()) == 20\n"
        "with futures.ThreadPoolExecutor(4) as pool: assert sum(pool.map(abs, range(-9, 1))) == 45\n"
        "assert np.linalg.solve(np.eye(50) * 2, np.ones(50)).sum() == 25\n"
        "with tempfile.TemporaryDirectory() as folder:\n"
        "    shutil.copyfile(__file__, folder + '/copy'); shutil.move(folder + '/copy', 'moved')\n"
        "base = sqlite3.connect('data.sqlite'); base.execute('create table t (x)'); base.commit()\n"
        "zoneinfo.ZoneInfo('UTC')\n"
        "print('fine')\n"
    )
    done = sandbox.run_python(source, backend=backend)
    assert done.stdout == "fine\n", done.stderr


def test_the_same_everywhere(backend):
    source = (
        "import os, sys, time\n"
        "print(hash('quod'), list({'b', 'a', 'c'}), sorted(os.environ), time.tzname)\n"
        "print(os.listdir('.') in ([], ['result.json']), sys.argv[1:], sys.flags.safe_path)\n"
    )
    done = sandbox.run_python(source, backend=backend)
    assert (done.stdout, done.stderr) == (sandbox.run_python(source, backend="none").stdout, "")


def test_nothing_of_our_environment(backend, monkeypatch):
    monkeypatch.setenv("QUOD_API_KEY", "a key")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    done = sandbox.run_python("import os, sys; print(dict(os.environ), sys.path)", backend=backend)
    assert "QUOD" not in done.stdout
    assert "nowhere" not in done.stdout


@pytest.mark.parametrize("isolated", ["bubblewrap", "landlock"])
def test_several_processes_where_they_are_allowed(isolated):
    source = (
        "import signal, subprocess, sys\n"
        "done = subprocess.run([sys.executable, '-c', 'print(6 * 7)'], capture_output=True)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "child.kill()\n"
        "print(done.stdout, child.wait())\n"
    )
    done = sandbox.run_python(source, backend=isolated, limits=sandbox.Limits(processes=3))
    assert done.stdout == "b'42\\n' -9\n", done.stderr


def test_output_beyond_the_limit_is_the_end_of_it(backend):
    source = "for n in range(100_000): print(n)"
    done = sandbox.run_python(source, backend=backend, limits=sandbox.Limits(output_bytes=100))
    assert done.ok
    assert done.truncated
    assert len(done.stdout) == 100
    assert done.stdout.endswith("99998\n99999\n")


def test_a_limit_is_data_and_what_was_printed_is_kept(backend):
    write = "import json, time\njson.dump(1, open('result.json', 'w'))\n"
    source = f"{write}print('so far', flush=True)\ntime.sleep(60)"
    done = sandbox.run_python(source, backend=backend, limits=sandbox.Limits(seconds=2))
    assert (done.ok, done.limit, done.stdout, done.value) == (False, "seconds", "so far\n", 1)


def test_cancelling(backend, tmp_path):
    cancellation = runner.Cancellation()

    def cancel() -> None:
        end = time.monotonic() + 20
        while not os.listdir(tmp_path) and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(0.2)
        cancellation.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    with pytest.raises(runner.Cancelled), cancellation.active():
        sandbox.run_python("import time; time.sleep(60)", backend=backend)
    thread.join()


@pytest.mark.parametrize(
    "given",
    [{"seconds": 0}, {"seconds": float("nan")}, {"seconds": float("inf")}, {"cpu_seconds": 0}]
    + [{name: 0} for name in ("memory_mb", "processes", "file_mb", "work_mb")]
    + [{"output_bytes": -1}, {"memory_mb": 0.5}],
)
def test_no_limit_can_be_switched_off(given):
    (field,) = given
    with pytest.raises(errors.InvalidInput, match=field) as caught:
        sandbox.Limits(**given)
    assert caught.value.field == field


def test_an_exit_code_is_not_taken_for_the_end_by_a_limit(backend):
    assert sandbox.run_python("import sys; sys.exit(152)", backend=backend).limit is None
    source = "import os, signal; os.kill(os.getpid(), signal.SIGXCPU)"
    assert sandbox.run_python(source, backend=backend).limit is None


@pytest.mark.parametrize("isolated", ["bubblewrap", "landlock"])
def test_libraries_for_several_processes(isolated):
    source = (
        "import asyncio, multiprocessing, sys\n"
        "def square(end, x): end.send(x * x)\n"
        "ours, theirs = multiprocessing.Pipe()\n"
        "child = multiprocessing.get_context('fork').Process(target=square, args=(theirs, 7))\n"
        "child.start(); print(ours.recv()); child.join()\n"
        "async def main():\n"
        "    started = await asyncio.create_subprocess_exec(\n"
        "        sys.executable, '-c', 'print(input())', stdin=-1, stdout=-1)\n"
        "    return (await started.communicate(b'hello'))[0]\n"
        "print(asyncio.run(main()))\n"
    )
    done = sandbox.run_python(source, backend=isolated, limits=sandbox.Limits(processes=4))
    assert done.stdout == "49\nb'hello\\n'\n", done.stderr


def test_text_that_is_none():
    with pytest.raises(errors.InvalidInput, match="source"):
        sandbox.run_python("print('\ud800')", backend="none")
    with pytest.raises(errors.InvalidInput, match="stdin"):
        sandbox.run_python("", stdin="\ud800", backend="none")
    done = sandbox.run_python("import sys; sys.stdout.buffer.write(b'\\xff')", backend="none")
    assert done.stdout == "\ufffd"


def test_no_descriptor_stays_open(backend):
    sandbox.run_python("", backend=backend)
    before = set(os.listdir("/proc/self/fd"))
    sandbox.run_python("", backend=backend)
    assert set(os.listdir("/proc/self/fd")) == before


def test_json_of_a_run_for_results():
    done = sandbox.run_python("print(1)", backend="none")
    fields = {name: getattr(done, name) for name in ("ok", "value", "limit", "backend", "does_not_cover")}
    assert json.loads(json.dumps(fields))["backend"] == "none"
