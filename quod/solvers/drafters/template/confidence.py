"""How sure the reader is of a candidate model: a logistic model of its scores and loose ends."""

from __future__ import annotations

import json
import math
from pathlib import Path

from quod.solvers.drafters.template import roles
from quod.solvers.drafters.template.assemble import Draft
from quod.solvers.drafters.template.lexicon import words
from quod.solvers.drafters.template.model import Model

_TRICKY = words("prefer prefers if unless them together combined remaining rest former latter other alike")
_COMPARING = words("more less fewer than half third quarter percent twice double triple times ratio limit")
WEIGHTS = Path(__file__).with_name("confidence.json")


_weights: dict[str, float] = json.loads(WEIGHTS.read_text(encoding="utf-8"))


def shipped_weights() -> dict[str, float]:
    """Weights that are part of the package."""
    return _weights


def use(path: Path) -> None:
    """Puts other weights in the place of the shipped ones (training does so from stage to stage)."""
    _weights.clear()
    _weights.update(json.loads(path.read_text(encoding="utf-8")))


def features(draft: Draft, model: Model, status: str, margin: float, problems: int) -> dict[str, float]:
    """Features of the best draft; `margin` is its lead over the best draft with another model."""
    f = draft.features
    sure = [max(roles.probabilities(draft.context, n).values()) for n in draft.context.numbers]
    return {
        "bias": 1.0,
        "margin": min(margin, 4.0),
        "score": max(-6.0, min(draft.score, 2.0)),
        "worst": math.log(max(min(sure, default=1.0), 0.02)),
        "doubtful": float(sum(p < 0.9 for p in sure)),
        "limits:worst": max(f.get("limits:worst", 0.0), -3.0),
        "objective": max(f.get("objective", 0.0), -3.0),
        "attach": max(f.get("attach", 0.0), -3.0),
        "roles": max(f.get("roles", 0.0), -3.0),
        "partial": min(f.get("rows:partial", 0.0), 3.0),
        "unused": min(f.get("rows:unused", 0.0), 3.0),
        "twice": min(f.get("rows:twice", 0.0) + f.get("sum:twice", 0.0), 3.0),
        "outside": min(f.get("vars:tagged_outside", 0.0), 5.0),
        "inside": max(f.get("vars:inside", 0.0), -3.0),
        "default": float(sum(r.how == "default" for r in model.rows)),
        "weak": float(sum(r.how == "weak" for r in model.rows)),
        "many": float(len(draft.variables) > 3),
        "infeasible": float(status == "infeasible"),
        "unbounded": float(status == "unbounded"),
        "no_rows": float(not model.rows),
        "problems": float(min(problems, 3)),
    } | _doubts(draft, model)


def _doubts(draft: Draft, model: Model) -> dict[str, float]:
    """Signs of a wrong reading that the scores do not hold: odd nouns, far names, words left unread."""
    told = dict.fromkeys(("noun", "far", "unlike", "headless", "other"), 0.0)
    for _, option in draft.limits:
        f = option.features
        told["noun"] += f.get("bound:noun=other", 0.0) + f.get("bound:noun=unit", 0.0)
        close = f.get("bound:slot", 0.0) + f.get("bound:after", 0.0) + f.get("bound:before", 0.0)
        told["far"] += float(option.kind == "bound" and not close)
        told["unlike"] += f.get("row:none", 0.0) + f.get("row:notmoney", 0.0)
        told["headless"] += f.get("row:nohead", 0.0)
        told["other"] += float(option.kind == "sum" and not (f.get("sum:word") or f.get("sum:slot")))
    covered = {i for r in model.rows for i in range(r.first - 2, r.last + 3)}
    tokens = draft.context.tokens
    found = {f"doubt:{name}": min(count, 3.0) for name, count in told.items()}
    found["doubt:tricky"] = float(min(3, sum(t.lower in _TRICKY for t in tokens)))
    found["doubt:unread"] = float(
        min(3, sum(t.lower in _COMPARING and t.index not in covered for t in tokens))
    )
    found["doubt:mixed"] = min(3.0, draft.features["rows:mixed"] + draft.features["rows:units"])
    found["doubt:once"] = min(3.0, draft.features["vars:once"])
    found["doubt:no_aim"] = float(draft.objective < 0)
    found["doubt:aim_bound"] = draft.features.get("rows:both", 0.0)
    found["doubt:length"] = len(tokens) / 100.0
    found["doubt:lower"] = float(sum(r.how == "weak" and r.op == ">=" for r in model.rows))
    return found


def probability(row: dict[str, float]) -> float:
    """Estimated probability that the reading is right."""
    weights = shipped_weights()
    total = sum(weights.get(name, 0.0) * value for name, value in row.items())
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, total))))
