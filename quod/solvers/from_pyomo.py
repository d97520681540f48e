"""Pyomo code as a formulation: the code runs in the sandbox, what comes back is a stranger's JSON.

The way back of `pyomo_model` and `script`. The model is taken as it is when the code hands it to a solver, or
as the code leaves it.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import re
from importlib import resources
from typing import Any

from quod import errors
from quod.solvers import formulation, language
from quod.workers import sandbox

PACKAGE = "quod.solvers.in_sandbox"
MODULES = ("expressions", "writer", "harness")
"""Sent in this order, so that each finds what it imports."""
PARTS = ("variables", "objective", "constraints")
"""What is taken from a formulation that comes back; a parameter could name a file to be read."""
LIMITS = sandbox.Limits(seconds=60, cpu_seconds=60, memory_mb=2048, file_mb=64, work_mb=128)
"""Of building a model; Pyomo alone takes a second and 300 MiB of addresses."""
LINE_LIMIT, LINES = 2000, 100
"""Characters of a message of the code, and messages, that are passed on."""
_LONG = re.compile(r"(?<!\d)\d*\.\d{14,}")
"""A decimal that is written so long only because it was rounded there."""
_START = """\
import sys, types
parents = {parents!r}
for name in parents:
    sys.modules[name] = types.ModuleType(name)
for name, source in {modules!r}:
    module = sys.modules[name] = types.ModuleType(name)
    setattr(sys.modules[parents[-1]], name.rpartition(".")[2], module)
    exec(compile(source, name, "exec"), module.__dict__)
module.main({code!r}, {task!r})
"""


@dataclasses.dataclass(frozen=True)
class Extracted:
    """What the code came to: a checked formulation, or `problems` that say why there is none."""

    formulation: formulation.Formulation | None
    problems: list[str]
    run: sandbox.Run
    warnings: list[str] = dataclasses.field(default_factory=list)
    failed: bool = False
    """Whether the code itself failed, so that its author can correct it."""


def extract(code: str, *, limits: sandbox.Limits = LIMITS, backend: str = "auto") -> Extracted:
    """Run `code` in the sandbox and read the model it builds; it is not solved there.

    Raises Misconfigured when there is no sandbox.
    """
    run = sandbox.run_python(_program(code, "export"), limits=limits, backend=backend)
    trouble = _trouble(run)
    if trouble is not None:
        return Extracted(None, [trouble], run, failed=True)
    problems = run.value.get("problems") or []
    if not isinstance(problems, list) or not all(isinstance(line, str) for line in problems):
        return Extracted(None, ["the code left problems that are no texts"], run, failed=True)
    if problems:
        return Extracted(None, [_line(line) for line in problems[:LINES]], run)
    written = run.value.get("formulation")
    try:
        if not isinstance(written, dict):
            raise errors.InvalidInput("the code left no formulation")
        read = formulation.parse({name: written.get(name) for name in PARTS})
        language.check(read)
    except errors.InvalidInput as error:
        return Extracted(None, [_line(str(error))], run)
    return Extracted(read, [], run, warnings=_rounded(read))


def solved(code: str, *, limits: sandbox.Limits = LIMITS, backend: str = "auto") -> dict[str, Any]:
    """What the code finds when it runs as it is: {"objective", "values", "output", "error"}, all unproved."""
    run = sandbox.run_python(_program(code, "solve"), limits=limits, backend=backend)
    value = run.value if isinstance(run.value, dict) else {}
    found: dict[str, Any] = {"objective": None, "values": {}, "output": run.stdout, "error": _trouble(run)}
    objective, values = value.get("objective"), value.get("values") or {}
    if not isinstance(values, dict) or not all(map(_is_number, [objective, *values.values()])):
        return found | {"error": found["error"] or "the code left values that are no finite numbers"}
    return found | {"objective": objective, "values": values}


def _is_number(value: Any) -> bool:
    """Whether a value is a finite number, or null where there is none."""
    if value is None:
        return True
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


def _line(text: str) -> str:
    """A message of the code, cut, and such that it can be written as UTF-8."""
    cut = text if len(text) <= LINE_LIMIT else f"{text[:LINE_LIMIT]}…"
    return cut.encode("utf-8", "replace").decode()


def _trouble(run: sandbox.Run) -> str | None:
    if run.limit is not None:
        return f"the code was ended by the limit on {run.limit}"
    if isinstance(run.value, dict):
        error = run.value.get("error")
        return _line(error) if isinstance(error, str) else None
    last = (run.stderr.strip().splitlines() or ["no message"])[-1]
    return _line(f"the code ended without a model: {last[:500]}")


def _rounded(read: formulation.Formulation) -> list[str]:
    """A warning where arithmetic on floats has left its marks on a coefficient."""
    texts = [("objective", read.objective.expression), *((c.name, c.expression) for c in read.constraints)]
    for name, text in texts:
        found = _LONG.search(text)
        if found is not None:
            shown = found.group() if len(found.group()) <= 40 else f"{found.group()[:40]}…"
            return [f"{name}: {shown} was rounded by the arithmetic of the code; the rest is exact"]
    return []


def _program(code: str, task: str) -> str:
    parts = PACKAGE.split(".")
    parents = [".".join(parts[: k + 1]) for k in range(len(parts))]
    return _START.format(parents=parents, modules=_modules(), code=code, task=task)


@functools.cache
def _modules() -> list[tuple[str, str]]:
    folder = resources.files(PACKAGE)
    return [(f"{PACKAGE}.{name}", (folder / f"{name}.py").read_text(encoding="utf-8")) for name in MODULES]
