"""Where the states of jobs are kept: SQLite, nowhere, and a real PostgreSQL server."""

from __future__ import annotations

import glob
import json
import os
import pwd
import shutil
import socket
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from quod import errors, jobs, settings
from quod.agents import run as running
from quod.models import scripted

SMALL: dict[str, Any] = {
    "variables": [{"name": "x", "domain": "integer"}],
    "objective": {"sense": "maximize", "expression": "3*x"},
    "constraints": [{"name": "room", "expression": "2*x <= 7"}],
}
PLAN = f"1. solve({json.dumps(SMALL)})\njoin()"
FINISH = json.dumps({"action": "finish", "candidates": ["1"]})


def interrupted_and_resumed(**overrides: Any) -> jobs.Result:
    """A job whose joiner is down at first."""
    chosen = settings.load(model_url="http://127.0.0.1:9/v1", model="scripted", **overrides)
    job = jobs.Job(kind=jobs.Kind.AUTO, input="Solve it.")
    down = running.Parts(models={"*": scripted.ScriptedModel([PLAN, errors.Unavailable("down")])})
    with pytest.raises(errors.Unavailable):
        running.run_job(job, chosen, parts=down)
    return running.resume(job.id, chosen, parts=running.Parts(models={"*": scripted.ScriptedModel([FINISH])}))


def test_sqlite_keeps_states_and_forgets_those_of_jobs_that_ended(tmp_path: Path) -> None:
    result = interrupted_and_resumed(data_dir=tmp_path)
    assert result.status is jobs.Status.SOLVED
    with sqlite3.connect(tmp_path / "checkpoints.sqlite") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("SELECT COUNT(*) FROM checkpoints").fetchone() == (0,)


def test_without_checkpoints_nothing_is_written(tmp_path: Path) -> None:
    chosen = settings.load(data_dir=tmp_path / "none", checkpoints="none")
    result = running.run_job(jobs.Job(kind=jobs.Kind.OPTIMIZE, formulation=SMALL), chosen)
    assert result.status is jobs.Status.SOLVED
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        ({"checkpoints": "redis://here"}, "QUOD_CHECKPOINTS"),
        ({"data_dir": "/proc/nowhere"}, "QUOD_DATA_DIR"),
    ],
)
def test_what_cannot_be_kept_is_said(overrides: dict[str, Any], says: str) -> None:
    chosen = settings.load(**overrides)
    with pytest.raises(errors.Misconfigured, match=says):
        running.run_job(jobs.Job(kind=jobs.Kind.OPTIMIZE, formulation=SMALL), chosen)


def test_checkpoints_hold_plain_data_only() -> None:
    """Reading a checkpoint must never build an object that somebody else has put there."""
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

    from quod.agents import checkpoints

    permissive = JsonPlusSerializer(allowed_msgpack_modules=True)
    foreign = permissive.dumps_typed(jobs.Usage(model_calls=1))
    assert isinstance(permissive.loads_typed(foreign), jobs.Usage)
    assert not isinstance(checkpoints._plain().loads_typed(foreign), jobs.Usage)


def program(name: str) -> str:
    found = shutil.which(name) or next(iter(sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))), None)
    assert found, f"{name} was not found; scripts/ensure_postgres installs it"
    return found


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """The URL of a private server, which may not run as root."""
    user = "postgres" if os.getuid() == 0 else None
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        if user:
            os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
        options: dict[str, Any] = {"user": user, "cwd": folder, "check": True, "capture_output": True}
        data = f"{folder}/data"
        subprocess.run([program("initdb"), "-D", data, "-U", "quod", "--auth=trust", "--no-sync"], **options)
        server = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        control = [program("pg_ctl"), "-D", data, "-w"]
        # The server inherits what it is given and would keep a pipe open for ever.
        quiet = {**options, "capture_output": False, "stdout": subprocess.DEVNULL}
        subprocess.run([*control, "-l", f"{folder}/log", "-o", server, "start"], **quiet)
        try:
            yield f"postgresql://quod@127.0.0.1:{port}/postgres"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], **options)


def test_postgres_keeps_states(postgres: str, tmp_path: Path) -> None:
    import psycopg

    result = interrupted_and_resumed(checkpoints=postgres, data_dir=tmp_path)
    assert result.status is jobs.Status.SOLVED
    with psycopg.connect(postgres) as connection:
        assert connection.execute("SELECT COUNT(*) FROM checkpoint_migrations").fetchone() != (0,)
        assert connection.execute("SELECT COUNT(*) FROM checkpoints").fetchone() == (0,)
    assert not (tmp_path / "checkpoints.sqlite").exists()


def test_postgres_that_is_down_can_be_tried_again(tmp_path: Path) -> None:
    chosen = settings.load(checkpoints="postgresql://quod@127.0.0.1:9/postgres", data_dir=tmp_path)
    with pytest.raises(errors.Unavailable, match="PostgreSQL"):
        running.run_job(jobs.Job(kind=jobs.Kind.OPTIMIZE, formulation=SMALL), chosen)
