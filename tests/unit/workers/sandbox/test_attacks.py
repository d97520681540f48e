"""Every attack, in every back end; and without one, to show that the tests can fail."""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path

import pytest

from quod.workers import sandbox
from quod.workers.sandbox import programs

sys.path.append(str(Path(__file__).parent))
World = importlib.import_module("world").World
TABLES = {
    name: importlib.import_module(f"attacks.{name}")
    for name in ("network", "files", "processes", "kernel", "limits", "evasions")
}
ATTACKS = {
    f"{name}-{attack.name}": attack
    for name, module in TABLES.items()
    for table in vars(module).values()
    if isinstance(table, list)
    for attack in table
}
LOOSE = [
    name
    for name, attack in ATTACKS.items()
    if attack.loose == "yes" or (attack.loose == "root" and os.geteuid() == 0)
]
ISOLATED = ("bubblewrap", "landlock")
PATIENCE = 10  # seconds beyond a deadline, on a busy machine


@pytest.fixture(scope="module")
def kept():
    """The worlds of this file: one is used again as long as no program has harmed it."""
    worlds: list[World] = []
    yield worlds
    for world in worlds:
        world.close()


@pytest.fixture
def world(kept, tmp_path, monkeypatch):
    if kept and kept[-1].harmed:
        kept.pop().close()
    if not kept:
        kept.append(World(tmp_path))
    monkeypatch.setitem(programs.ENVIRONMENT, "MARKER", kept[-1].marker)
    yield kept[-1]
    assert kept[-1].harmed or kept[-1].leftovers() == []


def run(attack, world, backend: str, **changes: float) -> sandbox.Run:
    given = {"seconds": 5, "cpu_seconds": 5, "memory_mb": 512, "work_mb": 32} | changes | attack.limits
    limits = sandbox.Limits(**given)
    return sandbox.run_python(
        attack.program, stdin=json.dumps(world.knowledge()), limits=limits, backend=backend
    )


@pytest.mark.parametrize("backend", ISOLATED)
@pytest.mark.parametrize("name", ATTACKS)
def test_no_attack_succeeds(name, backend, world):
    attack = ATTACKS[name]
    done = run(attack, world, backend, seconds=1.5 if attack.ends_by else 5)
    assert world.harm(done) == [], done
    assert "SyntaxError" not in done.stderr
    if attack.ends_by:
        assert done.limit in attack.ends_by, done
        assert not done.ok
    if attack.signal is not None:
        assert done.returncode == -attack.signal, done
    assert done.seconds < {"seconds": 1.5, **attack.limits}["seconds"] + PATIENCE


@pytest.mark.parametrize("name", LOOSE)
def test_each_attack_works_without_a_sandbox(name, world):
    done = run(ATTACKS[name], world, "none", processes=20)
    assert world.harm(done), done
