"""Several questions are answered only when the certificate of each is accepted with its answer."""

from __future__ import annotations

import copy
import importlib
import sys
from pathlib import Path

import pytest

from quod import certificates, errors, jobs
from quod.agents import evidence
from quod.certificates import COVERS, DOES_NOT_COVER, budget, conjunction
from quod.workers.sandbox import backends

sys.path.append(str(Path(__file__).parent))
examples = importlib.import_module("certificate_examples")
computations = importlib.import_module("computation_attacks")
trees = importlib.import_module("certificate_tree_attacks")

COMPUTED = computations.certificate("print(6)", "", "6\n", None)
KNAPSACK = examples.CASES["tree"]
IMPOSSIBLE = examples.CASES["infeasible"]
ANSWER = {"objective": "20", "sense": "maximize", "values": {"x": "4", "y": "0"}}


def combined(*parts, strength="exact"):
    return {
        "kind": "conjunction",
        "strength": strength,
        "claim": {"termination": "combined", "parts": [copy.deepcopy(part["claim"]) for part in parts]},
        "evidence": {
            "parts": [
                {"question": f"question {k}", "certificate": copy.deepcopy(p)} for k, p in enumerate(parts)
            ]
        },
        "covers": list(COVERS["conjunction", strength]),
        "does_not_cover": list(DOES_NOT_COVER["conjunction", strength]),
    }


def solved(document, *answers):
    shown = [
        {
            "question": part["question"],
            "termination": part["certificate"]["claim"]["termination"],
            "answer": copy.deepcopy(answer),
        }
        for part, answer in zip(document["evidence"]["parts"], answers, strict=True)
    ]
    return {
        "id": "job_0",
        "kind": "auto",
        "status": "solved",
        "termination": "combined",
        "answer": {"parts": shown},
        "certificate": document,
    }


TWO = combined(KNAPSACK, IMPOSSIBLE)
RESULT = solved(TWO, ANSWER, {"conflict": []})


def rejected(document):
    with pytest.raises(errors.CertificateRejected) as caught:
        certificates.check(document)
    return str(caught.value)


def test_all_parts_are_checked():
    verdict = certificates.check(TWO)
    assert (verdict.kind, verdict.strength, verdict.counts) == ("conjunction", "exact", {"parts": 2})
    assert verdict.summary[0].startswith("question 0: objective 20")
    certificates.check(RESULT)
    certificates.check(jobs.Result.model_validate(RESULT))


def test_the_whole_is_as_strong_as_its_weakest_part():
    document = combined(KNAPSACK, examples.CASES["weaker bound"], strength="rigorous")
    assert certificates.check(document).strength == "rigorous"
    document = combined(KNAPSACK, COMPUTED, examples.CASES["numeric and linear"], strength="tested")
    assert certificates.check(document).strength == "tested"
    for strength in ("exact", "rigorous", "numeric"):
        other = combined(KNAPSACK, COMPUTED, strength=strength)
        assert "that of the weakest part is tested" in rejected(other)
    assert "weakest" in rejected(combined(KNAPSACK, IMPOSSIBLE, strength="tested"))


def test_what_is_made_is_accepted():
    parts = [jobs.Certificate.model_validate(each) for each in (KNAPSACK, COMPUTED)]
    made = evidence.conjunction([("Best?", parts[0]), ("What is 6?", parts[1])])
    assert made.strength == "tested"
    assert certificates.check(made).counts == {"parts": 2}
    document = made.model_dump(mode="json")
    certificates.check(solved(document, ANSWER, {"output": "6\n"}))
    assert "part 2: answer.output" in rejected(solved(document, ANSWER, {"output": "7\n"}))


def test_the_parts_share_one_budget(monkeypatch):
    """Each part alone fits; the limit is on what they take together."""
    formulation = examples.model(["x"], "minimize", "0", sets=[{"name": "I", "elements": list(range(300))}])
    formulation["constraints"] = [{"name": "r", "for_each": "i in I", "expression": "i*i*i >= 0 - x"}]
    part = examples.optimum(formulation, "0", {}, [examples.bound()])
    monkeypatch.setattr(budget, "MAX_STEPS", 10_000)
    certificates.check(part)
    assert "takes more than 10,000 steps" in rejected(combined(part, part, part))


ATTACKS = {
    "one part": (combined(KNAPSACK), "holds 1 parts"),
    "no parts": (combined(), "holds 0 parts"),
    "too many parts": (combined(*[KNAPSACK] * (conjunction.MAX_PARTS + 1)), "17 parts"),
    "nested": (combined(TWO, KNAPSACK), "part 1, kind"),
    "long programs": (
        combined(*[computations.certificate(seconds=100)] * 7, strength="tested"),
        "the programs may take 420 s",
    ),
    "a wrong part": (
        trees.edited(TWO, "evidence", "parts", 1, "certificate", "evidence", "tree", []),
        "part 2",
    ),
    "another claim": (trees.edited(TWO, "claim", "parts", 0, "objective", "21"), "claim 1 is not what"),
    "both claims changed": (
        trees.edited(
            trees.edited(TWO, "claim", "parts", 0, "objective", "21"),
            *("evidence", "parts", 0, "certificate", "claim", "objective", "21"),
        ),
        "part 1: claim.objective",
    ),
    "claims exchanged": (trees.edited(TWO, "claim", "parts", TWO["claim"]["parts"][::-1]), "claim 1 is not"),
    "a claim too few": (trees.without(TWO, "claim", "parts", 1), "holds 1 claims for 2 parts"),
    "a part too few": (trees.without(TWO, "evidence", "parts", 1), "holds 1 parts"),
    "no question": (trees.without(TWO, "evidence", "parts", 0, "question"), "'question' is missing"),
    "question": (trees.edited(TWO, "evidence", "parts", 0, "question", 7), "a text is expected"),
    "long question": (
        trees.edited(TWO, "evidence", "parts", 0, "question", "?" * 1_000_001),
        "1000000 characters",
    ),
    "an answer among the evidence": (
        trees.edited(TWO, "evidence", "parts", 0, "answer", ANSWER),
        "'answer' is not known",
    ),
    "parts are no list": (trees.edited(TWO, "evidence", "parts", {"0": {}}), "a list is expected"),
    "part is no object": (trees.edited(TWO, "evidence", "parts", 0, "x"), "an object is expected"),
    "no certificate": (
        trees.edited(TWO, "evidence", "parts", 0, "certificate", None),
        "an object is expected",
    ),
    "unknown kind": (trees.edited(TWO, "evidence", "parts", 0, "certificate", "kind", "proof"), "kind"),
    "conceals": (trees.edited(TWO, "does_not_cover", []), "must say"),
    "a part conceals": (
        trees.edited(TWO, "evidence", "parts", 0, "certificate", "does_not_cover", []),
        "part 1: does_not_cover: must say",
    ),
    "covers": (trees.edited(TWO, "covers", list(KNAPSACK["covers"])), "is not what this certificate proves"),
    "another strength": (trees.edited(TWO, "strength", "cross_checked"), "does not exist for conjunction"),
    "formulation": (trees.edited(TWO, "formulation", KNAPSACK["formulation"]), "is about none"),
    "termination": (trees.edited(TWO, "claim", "termination", "optimal"), "combined"),
    "another field": (trees.edited(TWO, "claim", "objective", "20"), "'objective' is not known"),
    "result: kind": (trees.edited(RESULT, "kind", "optimize"), "does not settle a job of this kind"),
    "result: termination": (
        trees.edited(RESULT, "termination", "optimal"),
        "not what the certificate claims",
    ),
    "result: no answer": (trees.edited(RESULT, "answer", None), "an object is expected"),
    "result: an answer too few": (trees.without(RESULT, "answer", "parts", 1), "holds 1 answers for 2 parts"),
    "result: objective": (
        trees.edited(RESULT, "answer", "parts", 0, "answer", "objective", "21"),
        "part 1: answer.objective",
    ),
    "result: values": (
        trees.edited(RESULT, "answer", "parts", 1, "answer", {"values": {"x": "0"}}),
        "part 2",
    ),
    "result: question": (trees.edited(RESULT, "answer", "parts", 0, "question", "else"), "question is not"),
    "result: part's termination": (
        trees.edited(RESULT, "answer", "parts", 1, "termination", "optimal"),
        "part 2: termination",
    ),
    "result: more": (trees.edited(RESULT, "answer", "objective", "20"), "'objective' is not known"),
    "result: answers exchanged": (
        trees.edited(RESULT, "answer", "parts", RESULT["answer"]["parts"][::-1]),
        "the question is not that",
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_corruptions_are_rejected(name):
    document, message = ATTACKS[name]
    assert message in rejected(document)


def test_a_program_that_cannot_be_judged_here_is_no_rejection(monkeypatch):
    document = combined(KNAPSACK, COMPUTED, strength="tested")
    monkeypatch.setattr(backends, "ISOLATIONS", ())
    with pytest.raises(errors.Misconfigured):
        certificates.check(document)
    certificates.check(TWO)  # no program in it
