"""A tool in a package of its own is found, planned with and run, without touching quod."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

from quod import testing

PLUGIN = Path(__file__).parents[1] / "fixtures" / "plugin"

RUN_PLAN = """
import asyncio, json
from quod.agents import plan_text, registry, scheduler

tools = registry.Registry.discover()

async def call(task, arguments):
    return await tools.call(None, task.tool, arguments)

plan = '1. convert(2, "mile", target="km")\\n2. convert($1.value, $1.unit)\\n3. convert(1, "ell")\\njoin()'
execution = asyncio.run(scheduler.run(plan_text.parse(plan, tools.positional()), call, policies=tools.policy))
print(json.dumps({
    "described": tools["convert"].describe() in tools.describe(),
    "policy": tools.policy("convert").timeout,
    "outcomes": {key: each.model_dump() for key, each in execution.outcomes.items()},
}))
"""


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the package was installed into, from a wheel and without any network."""
    folder = tmp_path_factory.mktemp("plugin")
    return install(build(PLUGIN, folder), folder / "site")


def build(source: Path, folder: Path, entry_point: str | None = None) -> Path:
    """A wheel of a package of pure Python; by hand, since the build back end need not be installed here."""
    project = tomllib.loads((source / "pyproject.toml").read_text("utf-8"))["project"]
    name, version = project["name"].replace("-", "_"), project["version"]
    points = project["entry-points"]["quod.tools"]
    text = "".join(f"{key} = {entry_point or value}\n" for key, value in points.items())
    info = f"{name}-{version}.dist-info"
    files = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[quod.tools]\n{text}",
    }
    for path in sorted((source / "src").rglob("*.py")):
        files[str(path.relative_to(source / "src"))] = path.read_text("utf-8")
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return wheel


def install(wheel: Path, site: Path) -> Path:
    """pip installs the wheel into a folder of its own."""
    command = [sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", "--no-compile", "--quiet"]
    command += ["--disable-pip-version-check", "--target", str(site), str(wheel)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return site


def python(code: str, *sites: Path) -> subprocess.CompletedProcess[str]:
    """Another Python that sees the installed folders."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, sites))}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)


def run(code: str, *sites: Path) -> Any:
    done = python(code, *sites)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


NAMES = "import json; from quod.agents import registry; print(json.dumps(list(registry.Registry.discover())))"


def test_it_is_found_only_where_it_is_installed(installed: Path) -> None:
    own = run(NAMES)
    assert "convert" not in own
    assert run(NAMES, installed) == [*own, "convert"]


def test_a_plan_that_names_it_runs(installed: Path) -> None:
    found = run(RUN_PLAN, installed)
    assert found["described"] is True
    assert found["policy"] == 5
    outcomes = found["outcomes"]
    assert outcomes["1"]["value"] == {"value": pytest.approx(3.218688), "unit": "km"}
    assert outcomes["2"]["value"] == {"value": pytest.approx(3218.688), "unit": "m"}
    assert outcomes["3"]["outcome"] == "error"
    assert outcomes["3"]["error"] == "unit: unknown unit 'ell'; known are m, km, mile"


@pytest.mark.parametrize(
    ("entry_point", "message"),
    [
        ("quod_units:missing", "cannot be loaded (AttributeError"),
        ("no_such_module:convert", "cannot be loaded (ModuleNotFoundError"),
        ("quod_units:METRES", "a str is no tool"),
    ],
)
def test_a_broken_package_is_named(tmp_path: Path, entry_point: str, message: str) -> None:
    site = install(build(PLUGIN, tmp_path, entry_point), tmp_path / "site")
    done = python(NAMES, site)
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert "Misconfigured" in last
    assert "the package quod-units, entry point units" in last
    assert message in last


def test_a_name_that_quod_has_is_refused(tmp_path: Path) -> None:
    own = run(NAMES)[0]
    source = tmp_path / "source"
    (source / "src" / "other").mkdir(parents=True)
    (source / "pyproject.toml").write_text(
        '[project]\nname = "other"\nversion = "1"\n[project.entry-points."quod.tools"]\nx = "other:tools"\n'
    )
    (source / "src" / "other" / "__init__.py").write_text(
        "from quod.agents import registry\n\n"
        f"@registry.tool(name={own!r})\nasync def again() -> None:\n    'Again.'\n\ntools = [again]\n"
    )
    site = install(build(source, tmp_path), tmp_path / "site")
    last = python(NAMES, site).stderr.strip().splitlines()[-1]
    assert f"tool {own!r} of the package other: quod has a tool of this name" in last


def test_a_job_is_planned_with_it(installed: Path) -> None:
    """`quod ask`: the planner is told of the tool, its plan calls it, its output is in the trace."""
    model = {
        "variables": [{"name": "trips", "domain": "integer"}],
        "objective": {"sense": "maximize", "expression": "trips"},
        "constraints": [{"name": "range", "expression": "3*trips <= 10"}],
    }
    plan = f'1. convert(2, "mile", target="km")\n2. solve({json.dumps(model)})  after $1\njoin()'
    finish = json.dumps({"action": "finish", "candidates": ["2"]})
    with testing.ScriptedServer([plan, finish]) as server:
        environment = {
            **os.environ,
            "PYTHONPATH": str(installed),
            "QUOD_MODEL_URL": server.url,
            "QUOD_MODEL": "scripted",
        }
        command = [sys.executable, "-m", "quod", "ask", "How many trips of 2 miles?", "--json"]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=120, check=False, env=environment
        )
        told, joined = (request.messages for request in server.requests)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["answer"]["objective"] == "3"
    assert [task["tool"] for task in result["trace"]] == ["convert", "solve", "check"]
    assert "Convert a length between m, km and mile." in told[0]["content"]
    assert "3.218688" in joined[1]["content"]
