"""Corruptions of valid certificates, each invalid by construction or by the oracle's independent word."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from certificate_oracle import Oracle
from certificate_tree_attacks import Attack, edited, falls_short, on_tree, without

from quod.certificates import COVERS, DOES_NOT_COVER

Document = dict[str, Any]


def relabelled(document: Document, kind: str, strength: str) -> Document:
    """A copy that says of itself what another kind or strength proves."""
    lines = {"covers": list(COVERS[kind, strength]), "does_not_cover": list(DOES_NOT_COVER[kind, strength])}
    return {**copy.deepcopy(document), "kind": kind, "strength": strength, **lines}


def on_labels(document: Document) -> Iterator[Attack]:
    """Fields removed or replaced, and statements about coverage."""
    for part in document:
        yield f"no {part}", without(document, part)
        for junk in (None, 7, [7], {"x": None}):
            yield f"{part} is {junk}", edited(document, part, junk)
    for part in ("claim", "evidence"):
        for field in document[part]:
            yield f"no {part}.{field}", without(document, part, field)
            for junk in (None, "NaN", True, "1/0", [[]]):
                yield f"{part}.{field} is {junk}", edited(document, part, field, junk)
    for k in range(len(document["does_not_cover"])):
        yield f"conceals {k}", without(document, "does_not_cover", k)
    own = set(document["covers"])
    for key, lines in COVERS.items():
        if not set(lines) <= own:
            yield f"covers as {key}", edited(document, "covers", list(lines))
    if document["strength"] == "rigorous":
        yield "exact", relabelled(document, document["kind"], "exact")
        stripped = relabelled(document, document["kind"], "exact")
        yield "exact without its bound", without(stripped, "claim", "bound")


def on_optimality(document: Document, other_sense: dict[str, str]) -> Iterator[Attack]:
    """The claim, the point, the tree and the formulation of an exact certificate of optimality."""
    objective = Fraction(document["claim"]["objective"])
    sense = document["claim"]["sense"]
    yield "sense", edited(document, "claim", "sense", other_sense[sense])
    yield "the formulation's sense", edited(document, "formulation", "objective", "sense", other_sense[sense])
    for delta in (1, -1, Fraction(1, 2), Fraction(1, 10**9), Fraction(-1, 10**9), 10**30):
        yield f"objective {delta}", edited(document, "claim", "objective", str(objective + delta))
    yield "bound", edited(document, "claim", "bound", str(objective + 1))
    constant = f"{document['formulation']['objective']['expression']} + 1"
    yield "another objective", edited(document, "formulation", "objective", "expression", constant)
    oracle = Oracle(document["formulation"])
    if oracle.plain:
        yield from _on_point(document, oracle)
        yield from on_tree(document, oracle)
        both = edited(document, "formulation", "objective", "sense", other_sense[sense])
        both["claim"]["sense"] = other_sense[sense]
        turned = Oracle(both["formulation"])
        if falls_short(turned.proved(document["evidence"]["tree"]), turned.sign * objective):
            yield "both senses", both
    yield from on_rows(document)


def _on_point(document: Document, oracle: Oracle) -> Iterator[Attack]:
    point = document["evidence"]["point"]
    yield "unknown column", edited(document, "evidence", "point", {**point, "no_such": "0"})
    values = dict(zip(oracle.names, oracle.point(point) or [], strict=True))
    for j, (name, v) in enumerate(values.items()):
        for delta in (1, -1, Fraction(1, 3), Fraction(1, 10**12)):
            moved = {**point, name: str(v + delta)}
            other = edited(document, "evidence", "point", moved)
            x = oracle.point(moved) or []
            if not oracle.feasible(x) or oracle.cost[j] != 0:
                yield f"{name} {delta}", other
            if oracle.cost[j] != 0:  # the claim agrees with the point, which is infeasible or not optimal
                value = oracle.sign * oracle.value(x)
                yield f"{name} {delta} with its value", edited(other, "claim", "objective", str(value))
        for text in (f"{name} <= {v} - 1", f"{name} >= {v} + 1", f"{name} == {v} - 0.001"):
            row = {"name": "cut", "expression": _quoted(text)}
            rows = [*document["formulation"]["constraints"], row]
            yield f"a new row {text}", edited(document, "formulation", "constraints", rows)


def _quoted(text: str) -> str:
    """`ship[Ulm,1] <= …` as the language writes it."""
    head, bracket, rest = text.partition("[")
    if not bracket:
        return text
    index, _, tail = rest.partition("]")
    return f"{head}[{', '.join(i if i.isdigit() else repr(i) for i in index.split(','))}]{tail}"


def on_rows(document: Document) -> Iterator[Attack]:
    """Rows that the multipliers speak of are dropped or called otherwise."""
    tree = document["evidence"]["tree"]
    used = {name for node in tree for content in node.values() if "branch" not in node for name in content}
    for k, row in enumerate(document["formulation"]["constraints"]):
        if any(
            name == row["name"] or name.startswith((f"{row['name']}[", f"{row['name']}#")) for name in used
        ):
            yield f"no row {row['name']}", without(document, "formulation", "constraints", k)
            yield (
                f"row {row['name']} renamed",
                edited(document, "formulation", "constraints", k, "name", "renamed"),
            )


def on_infeasibility(document: Document) -> Iterator[Attack]:
    """The tree and the rows of a proof that there is no point, and the claim that there is an optimum."""
    yield from on_rows(document)
    oracle = Oracle(document["formulation"])
    if oracle.plain:
        yield from on_tree(document, oracle)
        sense = document["formulation"]["objective"]["sense"]
        for value in (0, 1, -3):
            point = {name: str(value) for name in oracle.names}
            objective = str(oracle.sign * oracle.value(oracle.point(point) or []))
            claim = {"termination": "optimal", "sense": sense, "objective": objective}
            other = relabelled(document, "optimality", "exact") | {"claim": claim}
            yield f"an optimum at {value}", edited(other, "evidence", "point", point)
            ray = {"point": point, "ray": point}
            other = relabelled(document, "unboundedness", "exact") | {"evidence": ray}
            yield f"unbounded from {value}", other | {"claim": {"termination": "unbounded", "sense": sense}}


def on_unboundedness(document: Document, other_sense: dict[str, str]) -> Iterator[Attack]:
    """The ray, the point and the claim of a proof of unboundedness, and claims of an optimum."""
    sense = document["claim"]["sense"]
    yield "sense", edited(document, "claim", "sense", other_sense[sense])
    yield "the formulation's sense", edited(document, "formulation", "objective", "sense", other_sense[sense])
    no_point = relabelled(document, "infeasibility", "exact") | {"claim": {"termination": "infeasible"}}
    for leaf in ({"infeasible": {}}, {"bound": {}}):
        yield "infeasible", no_point | {"evidence": {"tree": [leaf]}}
    oracle = Oracle(document["formulation"])
    if not oracle.plain:
        return
    ray, point = document["evidence"]["ray"], document["evidence"]["point"]
    changes = [
        ("ray", {}),
        ("ray", {name: str(-Fraction(v)) for name, v in ray.items()}),
        ("ray", {**ray, "no_such": "1"}),
    ]
    for name in oracle.names:
        changes += [("ray", {**ray, name: str(Fraction(ray.get(name, 0)) + d)}) for d in (-3, -1, 1, 3)]
        changes.append(("ray", {key: value for key, value in ray.items() if key != name}))
        changes += [
            ("point", {**point, name: str(Fraction(point.get(name, 0)) + d)}) for d in (-9, Fraction(1, 7), 9)
        ]
    for part, changed in changes:
        x = oracle.point(changed)
        if not oracle.improves(changed) if part == "ray" else x is None or not oracle.feasible(x):
            yield f"{part} {changed}", edited(document, "evidence", part, changed)
    value = str(oracle.sign * oracle.value(oracle.point(point) or []))
    claim = {"termination": "optimal", "sense": sense, "objective": value}
    for y in ({}, dict.fromkeys(oracle.rows, "-1")):
        evidence = {"point": point, "tree": [{"bound": y}]}
        yield (
            "an optimum",
            relabelled(document, "optimality", "exact") | {"claim": claim, "evidence": evidence},
        )


def exchanged(oracle: Oracle, formulation: Document, other: Document) -> Attack | None:
    """The certificate of another problem under this formulation, when the oracle sees that it fails."""
    if not oracle.plain or other["kind"] != "optimality":
        return None
    x = oracle.point(other["evidence"]["point"])
    claimed = Fraction(other["claim"]["objective"])
    if x is None or not oracle.feasible(x) or oracle.sign * oracle.value(x) != claimed:
        return "another problem's certificate", {**other, "formulation": formulation}
    return None


def on_result(document: Document) -> Iterator[Attack]:
    """A solved result whose answer or labels say something else than its certificate."""
    for field in ("status", "kind", "termination", "certificate", "answer"):
        yield f"no {field}", edited(document, field, None)
    for field, values in (
        ("status", ("unsolved", "failed", "SOLVED")),
        ("kind", ("prove", "code", "compute", "auto")),
        ("termination", ("optimal", "infeasible", "unbounded", "time_limit")),
    ):
        for value in values:
            if document[field] != value:
                yield f"{field} {value}", edited(document, field, value)
    answer = document["answer"]
    yield "objective", edited(document, "answer", "objective", str(Fraction(answer["objective"]) + 1))
    yield "objective a little off", edited(document, "answer", "objective", answer["objective"] + "0000001/7")
    yield "bound", edited(document, "answer", "bound", "12345/7")
    for field in answer:
        yield f"no answer.{field}", without(document, "answer", field)
    for name, value in answer["values"].items():
        yield f"{name} is gone", without(document, "answer", "values", name)
        for delta in (1, Fraction(-1, 10**15)):
            yield (
                f"{name} {delta}",
                edited(document, "answer", "values", name, str(Fraction(value) + delta)),
            )
    yield "one value more", edited(document, "answer", "values", "no_such", "0")
