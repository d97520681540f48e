"""Choosing a back end."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from quod import errors
from quod.workers import sandbox
from quod.workers.sandbox import backends, bubblewrap, folders, landlock, unconfined


class Broken(unconfined.Unconfined):
    """Isolates nothing, and says that it does."""

    name = "broken"


@pytest.fixture(autouse=True)
def fresh():
    backends.probed.cache_clear()
    yield
    backends.probed.cache_clear()


@pytest.mark.parametrize("name", ["bubblewrap", "landlock"])
def test_both_work_here(name):
    """A machine without one would test half of the sandbox; scripts/ensure_sandbox says what to install."""
    found = backends.probed(name)
    assert found.problem is None, f"{found.problem}; run scripts/ensure_sandbox"


def test_the_best_is_taken():
    assert sandbox.active().name == "bubblewrap"
    assert sandbox.active("landlock").name == "landlock"
    assert sandbox.active("none").name == "none"


def test_a_missing_program_is_named(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    assert sandbox.active().name == "landlock"
    with pytest.raises(
        errors.Misconfigured, match=r"bwrap was not found; .*apt-get install bubblewrap"
    ) as caught:
        sandbox.active("bubblewrap")
    assert caught.value.setting == "QUOD_SANDBOX"


def test_without_any_nothing_runs(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(landlock, "abi", lambda: 0)
    with pytest.raises(errors.Misconfigured, match="QUOD_SANDBOX=none") as caught:
        sandbox.run_python("print(1)")
    assert "bubblewrap: " in str(caught.value)
    assert "landlock: this kernel has no Landlock" in str(caught.value)
    monkeypatch.setenv("QUOD_SANDBOX", "none")
    assert sandbox.run_python("print(1)").backend == "none"


def test_the_setting_counts_and_the_argument_more(monkeypatch):
    monkeypatch.setenv("QUOD_SANDBOX", "landlock")
    assert sandbox.run_python("print(1)").backend == "landlock"
    assert sandbox.run_python("print(1)", backend="bubblewrap").backend == "bubblewrap"


def test_one_that_does_not_isolate_is_found_out(monkeypatch):
    monkeypatch.setattr(backends, "ISOLATIONS", (Broken(), bubblewrap.Bubblewrap()))
    found = backends.probed("broken")
    assert found.problem == "it does not keep a program from: network, other files, processes"
    assert sandbox.active().name == "bubblewrap"


def test_one_that_does_not_start_is_reported(tmp_path, monkeypatch):
    fake = tmp_path / "bwrap"
    fake.write_text(
        "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2; exit 1\n", encoding="ascii"
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    problem = backends.probed("bubblewrap").problem
    assert problem == "a small program did not run in it: bwrap: No permissions to create new namespace"


def test_unknown_names():
    with pytest.raises(errors.InvalidInput, match="auto, bubblewrap, landlock, none"):
        sandbox.run_python("", backend="docker")


PROGRAM = """
import sys
from quod.workers import sandbox
done = sandbox.run_python("import sys; print(sys.prefix)", backend=sys.argv[1])
print(done.stdout.strip() or done.stderr)
"""


@pytest.mark.parametrize("name", ["bubblewrap", "landlock"])
def test_an_environment_behind_symlinks(name, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    place = tmp_path / "link" / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    (tmp_path / "again").symlink_to(place)
    for python in (place / "bin/python", tmp_path / "again/bin/python"):
        command = [str(python), "-c", PROGRAM, name]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert done.stdout.strip() in {str(place), str(tmp_path / "again")}


def test_not_all_of_a_prefix_is_readable():
    assert all(os.path.basename(path) != os.path.basename(sys.prefix) for path in folders.readable())
    assert sys.prefix not in folders.readable()


NEWEST = landlock.abi()


@pytest.mark.parametrize("version", range(1, 8))
def test_each_version_of_landlock_isolates(version, monkeypatch):
    if version > NEWEST:
        pytest.skip(f"this kernel's Landlock is version {NEWEST}")
    monkeypatch.setattr(landlock, "abi", lambda: version)
    assert backends.probed("landlock").problem is None


def test_what_old_kernels_lack_is_said(monkeypatch):
    now = landlock.Landlock().does_not_cover()
    monkeypatch.setattr(landlock, "abi", lambda: 1)
    assert set(now) < set(landlock.Landlock().does_not_cover())
