"""Runs Pyomo code that a model wrote; writes the ConcreteModel that it builds, or what it solved, as JSON."""

from __future__ import annotations

import json
import math
import sys
import traceback
from typing import Any, ClassVar

import pyomo.environ as pyo

from quod.solvers.in_sandbox import writer

RESULT_LIMIT = 4_000_000
"""Characters of `result.json`; the sandbox does not hand back larger ones."""


class Handed(BaseException):
    """The code has handed its model to a solver, and is stopped there."""


class Solver:
    """Stands for every solver: writes the model and stops the code; whatever else is asked does nothing."""

    written: ClassVar[list[dict[str, Any]]] = []
    """The first model, as it was then: code that catches the stop may change it later."""

    def __init__(self, model: Any = None) -> None:
        self.__dict__["model"] = model

    def __getattr__(self, name: str) -> Any:
        return Solver()

    def __setattr__(self, name: str, value: Any) -> None:
        return None

    def __getitem__(self, name: Any) -> Any:
        return Solver()

    def __setitem__(self, name: Any, value: Any) -> None:
        return None

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Whatever a method of a solver gives."""
        return Solver()

    def set_instance(self, model: Any, **options: Any) -> None:
        """Remember the model."""
        self.__dict__["model"] = model

    def solve(self, model: Any = None, *arguments: Any, **options: Any) -> None:
        """Write the model as it would have been solved, and stop the code."""
        if not Solver.written:
            Solver.written.append(document(self.__dict__["model"] if model is None else model))
        raise Handed


def execute(code: str) -> tuple[dict[str, Any], str | None]:
    """The names that the code leaves, and how it failed."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    try:
        exec(compile(code, "<code>", "exec"), namespace)
    except (Handed, SystemExit):
        return namespace, None
    except SyntaxError as error:
        return namespace, f"line {error.lineno}: {error.msg}"
    except Exception as error:
        lines = [
            frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == "<code>"
        ]
        return namespace, f"line {lines[-1] if lines else '?'}: {type(error).__name__}: {error}"[:2000]
    return namespace, None


def found(namespace: dict[str, Any]) -> tuple[Any, str | None]:
    """The model: `model`, else the only one there is."""
    models = {id(v): (n, v) for n, v in namespace.items() if isinstance(v, pyo.ConcreteModel)}
    if isinstance(namespace.get("model"), pyo.ConcreteModel):
        return namespace["model"], None
    if len(models) == 1:
        return next(iter(models.values()))[1], None
    if models:
        return (
            None,
            f"there are several models ({', '.join(n for n, _ in models.values())}); call one `model`",
        )
    return None, "the code leaves no ConcreteModel; assign it to the name `model`"


def export(code: str) -> dict[str, Any]:
    """The model that the code builds, up to where it would be solved."""
    replace_solvers()
    namespace, error = execute(code)
    if Solver.written:
        return Solver.written[0]
    if error is not None:
        return {"error": f"the code failed at {error}"}
    model, error = found(namespace)
    return {"error": error} if error is not None else document(model)


def document(model: Any) -> dict[str, Any]:
    """The formulation and what it lacks, or an error."""
    if not isinstance(model, pyo.ConcreteModel):
        return {"error": f"a {type(model).__name__} was handed to the solver; build a ConcreteModel"}
    try:
        written = writer.Writer(model)
        return {"formulation": written.document(), "problems": written.problems}
    except Exception as error:
        return {"error": f"the model cannot be read: {type(error).__name__}: {error}"[:2000]}


def solve(code: str) -> dict[str, Any]:
    """What the code finds when it runs as it is: values and objective of its model."""
    namespace, error = execute(code)
    model, missing = found(namespace)
    if error is not None or missing is not None:
        return {"error": error or missing}
    values = {}
    for variable in model.component_data_objects(pyo.Var, descend_into=True):
        values[variable.name] = finite(variable.value)
    objective = None
    for goal in model.component_data_objects(pyo.Objective, active=True, descend_into=True):
        objective = finite(pyo.value(goal, exception=False))
    return {"objective": objective, "values": values}


def finite(value: Any) -> float | None:
    """A number that JSON can say."""
    return float(value) if value is not None and math.isfinite(value) else None


def replace_solvers() -> None:
    """Every solver factory hands out `Solver`."""
    factories = [type(pyo.SolverFactory)]
    for module in ("pyomo.contrib.solver.common.factory", "pyomo.contrib.solver.factory"):
        if module in sys.modules:
            factories.append(type(sys.modules[module].SolverFactory))
    for factory in factories:
        factory.__call__ = lambda self, *arguments, **options: Solver()


def main(code: str, task: str) -> None:
    """Run the code and write `result.json`."""
    sys.setrecursionlimit(20_000)
    result = export(code) if task == "export" else solve(code)
    written = json.dumps(result)
    if len(written) > RESULT_LIMIT:
        written = json.dumps(
            {"error": f"the model has {len(written)} characters; at most {RESULT_LIMIT} are read"}
        )
    with open("result.json", "w", encoding="utf-8") as file:
        file.write(written)
