"""Valid certificates are accepted and invalid ones rejected with the reason and the place."""

from __future__ import annotations

import ast
import copy
import importlib
import json
import sys
import time
from pathlib import Path

import pytest

from quod import certificates, errors, jobs

sys.path.append(str(Path(__file__).parent))
examples = importlib.import_module("certificate_examples")
CASES = examples.CASES


def rejected(document):
    with pytest.raises(errors.CertificateRejected) as caught:
        certificates.check(document)
    return str(caught.value)


def changed(name, *path_and_value):
    """An example with the value at a path replaced."""
    document = copy.deepcopy(CASES[name])
    *path, last, value = path_and_value
    part = document
    for step in path:
        part = part[step]
    part[last] = value
    return document


@pytest.mark.parametrize("name", CASES)
def test_valid_certificates_are_accepted(name):
    verdict = certificates.check(json.loads(json.dumps(CASES[name])))
    assert (verdict.kind, verdict.strength) == (CASES[name]["kind"], CASES[name]["strength"])
    assert verdict.summary


def test_the_types_of_jobs_are_accepted():
    assert certificates.check(jobs.Certificate.model_validate(CASES["tree"])).counts["branches"] == 1


def test_a_verdict_says_what_was_found():
    verdict = certificates.check(CASES["tree"])
    assert verdict.summary == ("objective 20 is attained and no point does better (2 leaves)",)
    assert verdict.counts == {
        "columns": 2, "rows": 2, "nonzeros": 4, "leaves": 2, "empty_leaves": 0, "branches": 1
    }  # fmt: skip
    assert 0 < verdict.seconds < 10
    assert "equality is allowed" in certificates.check(CASES["strict on reals"]).summary[1]


def test_two_variables_take_milliseconds():
    certificates.check(CASES["tree"])
    started = time.perf_counter()
    for _ in range(20):
        certificates.check(CASES["tree"])
    assert (time.perf_counter() - started) / 20 < 0.02


@pytest.mark.parametrize("document", [None, [], "x", 3, {}, {"kind": "optimality"}, {"formulation": {}}])
def test_what_is_no_certificate_is_bad_input(document):
    with pytest.raises(errors.InvalidInput):
        certificates.check(document)


TREE = ("evidence", "tree")
LEAF = (*TREE, 0)
REJECTIONS = [
    ("indivisible", (*LEAF, examples.indivisible(r0="1/3")), "coefficient 2/3 of x is not whole"),
    ("indivisible", (*LEAF, examples.indivisible(r0="1")), "the right-hand side 3 is a whole number"),
    ("indivisible", (*LEAF, examples.indivisible()), "the right-hand side 0 is a whole number"),
    ("indivisible", (*LEAF, examples.indivisible(r0="1/2", r1="0")), "== rows only"),
    ("indivisible", (*LEAF, examples.indivisible(r1="-1")), "== rows only"),
    ("indivisible", (*LEAF, examples.indivisible(r2="1")), "column z is not an integer column"),
    ("indivisible", (*LEAF, examples.indivisible(r0="1/2", r2="-2")), "column z is not an integer column"),
    ("indivisible", (*LEAF, examples.indivisible(r9="1/2")), "'r9' is not a row"),
    ("indivisible", (*LEAF, {"indivisible": {"r0": 0.5}}), "floating-point"),
    ("indivisible", (*LEAF, examples.empty(r0="1/2")), "unbounded where it pays"),
    ("indivisible together", (*TREE, 1, examples.indivisible(r0="1/3")), "is not whole"),
    ("tree", ("claim", "objective", "21"), "claim.objective: is 21, but the point has the value 20"),
    ("tree", ("claim", "objective", 20.0), "floating-point"),
    ("tree", ("claim", "sense", "minimize"), "the formulation says maximize"),
    ("tree", ("claim", "termination", "infeasible"), "claim.termination"),
    ("tree", ("claim", "bound", "21"), "the bound 21 is not the objective 20"),
    ("tree", ("claim", "gap", "0"), "'gap' is not known"),
    ("tree", ("evidence", "point", {"x": "7/2", "y": "5/8"}), "column x is 7/2, not an integer"),
    ("tree", ("evidence", "point", {"x": "-4"}), "column x is -4, below its lower bound 0"),
    ("tree", ("evidence", "point", {"x": "4", "y": "1"}), "row r0 is violated: left minus right is 4"),
    ("tree", ("evidence", "point", {"q": "4"}), "'q' is not a declared column"),
    ("tree", (*TREE, []), "has 0 nodes"),
    ("tree", (*TREE, [examples.bound()]), "proves no bound: column"),
    ("tree", (*TREE, [examples.bound(r0="-1")]), "no point is better than 20; it proves 24"),
    ("tree", (*TREE, 1, examples.bound(r0="1")), "the multiplier 1 of row r0 has the wrong sign for <="),
    ("tree", (*TREE, 1, examples.bound(rx="1")), "'rx' is not a row"),
    ("tree", (*TREE, 1, examples.empty(r0="-1")), "tree node 1: is not proved empty"),
    ("tree", (*TREE, 1, {}), "exactly one of branch, bound, infeasible and indivisible"),
    ("tree", (*TREE, 0, examples.branch("y", "1", 1, 1)), "tree node 1: is the child of 2 branches"),
    ("tree", (*TREE, 0, examples.branch("y", "1", 0, 2)), "child 0 is not a later node"),
    ("tree", (*TREE, 0, examples.branch("y", "1", 1, 3)), "child 3 is not a later node"),
    ("tree", (*TREE, 0, examples.branch("y", "1/2", 1, 2)), "the floor 1/2 is not a whole number"),
    ("tree", (*TREE, 0, examples.branch("y", "1", 1, 2.0)), "up is not a node number"),
    ("tree", (*TREE, 0, examples.branch("z", "1", 1, 2)), "'z' is not an integer column"),
    ("tree", ("strength", "perfect"), "'perfect' does not exist for optimality"),
    ("tree", ("strength", "tested"), "possible: exact or rigorous or numeric"),
    ("tree", ("kind", "proof"), "kind"),
    ("tree", ("covers", []), "covers: is empty"),
    ("tree", ("covers", ["everything"]), "is not what this certificate proves (optimality, exact)"),
    ("tree", ("does_not_cover", []), "must say: that the formulation says what the words say"),
    ("equality", ("formulation", "variables", 0, "domain", "integers"), "not one of real, integer, binary"),
    ("equality", ("formulation", "variables", 0, "uper", "3"), "the field 'uper' is not known"),
    ("equality", ("formulation", "constraints", 0, "name", "objective"), "used twice or reserved"),
    ("equality", ("formulation", "constraints", 0, "expression", "x + q == 5"), "q is not a parameter"),
    ("equality", ("formulation", "constraints", 0, "expression", "x + y = 5"), "is not part of the language"),
    ("equality", ("formulation", "constraints", 0, "expression", "x == y == 5"), "exactly one comparison"),
    ("equality", ("formulation", "constraints", 0, "expression", "x * y == 5"), "a linear model, but row r0"),
    ("abs", ("formulation", "objective", "expression", "abs(x - 3) - abs(x)"), "objective: a max (or abs)"),
    ("weaker bound", ("claim", "bound", "21"), "it proves 22"),
    ("weaker bound", ("strength", "exact"), "covers"),
    ("infeasible", (*TREE, [examples.bound()]), "1 of 1 leaves are not proved empty"),
    ("infeasible", (*TREE, [examples.empty(r0="3", r1="-2")]), "unbounded where it pays"),
    ("infeasible", (*TREE, [examples.empty()]), "the multipliers give 0, more than 0 is needed"),
    ("infeasible", ("claim", "objective", "0"), "'objective' is not known"),
    ("unbounded", ("evidence", "ray", {"x": "1"}), "row r0 moves by 1, <= 0 is needed"),
    ("unbounded", ("evidence", "ray", {"y": "1"}), "does not improve"),
    ("unbounded", ("evidence", "ray", {"x": "-1"}), "against its lower bound"),
    ("unbounded", ("evidence", "ray", {"z": "1"}), "not a column"),
    ("unbounded", ("evidence", "point", {"x": "1"}), "row r0 is violated"),
    ("unbounded", ("claim", "sense", "minimize"), "the formulation says maximize"),
    ("unbounded with abs", ("evidence", "ray", {"x": "1", "y": "1"}), "row objective#1.1 moves"),
    ("strict on integers", ("evidence", "point", {"x": "5"}), "row r0 is violated"),
    ("indexed sums", ("formulation", "parameters", 0, "file", {"path": "a.csv"}), "not in a file"),
    ("indexed sums", ("formulation", "parameters", 0, "values", {"Ulm": 3}), "1 values are missing"),
    ("indexed sums", ("formulation", "parameters", 0, "values", {"Ulm": 3, "Rom": 4}), "'Rom' is no index"),
    ("indexed sums", ("formulation", "parameters", 1, "values", [2, 4, 5]), "3 values for 2 of Q"),
    ("indexed sums", ("formulation", "sets", 1, "elements", [1, "1"]), "two elements have the same text"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "change", "message"), REJECTIONS)
def test_a_rejection_names_what_failed(name, change, message):
    assert message in rejected(changed(name, *change))


def test_a_strict_row_without_terms_keeps_its_strict_meaning():
    formulation = examples.model("x", "minimize", "x", ("0 < 0",))
    assert "row r0" in rejected(examples.optimum(formulation, "0", {}, [examples.bound()]))


def test_integer_grids_need_integer_columns():
    document = changed("grid", "formulation", "variables", 0, {"name": "x", "upper": "3"})
    document["evidence"]["tree"] = [examples.bound()]  # 4x <= 12 by the bound
    certificates.check(document)
    document["formulation"]["variables"][0]["upper"] = "13/4"
    assert "it proves 13" in rejected(document)


def test_weaker_claims_than_the_evidence_are_accepted():
    exact = CASES["tree"]
    document = examples.certificate(
        "optimality",
        "rigorous",
        exact["formulation"],
        exact["evidence"],
        sense="maximize",
        objective="20",
        bound="25",
    )
    assert "no point does better than 25" in certificates.check(document).summary[0]


def test_a_deep_tree_is_replayed_without_recursion():
    depth = 20_000
    nodes = []
    for level in range(depth):  # x <= level is bounded by the row, x >= level + 1 goes on
        nodes += [examples.branch("x", str(level), 2 * level + 1, 2 * level + 2), examples.bound(r0="-1")]
    formulation = examples.model(examples.integers("x"), "maximize", "x", (f"x <= {depth}",))
    document = examples.optimum(formulation, str(depth), {"x": str(depth)}, [*nodes, examples.bound(r0="-1")])
    assert certificates.check(document).counts["leaves"] == depth + 1


def test_an_lp_of_a_hundred_thousand_nonzeros_takes_seconds():
    size = 320
    values = [[i + j for j in range(size)] for i in range(size)]
    row = "sum(a[i, j] * x[j] for j in I) >= 1"
    formulation = {
        "sets": [{"name": "I", "elements": list(range(size))}],
        "parameters": [{"name": "a", "index": ["I", "I"], "values": values}],
        "variables": [{"name": "x", "index": ["I"]}],
        "objective": {"sense": "minimize", "expression": "sum(x[i] for i in I)"},
        "constraints": [{"name": "r", "for_each": "i in I", "expression": row}],
    }
    # the largest coefficient of column 0 bounds nothing better than x[319] = 1/319 in row 0
    point, multipliers = {f"x[{size - 1}]": f"1/{size - 1}"}, {"r[0]": f"1/{size - 1}"}
    document = examples.optimum(formulation, f"1/{size - 1}", point, [{"bound": multipliers}])
    verdict = certificates.check(document)
    assert verdict.counts["nonzeros"] == size * size - 1
    assert verdict.seconds < 30


def test_the_checker_shares_no_code_with_the_solvers():
    for path in Path(certificates.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            modules = [*names, getattr(node, "module", None) or ""]
            assert not any(m.startswith(("quod.solvers", "highspy", "quod.models")) for m in modules), path


def test_a_strict_row_with_abs_is_closed_and_the_certificate_says_so():
    formulation = {
        "variables": [{"name": "x", "domain": "integer"}],
        "objective": {"sense": "maximize", "expression": "x"},
        "constraints": [{"name": "c", "expression": "abs(x) < 2"}],
    }
    evidence = {"point": {"x": "2"}, "tree": [{"bound": {"c": "-1", "c#1.1": "-1"}}]}
    document = examples.certificate(
        "optimality", "exact", formulation, evidence, sense="maximize", objective="2"
    )
    assert (
        "1 strict row over real columns, or with abs, min or max" in certificates.check(document).summary[1]
    )
    assert any("with abs, min, max" in line for line in document["does_not_cover"])
