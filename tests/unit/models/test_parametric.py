from __future__ import annotations

import asyncio
import random

import pytest

from quod import errors
from quod.models import base, parametric

INSTANT = parametric.Timing(base=0, per_input=0, per_output=0)


def _skill(error: parametric.ErrorRate) -> parametric.Skill:
    def size(content: str) -> float | None:
        return float(len(content)) if content.startswith("x") else None

    def answer(content: str, rate: float, draw: random.Random) -> str:
        return "wrong" if draw.random() < rate else "right"

    return parametric.Skill("echo", size, answer, error)


def _request(content: str, **fields: object) -> base.Request:
    return base.Request(messages=[{"role": "user", "content": content}], **fields)  # type: ignore[arg-type]


def _ask(model: parametric.ParametricModel, request: base.Request) -> base.Reply:
    return asyncio.run(model.complete(request))


def test_the_error_rate_rises_with_the_size_up_to_one() -> None:
    rate = parametric.ErrorRate(floor=0.1, scale=100, power=2)
    assert rate(0) == pytest.approx(0.1)
    assert rate(50) == pytest.approx(0.35)
    assert rate(1000) == 1.0


def test_replies_are_wrong_about_as_often_as_the_rate_says() -> None:
    model = parametric.ParametricModel([_skill(parametric.ErrorRate(scale=10, power=1))], timing=INSTANT)
    texts = [_ask(model, _request("xxx", sample=i)).text for i in range(400)]
    assert 0.2 < texts.count("wrong") / 400 < 0.4


def test_the_same_request_has_the_same_reply_and_another_sample_or_seed_another() -> None:
    skills = [_skill(parametric.ErrorRate(floor=0.5))]

    def texts(seed: int) -> list[str]:
        model = parametric.ParametricModel(skills, timing=INSTANT, seed=seed)
        return [_ask(model, _request("x", sample=i)).text for i in range(32)]

    assert texts(1) == texts(1)
    assert texts(1) != texts(2)
    assert len(set(texts(1))) == 2


def test_tokens_and_seconds_follow_the_lengths() -> None:
    model = parametric.ParametricModel([_skill(parametric.ErrorRate(scale=1e9))], timing=INSTANT)
    reply = _ask(model, _request("x" * 41))
    assert (reply.usage.model_calls, reply.usage.input_tokens, reply.usage.output_tokens) == (1, 11, 2)
    timing = parametric.Timing(base=1, per_input=0.5, per_output=2)
    assert timing(10, 3, random.Random(0)) == pytest.approx(12)
    noisy = parametric.Timing(base=1, per_input=0, per_output=0, jitter=0.3)
    draws = [noisy(1, 1, random.Random(i)) for i in range(2000)]
    assert sum(draws) / len(draws) == pytest.approx(1, abs=0.03)
    assert min(draws) < 0.7
    assert max(draws) > 1.5


def test_a_reply_above_the_limit_is_cut_off_and_pieces_are_handed_over() -> None:
    model = parametric.ParametricModel(
        [_skill(parametric.ErrorRate(scale=1e9))], timing=INSTANT, characters_per_token=1
    )
    pieces: list[str] = []
    reply = asyncio.run(model.complete(_request("x", max_tokens=3), pieces.append))
    assert (reply.text, reply.finish_reason, reply.usage.output_tokens) == ("rig", "length", 3)
    assert pieces == ["rig"]


def test_a_question_without_a_skill_is_refused() -> None:
    model = parametric.ParametricModel([_skill(parametric.ErrorRate())], timing=INSTANT)
    with pytest.raises(errors.ToolFailed, match="no skill for this request; it knows: echo"):
        _ask(model, _request("something else"))
