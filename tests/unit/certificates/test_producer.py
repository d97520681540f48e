"""What the solver side proves, the checker accepts: random models with loops, abs, min, max, strict rows."""

from __future__ import annotations

import importlib
import sys
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, given, settings

from quod import certificates
from quod.solvers import exact, expand
from quod.solvers import formulation as formulations
from quod.solvers.options import Options

sys.path.append(str(Path(__file__).parent))
examples = importlib.import_module("certificate_examples")
models = importlib.import_module("certificate_models")
oracles = importlib.import_module("certificate_oracle")


def test_proofs_of_random_models_are_accepted():
    seen = Counter()

    @settings(deadline=None, max_examples=120, suppress_health_check=list(HealthCheck))
    @given(models.formulations(rows=4))
    def accepted(drawn):
        document, _ = drawn
        form = expand.expand(formulations.parse(document), exact=True)
        proof = exact.prove(form, Options(time_limit=5, node_limit=500))
        if proof is not None and proof.strength != "numeric":
            made = examples.certificate(proof.kind, proof.strength, document, proof.evidence, **proof.claim)
            verdict = certificates.check(made)
            seen[verdict.kind] += 1

    accepted()
    assert min(seen[kind] for kind in ("optimality", "infeasibility", "unboundedness")) >= 3, seen
