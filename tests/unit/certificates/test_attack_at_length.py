"""The attacks of `test_attack` on many more random models; minutes, so only in `make test-slow`."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))
attack = importlib.import_module("test_attack")
oracles = importlib.import_module("certificate_oracle")

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", range(100, 104))
@pytest.mark.parametrize("model", ["random_formulation", "random_knapsack", "random_lattice"])
def test_no_corruption_of_a_produced_certificate_is_accepted(seed, model):
    accepted, tried = attack.survivors(attack.produced(100, seed=seed, model=getattr(oracles, model)))
    assert accepted == []
    assert tried.total() >= 3000, tried
