"""Thousands of corrupted certificates, hand-written and produced ones, are all rejected."""

from __future__ import annotations

import importlib
import random
import sys
from collections import Counter
from fractions import Fraction
from pathlib import Path

from quod import certificates, errors
from quod.solvers import exact, expand
from quod.solvers import formulation as formulations

sys.path.append(str(Path(__file__).parent))
attacks = importlib.import_module("certificate_attacks")
oracles = importlib.import_module("certificate_oracle")
trees = importlib.import_module("certificate_tree_attacks")
examples = importlib.import_module("certificate_examples")

OTHER_SENSE = {"minimize": "maximize", "maximize": "minimize"}


def produced(count, seed, model=oracles.random_formulation):
    """Certificates of random models as the producer makes them."""
    draw, made = random.Random(seed), []
    while len(made) < count:
        document = model(draw)
        proof = exact.prove(expand.expand(formulations.parse(document), exact=True))
        if proof is not None and proof.strength != "numeric":
            made.append(
                examples.certificate(proof.kind, proof.strength, document, proof.evidence, **proof.claim)
            )
    return made


def corrupted(document):
    """All attacks on one certificate."""
    yield from attacks.on_labels(document)
    if document["strength"] == "exact" and document["kind"] == "optimality":
        yield from attacks.on_optimality(document, OTHER_SENSE)
    elif document["kind"] == "infeasibility":
        yield from attacks.on_infeasibility(document)
    elif document["kind"] == "unboundedness":
        yield from attacks.on_unboundedness(document, OTHER_SENSE)


def rejects(document):
    """Whether the checker refuses the document; without `evidence` it is not even a certificate."""
    try:
        certificates.check(document)
    except errors.InvalidInput:
        return "evidence" not in document
    except errors.CertificateRejected:
        return True
    return False


def survivors(documents):
    """Names of the attacks that were accepted, and the number of attacks by kind of certificate."""
    accepted, tried = [], Counter()
    for document in documents:
        certificates.check(document)
        for name, attack in corrupted(document):
            tried[document["kind"]] += 1
            if not rejects(attack):
                accepted.append((name, attack))
    return accepted, tried


def test_corruptions_of_certificates_written_by_hand_are_rejected():
    accepted, tried = survivors(examples.CASES.values())
    assert accepted == []
    assert tried.total() >= 1500, tried


def test_corruptions_of_produced_certificates_are_rejected():
    accepted, tried = survivors(produced(60, seed=1))
    assert accepted == []
    assert tried.total() >= 3000, tried
    assert min(tried[kind] for kind in ("optimality", "infeasibility", "unboundedness")) >= 200, tried


def test_corruptions_of_branching_trees_are_rejected():
    documents = [
        d for d in produced(50, seed=4, model=oracles.random_knapsack) if len(d["evidence"]["tree"]) > 1
    ]
    assert len(documents) >= 8
    accepted, tried = survivors(documents)
    assert accepted == []
    assert tried.total() >= 1500, tried


def test_corruptions_of_indivisible_leaves_are_rejected():
    documents = [
        d
        for d in produced(60, seed=8, model=oracles.random_lattice)
        if "indivisible" in d["evidence"].get("tree", [{}])[0]
    ]
    assert len(documents) >= 20
    assert any(len(d["evidence"]["tree"][0]["indivisible"]) > 1 for d in documents)
    accepted, tried = survivors(documents)
    assert accepted == []
    assert tried.total() >= 1500, tried


def test_the_replay_and_the_oracle_agree_on_every_change_of_a_tree():
    verdicts = Counter()
    documents = produced(40, seed=5, model=oracles.random_knapsack) + produced(20, seed=6)
    for document in documents + produced(20, seed=9, model=oracles.random_lattice):
        if document["kind"] == "unboundedness":
            continue
        oracle, tree = oracles.Oracle(document["formulation"]), document["evidence"]["tree"]
        wanted = float("inf")
        if document["kind"] == "optimality":
            wanted = oracle.sign * Fraction(document["claim"]["objective"])
        for number, node in enumerate(tree):
            for name, other in trees.other_nodes(node, oracle):
                changed = [*tree[:number], other, *tree[number + 1 :]]
                proved = oracle.proved(changed)
                valid = proved is not None and proved >= wanted
                assert rejects(trees.edited(document, "evidence", "tree", changed)) == (not valid), (
                    name,
                    document,
                )
                verdicts[valid] += 1
    assert min(verdicts[True], verdicts[False]) >= 200, verdicts


def test_certificates_of_other_problems_are_rejected():
    documents = [*examples.CASES.values(), *produced(25, seed=2)]
    documents = [d for d in documents if d["strength"] != "numeric"]
    tried = []
    for document in documents:
        oracle = oracles.Oracle(document["formulation"])
        pairs = [attacks.exchanged(oracle, document["formulation"], other) for other in documents]
        tried += [attack for attack in pairs if attack is not None]
    assert len(tried) >= 500
    for name, attack in tried:
        assert rejects(attack), name


def test_results_that_say_something_else_are_rejected():
    tried = 0
    for document in [*examples.CASES.values(), *produced(15, seed=3)]:
        if (document["kind"], document["strength"]) != ("optimality", "exact"):
            continue
        claim, point = document["claim"], document["evidence"]["point"]
        keys = certificates.answer_keys(document["formulation"])
        values = {key: point.get(column, "0") for column, key in keys.items()}
        answer = {"objective": claim["objective"], "sense": claim["sense"], "values": values}
        result = examples.result(document, answer=answer)
        certificates.check(result)
        for name, attack in attacks.on_result(result):
            tried += 1
            assert rejects(attack), name
    assert tried >= 400
