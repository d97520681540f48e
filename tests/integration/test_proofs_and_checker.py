"""What the solver side proves, the checker accepts: random formulations through both implementations."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from quod import certificates, errors, jobs
from quod.solvers import expand, formulation, run
from quod.solvers.options import Options

coefficients = st.sampled_from(["0", "1", "2", "-1", "3", "-2", "0.5", "1/3", "7.25", "12"])
comparisons = st.sampled_from(["<=", ">=", "==", "<", ">"])
NAMES = ("x", "y", "z[1]", "z[2]")


def affine(draw) -> str:
    terms = [f"({draw(coefficients)})*{name}" for name in NAMES]
    extra = draw(st.sampled_from(["", "", "", " + abs(x - 1)", " + 2*max(y, z[1], 1)", " - min(x, 2)"]))
    return " + ".join(terms) + extra


@st.composite
def formulations(draw):
    def variable(name, **more):
        low, high = draw(st.sampled_from([("0", None), ("0", "4"), ("-2", "3"), (None, "5"), ("1", "1")]))
        domain = draw(st.sampled_from(["real", "integer", "integer", "binary"]))
        return {"name": name, "domain": domain, "lower": low, "upper": high, **more}

    rows = [
        {"name": f"c{k}", "expression": f"{affine(draw)} {draw(comparisons)} {draw(coefficients)} + x"}
        for k in range(draw(st.integers(0, 3)))
    ]
    rows.append({"name": "each", "expression": "z[k] <= k + 2*y", "for_each": "k in K if k != 1"})
    return formulation.parse(
        {
            "sets": [{"name": "K", "elements": [1, 2]}],
            "variables": [variable("x"), variable("y"), variable("z", index=["K"])],
            "objective": {
                "sense": draw(st.sampled_from(["minimize", "maximize"])),
                "expression": f"{affine(draw)} + {draw(coefficients)}",
            },
            "constraints": rows,
        }
    )


def certificate(chosen, proof) -> jobs.Certificate:
    key = (proof.kind, proof.strength)
    return jobs.Certificate(
        kind=proof.kind,
        strength=jobs.Strength(proof.strength),
        claim=proof.claim,
        formulation=chosen.model_dump(mode="json", exclude_defaults=True),
        evidence=proof.evidence,
        covers=certificates.COVERS[key],
        does_not_cover=certificates.DOES_NOT_COVER[key],
    )


@settings(deadline=None, max_examples=80)
@given(formulations())
def test_every_proof_is_accepted(chosen):
    try:
        outcome, proof = run.prove_here(chosen, Options(time_limit=2, node_limit=200))
    except errors.ToolFailed:  # SCIP gives up on some unbounded nonlinear models, and says so
        assert expand.classify(chosen) in ("nlp", "minlp")
        return
    if proof is None:
        assert outcome.termination is not jobs.Termination.OPTIMAL
        return
    document = json.loads(certificate(chosen, proof).model_dump_json())
    verdict = certificates.check(document)
    assert verdict.strength == proof.strength
    if proof.strength == "exact":
        assert proof.claim["termination"] == outcome.termination.value


@settings(deadline=None, max_examples=25)
@given(formulations(), st.integers(1, 5))
def test_weaker_proofs_are_accepted_too(chosen, node_limit):
    _, proof = run.prove_here(chosen, Options(time_limit=2, node_limit=node_limit, gap=0.2))
    if proof is not None:
        assert certificates.check(certificate(chosen, proof)).strength == proof.strength
