from __future__ import annotations

import asyncio
import random

import pytest

from quod import errors, jobs
from quod.bench.algorithms import counting, execution, rag, sweep
from quod.models import base, parametric

NEVER = parametric.ErrorRate(scale=1e12)


class _Model:
    """Answers "1" after a moment, but `odd` replies first; counts how many calls run at once.

    The first calls wait until `wait_for` of them run.
    """

    name = "odd"

    def __init__(self, *odd: base.Reply | errors.QuodError | str, wait_for: int = 1) -> None:
        self.odd, self.wait_for = list(odd), wait_for
        self.enough = asyncio.Event()
        self.now = self.most = self.asked = 0
        self.samples: list[int] = []

    async def complete(self, request: base.Request, on_text: base.OnText | None = None) -> base.Reply:
        self.asked += 1
        self.samples.append(request.sample)
        self.now += 1
        self.most = max(self.most, self.now)
        if self.now >= self.wait_for:
            self.enough.set()
        await asyncio.wait_for(self.enough.wait(), 30)
        await asyncio.sleep(0.001)
        self.now -= 1
        reply = self.odd.pop(0) if self.odd else "1"
        if isinstance(reply, errors.QuodError):
            raise reply
        usage = jobs.Usage(model_calls=1, input_tokens=10, output_tokens=1)
        return reply if isinstance(reply, base.Reply) else base.Reply(reply, usage=usage)


TEN = counting.Instance("a1" * 10, 10)


def _count(model: base.ChatModel, *, p: int = 4, samples: int = 1) -> execution.Trial:
    return asyncio.run(execution.run(counting.Counting(), TEN, model, n=20, m=2, p=p, samples=samples))


@pytest.mark.parametrize("p", [1, 3, 100])
def test_exactly_p_calls_run_at_once(p: int) -> None:
    model = _Model(wait_for=min(p, 10))
    trial = _count(model, p=p)
    assert model.most == min(p, 10)
    assert trial.scores["error"] == 0
    assert trial.pieces == len(trial.calls) == 10
    assert trial.makespan >= trial.replayed > 0


def test_garbage_counts_as_error_and_never_breaks_a_run() -> None:
    cut = base.Reply("1", finish_reason="length")
    garbage = ["", "\x00", "[[[", "9" * 10_000, "import os", cut]
    trial = _count(_Model(*garbage))
    assert trial.scores["error"] == pytest.approx(6 / 20)
    assert sum(not call.usable for call in trial.calls) == 6
    assert [call.failure for call in trial.calls if call.failure] == ["the reply was cut off"]


@pytest.mark.parametrize("name", sweep.ALGORITHMS)
def test_every_task_survives_replies_without_any_sense(name: str) -> None:
    algorithm = sweep.ALGORITHMS[name]()
    n = {"counting": 60, "sorting": 60}.get(name, 2000)
    for text in ("", "?", "[1, 2", "999999999999999999999", "🙂" * 100, "$1 ${2} $$3", "none"):
        model = _Model(*[text] * 200)
        instance = algorithm.generate(n, random.Random(1))
        trial = asyncio.run(execution.run(algorithm, instance, model, n=n, m=n // 5, p=4))
        assert 0 <= (trial.scores["error"] or 0) <= 1
        assert len(trial.calls) >= 5


def test_failed_calls_are_kept_as_failures() -> None:
    trial = _count(_Model(errors.ToolFailed("refused"), errors.Unavailable("busy")), p=1)
    assert [call.failure for call in trial.calls[:3]] == ["refused", "busy", None]
    assert trial.scores["error"] == pytest.approx(2 / 20)


def test_a_budget_ends_the_run_at_once() -> None:
    model = _Model("1", "1", errors.LimitExceeded("tokens", 30, 25))
    with pytest.raises(errors.LimitExceeded, match="25 tokens"):
        _count(model, p=1)
    assert model.asked == 3


def test_several_samples_are_voted_on() -> None:
    model = _Model("5", "1", "1")
    trial = _count(model, p=1, samples=3)
    assert trial.scores["error"] == 0
    assert model.asked == 30
    assert model.samples[:6] == [0, 1, 2, 0, 1, 2]


def test_the_last_call_sees_what_the_pieces_gave() -> None:
    algorithm = rag.Rag(NEVER, final_error=NEVER, digits=3)
    model = parametric.ParametricModel(algorithm.skills(), timing=parametric.Timing(0.001, 0, 0))
    instance = algorithm.generate(1000, random.Random(0))
    trial = asyncio.run(execution.run(algorithm, instance, model, n=1000, m=300, p=2))
    assert [call.role for call in trial.calls].count("final") == 1
    assert trial.calls[-1].role == "final"
    assert trial.calls[-1].size == 3
    assert trial.scores == {"error": 0, "exact_match": 1}
