"""Weights of the features that rank candidate models, and of those that rank readings of one bound."""

from __future__ import annotations

import json
from pathlib import Path

OPTIONS = Path(__file__).with_name("options.json")
WEIGHTS: dict[str, float] = {
    "roles": 1.5,
    "attach": 1.0,
    "affinity": 1.0,
    "limits": 1.0,
    "limits:worst": 0.0,
    "objective": 1.0,
    "rows:missing": -2.0,
    "rows:partial": -1.0,
    "rows:none": -3.0,
    "rows:mixed": -1.5,
    "rows:units": -0.8,
    "rows:unused": -3.0,
    "rows:twice": -1.0,
    "rows:both": -0.5,
    "sum:twice": -1.0,
    "bound:thrice": -1.5,
    "limits:none": -1.5,
    "limits:unread": -4.0,
    "objective:none": -3.0,
    "vars:tagged_outside": -0.5,
    "vars:inside": 1.0,
    "vars:count": 0.0,
    "vars:once": -1.5,
    "vars:two": 0.3,
    "vars:said": 0.7,
    "vars:notsaid": -0.7,
}


_options: dict[str, float] = json.loads(OPTIONS.read_text(encoding="utf-8"))


def option_weights() -> dict[str, float]:
    """Weights of the readings of bounds and objective, part of the package."""
    return _options


def use(path: Path) -> None:
    """Puts other weights in the place of the shipped ones (training does so from stage to stage)."""
    _options.clear()
    _options.update(json.loads(path.read_text(encoding="utf-8")))
