from __future__ import annotations

import pytest

from quod.bench import scoring
from quod.bench.scoring import Ending


def optimum(value: float) -> Ending:
    return Ending("optimal", value)


@pytest.mark.parametrize(
    ("found", "wanted", "passing"),
    [
        (100.0, 100.0, "rel_1e-6 rel_1e-4 rel_1pct abs_0.1 round_5pct"),
        (100.00005, 100.0, "rel_1e-6 rel_1e-4 rel_1pct abs_0.1 round_5pct"),
        (100.005, 100.0, "rel_1e-4 rel_1pct abs_0.1 round_5pct"),
        (100.9, 100.0, "rel_1pct round_5pct"),
        (104.0, 100.0, "round_5pct"),
        (0.16, 0.1, "abs_0.1 round_5pct"),
        (0.0, -0.0, "rel_1e-6 rel_1e-4 rel_1pct abs_0.1 round_5pct"),
        (1.0, 0.0, ""),
        (-100.0, 100.0, ""),
        (1e8, 1e8 + 10, "rel_1e-6 rel_1e-4 rel_1pct round_5pct"),
    ],
)
def test_the_rules(found: float, wanted: float, passing: str) -> None:
    right = [rule for rule in scoring.RULES if scoring.right(optimum(found), optimum(wanted), rule)]
    assert " ".join(right) == passing


def test_endings_without_an_optimum_are_right_when_both_end_so() -> None:
    infeasible, unbounded = Ending("infeasible"), Ending("unbounded")
    assert scoring.right(infeasible, Ending("infeasible"))
    assert not scoring.right(infeasible, unbounded)
    assert not scoring.right(infeasible, optimum(0.0))
    assert not scoring.right(optimum(0.0), infeasible)
    assert scoring.right(unbounded, Ending("no_optimum"))
    assert not scoring.right(Ending("time_limit"), Ending("time_limit"))
    assert not scoring.right(None, None)


def test_exact_objectives_become_floats() -> None:
    assert scoring.to_float("40/3") == pytest.approx(40 / 3)
    assert scoring.to_float(2.5) == 2.5
    assert scoring.to_float(None) is None
