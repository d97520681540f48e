from __future__ import annotations

import pytest

from quod.solvers import mathematics
from quod.solvers.formulation import parse

DOCUMENT = {
    "sets": [
        {"name": "I", "elements": ["a", "b"]},
        {"name": "T", "elements": list(range(1, 13))},
        {"name": "A", "elements": [["a", 1], ["b", 3]]},
    ],
    "parameters": [
        {"name": "c", "index": ["I", "T"], "default": "1"},
        {"name": "q", "index": ["A"], "values": {"a,1": 5}, "default": 2},
        {"name": "load", "index": ["I"], "values": ["1/3", 2]},
        {"name": "p", "value": "12.5", "unit": "$/kg", "evidence": [{"start": 0, "end": 3}]},
    ],
    "variables": [
        {"name": "x", "index": ["I", "T"]},
        {"name": "z", "index": ["A"], "domain": "binary"},
        {"name": "ox_carts", "domain": "integer", "lower": "1", "upper": "7/2"},
        {"name": "w", "lower": None},
    ],
    "objective": {
        "sense": "maximize",
        "expression": "sum(c[i,t]*x[i,t] for i in I for t in T if t>1) - p*abs(w)",
    },
    "constraints": [
        {
            "name": "flow",
            "for_each": "i in I for t in T if t > 1 and not i == 'a'",
            "expression": "x[i,t]-x[i,t-1] >= -2.5*(ox_carts + w**2)/(1 + p) + sum(q[j,s] for (j,s) in A)**2",
        },
        {"name": "other", "expression": "sqrt(w) + min(w, 3) < len(I) - (-w)"},
    ],
}


def texts() -> dict[str, tuple[str, str]]:
    return {row.name: (row.text, row.latex) for row in mathematics.rows(parse(DOCUMENT))}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("objective", "maximize ∑_{i ∈ I, t ∈ T : t > 1} c[i, t]·x[i, t] − p·|w|"),
        (
            "flow",
            "x[i, t] − x[i, t − 1] ≥ −2.5·(ox_carts + w²) / (1 + p) + (∑_{(j, s) ∈ A} q[j, s])²"
            "  ∀ i ∈ I, t ∈ T : t > 1 ∧ ¬(i = a)",
        ),
        ("other", "√(w) + min(w, 3) < |I| − (−w)"),
        ("x", "x[i, j] ≥ 0, x[i, j] ∈ ℝ  ∀ i ∈ I, j ∈ T"),
        ("z", "z[i, j] ∈ {0, 1}  ∀ (i, j) ∈ A"),
        ("ox_carts", "1 ≤ ox_carts ≤ 3.5, ox_carts ∈ ℤ"),
        ("w", "w ∈ ℝ"),
        ("c", "c[i, j] (given)  ∀ i ∈ I, j ∈ T"),
        ("q", "q[i, j] = {a,1: 5}  ∀ (i, j) ∈ A"),
        ("load", "load[i] = (1/3, 2)  ∀ i ∈ I"),
        ("p", "p = 12.5 $/kg"),
        ("T", "T = {1, 2, 3, 4, 5, 6, …, 12}"),
        ("A", "A = {(a, 1), (b, 3)}"),
    ],
)
def test_unicode(name: str, text: str) -> None:
    assert texts()[name][0] == text


@pytest.mark.parametrize(
    ("name", "latex"),
    [
        (
            "objective",
            r"\text{maximize} \; \sum_{i \in I, t \in T \colon t > 1} c_{i, t} \cdot x_{i, t}"
            r" - p \cdot \lvert w \rvert",
        ),
        ("other", r"\sqrt{w} + \min\left(w, 3\right) < \lvert I \rvert - \left(-w\right)"),
        ("ox_carts", r"1 \le \mathit{ox\_carts} \le 3.5, \mathit{ox\_carts} \in \mathbb{Z}"),
        ("p", r"p = 12.5 \text{\$/kg}"),
        ("z", r"z_{i, j} \in \{0, 1\} \quad \forall\, (i, j) \in A"),
    ],
)
def test_latex(name: str, latex: str) -> None:
    assert texts()[name][1] == latex


def test_every_part_has_a_row_with_its_evidence() -> None:
    rows = mathematics.rows(parse(DOCUMENT))
    names = ["objective", "flow", "other", "x", "z", "ox_carts", "w", "c", "q", "load", "p", "I", "T", "A"]
    assert [row.name for row in rows] == names
    assert [(e.start, e.end) for row in rows for e in row.evidence] == [(0, 3)]


def test_braces_balance_in_latex() -> None:
    for _, latex in texts().values():
        plain = latex.replace(r"\{", "").replace(r"\}", "")
        assert plain.count("{") == plain.count("}")
        assert plain.count(r"\left") == plain.count(r"\right")
