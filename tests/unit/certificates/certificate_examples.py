"""Certificates written by hand, each valid; the arithmetic stands beside the multipliers."""

from __future__ import annotations

import copy
from typing import Any

from quod.certificates import COVERS, DOES_NOT_COVER

Document = dict[str, Any]


def certificate(
    kind: str, strength: str, formulation: Document, evidence: Document, **claim: str
) -> Document:
    """A certificate that says of itself what its kind and strength prove."""
    termination = {"optimality": "optimal", "infeasibility": "infeasible", "unboundedness": "unbounded"}[kind]
    return {
        "kind": kind,
        "strength": strength,
        "claim": {"termination": termination, **claim},
        "formulation": copy.deepcopy(formulation),
        "evidence": copy.deepcopy(evidence),
        "covers": list(COVERS[kind, strength]),
        "does_not_cover": list(DOES_NOT_COVER[kind, strength]),
    }


def model(variables: Any, sense: str, expression: str, rows: tuple[str, ...] = (), **more: Any) -> Document:
    """A formulation; a variable is its name or an object, rows are called r0, r1, …"""
    return {
        "variables": [{"name": v} if isinstance(v, str) else v for v in variables],
        "objective": {"sense": sense, "expression": expression},
        "constraints": [{"name": f"r{k}", "expression": row} for k, row in enumerate(rows)],
        **more,
    }


def optimum(formulation: Document, objective: str, point: Document, tree: list[Document]) -> Document:
    """An exact certificate of optimality."""
    evidence = {"point": point, "tree": tree}
    return certificate(
        "optimality",
        "exact",
        formulation,
        evidence,
        sense=formulation["objective"]["sense"],
        objective=objective,
    )


def bound(**multipliers: str) -> Document:
    return {"bound": multipliers}


def empty(**multipliers: str) -> Document:
    return {"infeasible": multipliers}


def indivisible(**multipliers: str) -> Document:
    return {"indivisible": multipliers}


def branch(column: str, floor: str, down: int, up: int) -> Document:
    return {"branch": {"column": column, "floor": floor, "down": down, "up": up}}


def integers(*names: str) -> list[Document]:
    return [{"name": name, "domain": "integer"} for name in names]


TRANSPORT = model(
    [{"name": "ship", "index": ["P", "Q"], "label": "tons"}],
    "minimize",
    "sum(cost[p, q] * ship[p, q] for p in P for q in Q)",
    sets=[{"name": "P", "elements": ["Ulm", "Bern"]}, {"name": "Q", "elements": [1, 2]}],
    parameters=[
        {"name": "supply", "index": ["P"], "values": {"Ulm": "3", "Bern": 4}},
        {"name": "demand", "index": ["Q"], "values": [2, "4.0"]},
        {"name": "cost", "index": ["P", "Q"], "values": {"Ulm,1": 1, "Ulm,2": "3"}, "default": "2"},
    ],
)
TRANSPORT["constraints"] = [
    {"name": "have", "for_each": "p in P", "expression": "sum(ship[p, q] for q in Q) <= supply[p]"},
    {"name": "need", "for_each": "q in Q", "expression": "sum(ship[p, q] for p in P) >= demand[q]"},
]

KNAPSACK = model(integers("x", "y"), "maximize", "5*x + 4*y", ("6*x + 4*y <= 24", "x + 2*y <= 6"))
KNAPSACK_TREE = [
    branch("y", "1", 1, 2),
    bound(r0="-5/6"),  # -20 + (-4 + 10/3)·1 = -62/3, on the grid of whole numbers -20
    bound(r1="-5"),  # -30 + (-4 + 10)·2 = -18
]
HALF = model([{"name": "x", "domain": "integer", "upper": 9}], "minimize", "x", ("2*x == 1",))

CASES: dict[str, Document] = {
    # min -x - y over x + y <= 1, x <= 1, y <= 1 : three rows meet in (1, 0)
    "degenerate": optimum(
        model("xy", "minimize", "-x - y", ("x + y <= 1", "x <= 1", "y <= 1")),
        "-1",
        {"x": "1"},
        [bound(r0="-1")],
    ),
    "free": optimum(
        model([{"name": "x", "lower": None}], "minimize", "2*x + 1", ("x >= -1.5",)),
        "-2",
        {"x": "-3/2"},
        [bound(r0="2")],
    ),
    "fixed": optimum(
        model([{"name": "x", "lower": "2/3", "upper": "2/3"}, "y"], "maximize", "x - y"),
        "2/3",
        {"x": "2/3"},
        [bound()],
    ),
    "equality": optimum(
        model("xy", "minimize", "2*x + 3*y", ("x + y == 5",)), "10", {"x": "5", "y": "0"}, [bound(r0="2")]
    ),
    "empty rows": optimum(
        model("x", "maximize", "-x", ("0*x <= 4", "0 == 0", "x - x >= -1")), "0", {}, [bound(r0="0")]
    ),
    "no rows": optimum(
        model([{"name": "x", "upper": 7}], "maximize", "3*x + 0.5"), "43/2", {"x": "7"}, [bound()]
    ),
    "nothing": optimum(model("", "minimize", "4"), "4", {}, [bound()]),
    "grid": optimum(
        model(integers("x"), "maximize", "4*x", ("8*x <= 31",)), "12", {"x": "3"}, [bound(r0="-1/2")]
    ),
    "tree": optimum(KNAPSACK, "20", {"x": "4"}, KNAPSACK_TREE),
    "binary": optimum(
        model([{"name": "b", "domain": "binary", "lower": None}], "maximize", "b / 3"),
        "1/3",
        {"b": "1"},
        [bound()],
    ),
    "rounded bounds": optimum(
        model([{"name": "x", "domain": "integer", "upper": "5/2"}, "y"], "maximize", "x + y", ("y <= 0.5",)),
        "5/2",
        {"x": "2", "y": "1/2"},
        [bound(r0="-1")],
    ),
    # 1/2·x < 9/4 is x < 9/2 is x <= 4
    "strict on integers": optimum(
        model(integers("x"), "maximize", "x", ("0.5*x < 2.25",)), "4", {"x": "4"}, [bound(r0="-1")]
    ),
    "strict at a whole number": optimum(
        model(integers("x"), "minimize", "x", ("2*x > 6",)), "4", {"x": "4"}, [bound(r0="1")]
    ),
    "strict on reals": optimum(model("x", "maximize", "x", ("x < 5",)), "5", {"x": "5"}, [bound(r0="-1")]),
    # t >= x - 3, t >= 3 - x: -1/4·3 + -3/4·(-3) = 3/2
    "abs": optimum(
        model("x", "minimize", "abs(x - 3) + x / 2"),
        "3/2",
        {"x": "3"},
        [{"bound": {"objective#1.1": "-1/4", "objective#1.2": "-3/4"}}],
    ),
    "max": optimum(
        model("x", "minimize", "max(2*x, 10 - x)"),
        "20/3",
        {"x": "10/3"},
        [{"bound": {"objective#1.1": "-1/3", "objective#1.2": "-2/3"}}],
    ),
    # max x with |x| <= 2: row r0 is t <= 2, r0#1.1 is x - t <= 0
    "abs in a row": optimum(
        model([{"name": "x", "lower": None}], "maximize", "x", ("abs(x) <= 2",)),
        "2",
        {"x": "2"},
        [{"bound": {"r0": "-1", "r0#1.1": "-1"}}],
    ),
    "indexed sums": optimum(
        TRANSPORT,
        "10",
        {"ship[Ulm,1]": "2", "ship[Bern,2]": "4"},
        [{"bound": {"need[1]": "1", "need[2]": "2"}}],
    ),
    "weaker bound": certificate(
        "optimality",
        "rigorous",
        KNAPSACK,
        {"point": {"x": "4"}, "tree": [bound(r0="-5/8", r1="-5/4")]},  # (15 + 7.5) = 45/2, on the grid 22
        sense="maximize",
        objective="20",
        bound="22",
    ),
    "infeasible": certificate(
        "infeasibility",
        "exact",
        model("xy", "minimize", "0", ("x + y >= 5", "x + y <= 3")),
        {"tree": [empty(r0="1", r1="-1")]},
    ),
    "infeasible integers": certificate(
        "infeasibility", "exact", HALF, {"tree": [branch("x", "0", 1, 2), empty(r0="1"), empty(r0="-1")]}
    ),
    # 2x - 4y is even, 3 is odd; no branching ends on it
    "indivisible": certificate(
        "infeasibility",
        "exact",
        model(
            [{"name": n, "domain": "integer", "lower": None} for n in "xy"] + [{"name": "z", "lower": None}],
            "minimize",
            "x",
            ("2*x - 4*y == 3", "x <= 5/3", "x + z == 1/2"),
        ),
        {"tree": [indivisible(r0="1/2")]},
    ),
    # r0 + r1 is 3x + 3y == 4, though each row alone has integral points
    "indivisible together": certificate(
        "infeasibility",
        "exact",
        model(
            [{"name": n, "domain": "integer", "lower": None} for n in "xy"],
            "maximize",
            "x + y",
            ("x + 2*y == 1", "2*x + y == 3"),
        ),
        {"tree": [branch("x", "0", 1, 2), indivisible(r0="1/3", r1="1/3"), indivisible(r0="-2/3", r1="1/3")]},
    ),
    "contradiction": certificate(
        "infeasibility", "exact", model("x", "minimize", "x", ("0 < 0",)), {"tree": [empty(r0="-1")]}
    ),
    "crossed bounds": certificate(
        "infeasibility",
        "exact",
        model([{"name": "x", "domain": "integer", "lower": "1/3", "upper": "2/3"}], "minimize", "x"),
        {"tree": [empty()]},
    ),
    "unbounded": certificate(
        "unboundedness",
        "exact",
        model(integers("x", "y"), "maximize", "x", ("x - y <= 1/2",)),
        {"point": {}, "ray": {"x": "1/2", "y": "1/2"}},
        sense="maximize",
    ),
    "unbounded with abs": certificate(
        "unboundedness",
        "exact",
        model([{"name": "x", "lower": None}, "y"], "minimize", "abs(x) - 2*y", ("y <= x + 3",)),
        {"point": {"x": "-1"}, "ray": {"x": "1", "y": "1", "objective#1": "1"}},
        sense="minimize",
    ),
    "nonlinear": certificate(
        "optimality",
        "numeric",
        model("xy", "minimize", "x**2 + exp(y) - sqrt(x)", ("x * y <= 1",)),
        {"point": {"x": 0.39685026299204984}},
        sense="minimize",
        objective=0.5275296217,
        tolerance="1e-6",
    ),
    "numeric and linear": certificate(
        "optimality",
        "numeric",
        KNAPSACK,
        {"point": {"x": 4.0000000001, "y": "0"}},
        sense="maximize",
        objective=20,
        tolerance=1e-7,
    ),
}


def result(certified: Document, **fields: Any) -> Document:
    """A solved result around an example of optimality, its values under the keys that people see."""
    claim = certified["claim"]
    document = {
        "id": "job_1",
        "kind": "optimize",
        "status": "solved",
        "termination": claim["termination"],
        "problem": certified["formulation"].get("text"),
        "answer": {},
        "certificate": copy.deepcopy(certified),
    }
    return {**document, **fields}
