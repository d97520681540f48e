"""What a short document may cost the checker is limited, and what an ordinary large model costs fits."""

from __future__ import annotations

import importlib
import sys
import time
from pathlib import Path

import pytest

from quod import certificates, errors
from quod.certificates import budget, model

sys.path.append(str(Path(__file__).parent))
examples = importlib.import_module("certificate_examples")

LONG = [{"name": "I", "elements": [str(k) + "m" * 190 for k in range(10)]}]
MANY = [{"name": "I", "elements": list(range(250))}]
CONDITIONS = " and ".join(["i == i"] * 400)
AMPLIFIED = {
    "long sums in many rows": (MANY, "x", "i in I for j in I", "sum(k * x for k in I if k != i) <= j"),
    "long texts in many rows": (MANY, "x", "i in I for j in I for k in I", "+".join(["i*j"] * 900) + " <= x"),
    "long conditions": (MANY, "x", f"i in I for j in I for k in I if {CONDITIONS}", "x >= 0"),
    "long names": (LONG, "x", "a in I for b in I for c in I for d in I for e in I for f in I", "x >= 0"),
    "long column names": (LONG, {"name": "x", "index": ["I"] * 6}, "", "0 <= 1"),
    "many columns": (MANY, {"name": "x", "index": ["I"] * 3}, "", "0 <= 1"),
    "long numbers": (MANY, "x", "i in I for j in I", "1e999 * (i + 1)**1000 * (j + 1)**1000 * x <= 1"),
    "many extrema": (MANY, "x", "i in I for j in I", "max(k * x for k in I) <= j"),
    "absolute values": (MANY, "x", "i in I for j in I for k in I", f"{'+'.join(['abs(x)'] * 300)} <= j"),
}


@pytest.mark.parametrize("name", AMPLIFIED)
def test_a_few_kilobytes_cannot_ask_for_minutes_or_gigabytes(name, monkeypatch):
    """With a tenth of the limits: the test would take ten times as long with the true ones."""
    sets, variable, loops, expression = AMPLIFIED[name]
    formulation = examples.model([variable], "minimize", "0", sets=sets)
    formulation["constraints"] = [{"name": "r", "for_each": loops, "expression": expression}]
    document = examples.optimum(formulation, "0", {}, [examples.bound()])
    assert len(str(document)) < 10_000
    monkeypatch.setattr(budget, "MAX_STEPS", budget.MAX_STEPS // 10)
    monkeypatch.setattr(budget, "MAX_SIZE", budget.MAX_SIZE // 10)
    started = time.process_time()
    with pytest.raises(errors.CertificateRejected, match=r"which is this checker's limit"):
        certificates.check(document)
    assert time.process_time() - started < 20


def test_short_leaves_cannot_combine_a_large_model_many_times(monkeypatch):
    sets = [{"name": "I", "elements": list(range(60))}]
    variables = [{"name": "y", "domain": "binary", "index": ["I", "I"]}, {"name": "z", "domain": "integer"}]
    formulation = examples.model(variables, "minimize", "sum(y[i, j] for i in I for j in I)", sets=sets)
    formulation["constraints"] = [{"name": "r", "expression": "sum(y[i, j] for i in I for j in I) >= 0"}]
    leaves = 20
    for leaf, terms in ((examples.bound(), 3600 - 2000), (examples.bound(r="1"), 7200 - 4000)):
        tree = []
        for k in range(leaves - 1):
            tree += [{"branch": {"column": "z", "floor": str(k), "down": 2 * k + 1, "up": 2 * k + 2}}, leaf]
        document = examples.optimum(formulation, "0", {}, [*tree, leaf])
        monkeypatch.setattr(budget, "MAX_TERMS", terms * leaves)
        certificates.check(document)
        monkeypatch.setattr(budget, "MAX_TERMS", terms * leaves - 1)
        with pytest.raises(errors.CertificateRejected, match="tree: its leaves combine more than"):
            certificates.check(document)


@pytest.mark.parametrize(
    ("expression", "least"),
    [
        ("i*i", 8),
        ("1*i*0*i", 12),
        ("i**2", 5),
        ("-i", 4),
        ("abs(i)", 8),
        ("y[i]", 4),
        ("prod(i for j in J)", 5),
    ],
)
def test_dear_operations_count_for_more_than_one_step(expression, least):
    """Each costs the checker several times what a loop turn does, also where a factor is zero."""
    steps = []
    for count in (1, 101):
        sets = [{"name": "I", "elements": [0]}, {"name": "J", "elements": [0]}]
        formulation = examples.model([{"name": "y", "index": ["I"]}], "minimize", "0", sets=sets)
        text = " + ".join([expression] * count)
        formulation["constraints"] = [{"name": "r", "for_each": "i in I", "expression": f"{text} <= 1"}]
        declared = model.Model(formulation)
        model.expand(declared)
        steps.append(declared.declared.used.steps)
    assert steps[1] - steps[0] >= 100 * (least - 1)


def test_two_million_nonzeros_fit():
    """A dense model with 30,000 of them, and a third as many columns, takes its share of the limits."""
    sets = [{"name": "I", "elements": list(range(100))}]
    parameters = [{"name": "c", "index": ["I", "I"], "default": "12.75"}]
    variables = [{"name": "x", "index": ["I", "I"]}]
    cost = "sum(c[i, j] * x[i, j] for i in I for j in I if i != j)"
    formulation = examples.model(variables, "minimize", cost, sets=sets, parameters=parameters)
    formulation["constraints"] = [
        {"name": "out", "for_each": "i in I", "expression": "sum(c[i, j] * x[i, j] for j in I) <= 5"},
        {"name": "into", "for_each": "j in I", "expression": "sum(x[i, j] for i in I) >= 0"},
    ]
    declared = model.Model(formulation)
    model.expand(declared)
    assert declared.declared.used.steps < budget.MAX_STEPS * 30_000 / 2_000_000
    assert declared.declared.used.size < budget.MAX_SIZE * 30_000 / 2_000_000
