"""Writing a formulation for other tools: a Pyomo script, an LP file, an MPS file.

The same formulation gives the same bytes. LP and MPS files are written by HiGHS from the standard form; the
script is readable, holds all data and runs on its own.
"""

from __future__ import annotations

import dataclasses
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import highspy

from quod import errors
from quod.solvers import expand, highs, script, tables
from quod.solvers.formulation import Formulation
from quod.workers import runner


def export(formulation: Formulation, path: str | Path) -> None:
    """Write the model to `path`; its ending (.py, .lp, .mps) says how.

    Raises InvalidInput for another ending, an unwritable path, and a nonlinear model as .lp or .mps.
    """
    target = Path(path)
    writer = WRITERS.get(target.suffix.lower())
    if writer is None:
        known = ", ".join(WRITERS)
        raise errors.InvalidInput(f"{target.name} ends in none of {known}", field="export")
    text = writer(formulation)
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise errors.InvalidInput(f"{target} cannot be written: {error.strerror}", field="export") from None


def _script(formulation: Formulation) -> str:
    return script.text(tables.inline(formulation))


def matrix_file(formulation: Formulation, suffix: str) -> str:
    """The text of an .lp or .mps file. HiGHS prints its name to stdout: call it in a child process.

    Raises InvalidInput for a nonlinear model.
    """
    try:
        form = expand.expand(formulation)
    except expand.Nonlinear as error:
        message = f"a nonlinear model has no {suffix} file, export it as .py ({error})"
        raise errors.InvalidInput(message, field="export") from None
    if (form.lower > form.upper).any():
        raise errors.InvalidInput(f"the bounds of a column cross; {suffix} cannot say that", field="export")
    model = highs.load(dataclasses.replace(form, sense="minimize"))  # so that nothing is negated
    if form.sense == "maximize":
        model.changeObjectiveSense(highspy.ObjSense.kMaximize)
    for column, name in enumerate(_names(form.column_name, form.shape[1])):
        model.passColName(column, name)
    for row, name in enumerate(_names(form.row_name, form.shape[0])):
        model.passRowName(row, name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"model{suffix}"
        model.writeModel(str(path))
        return path.read_text(encoding="utf-8")


def _names(name: Callable[[int], str], count: int) -> list[str]:
    """Names that LP and MPS files can hold: `x[a b,1]` is `x(a_b,1)`; long or repeated ones get a number."""
    result: list[str] = []
    seen: set[str] = set()
    for number in range(count):
        plain = name(number).replace("[", "(").replace("]", ")")
        plain = re.sub(r"[^A-Za-z0-9_(),.#]", "_", plain)
        if len(plain) > 200 or plain in seen:
            plain = f"{plain[:180]}~{number}"
        seen.add(plain)
        result.append(plain)
    return result


def _lp(formulation: Formulation) -> str:
    return runner.call(matrix_file, formulation, ".lp", what="the export")


def _mps(formulation: Formulation) -> str:
    return runner.call(matrix_file, formulation, ".mps", what="the export")


WRITERS: dict[str, Callable[[Formulation], str]] = {".py": _script, ".lp": _lp, ".mps": _mps}
"""By file ending: the text of the model. A new format is one line here."""
