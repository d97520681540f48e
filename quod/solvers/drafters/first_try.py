"""The steps of a reply: its objective and each of its rows, with the sentences that they were read from.

They are the queries by which solved steps are found (BoostStep, arXiv 2501.03226, section 3). A reply of any
shape is taken, because a reply with something wrong is the best reason to look for an example.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from quod.solvers import formulation, sentences

LIMIT = 200
"""Steps of one reply that are looked at."""


class FirstTry(NamedTuple):
    """One step as the model first wrote it; `query` is `sentences -> step`."""

    name: str
    query: str


def split(document: Mapping[str, Any], text: str) -> list[FirstTry]:
    """The steps of a formulation document whose evidence are places in `text`; odd parts are left out."""
    objective = document.get("objective")
    constraints = document.get("constraints")
    found = []
    if isinstance(objective, Mapping):
        sense, expression = objective.get("sense"), objective.get("expression")
        if isinstance(sense, str) and isinstance(expression, str):
            found.append(_step("objective", f"{sense} {expression}", objective, text))
    for row in constraints[:LIMIT] if isinstance(constraints, list) else []:
        if isinstance(row, Mapping) and isinstance(row.get("expression"), str):
            found.append(_step(str(row.get("name")), row["expression"], row, text))
    return found


def by_need(steps: Sequence[FirstTry], complaints: Sequence[str]) -> list[FirstTry]:
    """Those that a complaint names first, otherwise in their own order."""
    named = {word for complaint in complaints for word in re.findall(r"\w+", complaint)}
    return sorted(steps, key=lambda step: step.name not in named)


def _step(name: str, step: str, part: Mapping[str, Any], text: str) -> FirstTry:
    try:
        evidence = [formulation.Evidence.model_validate(item) for item in part.get("evidence") or []]
    except (TypeError, ValueError):
        evidence = []
    words = " ".join(sentences.around(text, evidence))
    return FirstTry(name, f"{words} -> {' '.join(step.split())}")
