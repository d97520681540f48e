"""Certificates of computations written by hand, and corruptions of them that must not be accepted."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator
from typing import Any

from certificate_tree_attacks import Attack, edited, without

from quod.certificates import COVERS, DOES_NOT_COVER
from quod.workers import sandbox

Document = dict[str, Any]

PROGRAM = """\
import json, sys
numbers = [int(word) for word in sys.stdin.read().split()]
print(sum(numbers))
json.dump({"sum": sum(numbers), "mean": sum(numbers) / len(numbers), "odd": True, "parts": [1, "1"]},
          open("result.json", "w"))
"""
VALUE: Document = {"sum": 6, "mean": 1.5, "odd": True, "parts": [1, "1"]}
LIMITS = dataclasses.asdict(sandbox.Limits(seconds=5, cpu_seconds=5))


def certificate(
    program: str = PROGRAM, stdin: str = "1 2 3 0\n", output: str = "6\n", value: Any = VALUE, **limits: Any
) -> Document:
    """A certificate that says of itself what its kind proves."""
    return {
        "kind": "computation",
        "strength": "tested",
        "claim": {"termination": "computed", "output": output, "value": copy.deepcopy(value)},
        "formulation": None,
        "evidence": {
            "program": program,
            "stdin": stdin,
            "python": "3.11.7",
            "sandbox": "bubblewrap",
            "limits": {**LIMITS, **limits},
        },
        "covers": list(COVERS["computation", "tested"]),
        "does_not_cover": list(DOES_NOT_COVER["computation", "tested"]),
    }


def result(document: Document, **fields: Any) -> Document:
    """A solved result of a compute job with this certificate."""
    return {
        "id": "job_0",
        "kind": "compute",
        "status": "solved",
        "termination": "computed",
        "answer": {"value": copy.deepcopy(document["claim"]["value"])},
        "certificate": document,
    } | fields


PROGRAMS = {
    "prints something else": PROGRAM.replace("print(sum", "print(1 + sum"),
    "prints more": PROGRAM + "print('and more')\n",
    "prints nothing": PROGRAM.replace("print(sum(numbers))", "pass"),
    "no last line break": PROGRAM.replace("print(sum(numbers))", "print(sum(numbers), end='')"),
    "another value": PROGRAM.replace('"sum": sum', '"sum": 1 + sum'),
    "no value": "print(6)\n",
    "value that is no JSON": "print(6)\nopen('result.json', 'w').write('{\"sum\": 6')\n",
    "value that is NaN": "print(6)\nopen('result.json', 'w').write('NaN')\n",
    "value behind a link": PROGRAM.replace("result.json", "other.json")
    + "import os; os.symlink('other.json', 'result.json')\n",
    "exit code": PROGRAM + "sys.exit(1)\n",
    "exception": PROGRAM + "sys.stdout.flush(); raise ValueError('6')\n",
    "killed": PROGRAM + "sys.stdout.flush(); import os; os.kill(os.getpid(), 9)\n",
    "syntax": PROGRAM + "else:\n",
    "reads a file": "print(len(open('/etc/passwd').read()) and 6)\n",
    "network": "import socket; socket.create_connection(('127.0.0.1', 80), 1); print(6)\n",
    "clock": "import time\nprint(6 + time.time_ns())\n",
    "chance": "import secrets\nprint(6, secrets.token_hex(16))\n",
    "addresses": "print(6, object())\n",
    "nul": "print(6)\x00\n",
    "not UTF-8": "print('\ud800')\n",
    "empty": "",
}
"""Programs that do not do what the certificate claims of PROGRAM."""


def on_program(document: Document) -> Iterator[Attack]:
    """Another program, another input."""
    for name, program in PROGRAMS.items():
        yield name, edited(document, "evidence", "program", program)
    for stdin in ("1 2 4 0\n", "", "1 2 x\n"):
        yield f"stdin {stdin!r}", edited(document, "evidence", "stdin", stdin)


def on_claim(document: Document) -> Iterator[Attack]:
    """Another output, another value, also where only the type differs."""
    for output in ("6", "6\n\n", " 6\n", "7\n", "", "6\r\n", "６\n"):
        yield f"output {output!r}", edited(document, "claim", "output", output)
    for value in (None, {}, [], 6, "6", {**VALUE, "more": 1}, list(VALUE)):
        yield f"value {value!r}", edited(document, "claim", "value", value)
    changes: list[tuple[str, Any]] = [
        ("sum", 7), ("sum", "6"), ("sum", 6.0), ("sum", None), ("mean", 1.25), ("mean", 1), ("mean", "1.50"),
        ("mean", "3/2"), ("odd", 1), ("odd", "True"), ("odd", None), ("parts", ["1", 1]), ("parts", [1]),
        ("parts", [1, "1", 1]), ("parts", [True, "1"]), ("parts", {"0": 1, "1": "1"}),
    ]  # fmt: skip
    for name, value in changes:
        yield f"{name} {value!r}", edited(document, "claim", "value", name, value)
    for name in VALUE:
        yield f"no {name}", without(document, "claim", "value", name)


def on_labels(document: Document) -> Iterator[Attack]:
    """Fields removed or of the wrong type, limits that are none, statements about coverage, other kinds."""
    for path in [(part,) for part in document if part != "formulation"]:
        yield f"no {path}", without(document, *path)
    for part in ("claim", "evidence"):
        for field in document[part]:
            yield f"no {part}.{field}", without(document, part, field)
            if (part, field) != ("claim", "value"):
                for junk in (None, 7, [7], {"x": None}, True):
                    yield f"{part}.{field} is {junk}", edited(document, part, field, junk)
    for field in document["evidence"]["limits"]:
        yield f"no limit {field}", without(document, "evidence", "limits", field)
        for junk in (None, 0, -1, "many", float("nan"), True, [1]):
            yield f"limit {field} is {junk}", edited(document, "evidence", "limits", field, junk)
    yield "another limit", edited(document, "evidence", "limits", "network", 1)
    yield "another field", edited(document, "evidence", "url", "x")
    yield "a stronger claim", edited(document, "claim", "optimal", True)
    for k in range(len(document["does_not_cover"])):
        yield f"conceals {k}", without(document, "does_not_cover", k)
    for key, lines in COVERS.items():
        if key != ("computation", "tested"):
            yield f"covers as {key}", edited(document, "covers", list(lines))
            yield f"is {key}", {**copy.deepcopy(document), "kind": key[0], "strength": key[1]}
    yield "no coverage", edited(document, "covers", [])
    yield "a formulation", edited(document, "formulation", {"objective": {}})
    for termination in ("optimal", "infeasible", "combined", ["computed"]):
        yield f"termination {termination}", edited(document, "claim", "termination", termination)


def on_result(document: Document) -> Iterator[Attack]:
    """A solved result whose answer or labels say something else than its certificate."""
    for field in ("status", "kind", "termination", "certificate", "answer"):
        yield f"no {field}", edited(document, field, None)
    for field, values in (
        ("status", ("unsolved", "failed")),
        ("kind", ("optimize", "prove", "code", "auto")),
        ("termination", ("optimal", "combined")),
        ("answer", ({}, {"value": None}, {"value": 6}, {"output": "7\n"}, {"objective": "6"}, [VALUE])),
    ):
        for value in values:
            yield f"{field} {value}", edited(document, field, value)
    yield "one more field", edited(document, "answer", "objective", "6")
    yield "another value", edited(document, "answer", "value", "sum", 7)
    yield "a value too few", without(document, "answer", "value", "odd")
