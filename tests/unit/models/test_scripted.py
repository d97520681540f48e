from __future__ import annotations

import asyncio
from typing import Any

import pytest

from quod import errors, jobs, testing
from quod.models import base


def question(text: str = "hello") -> base.Request:
    return base.Request([{"role": "user", "content": text}])


def ask(model: base.ChatModel, *texts: str, **options: Any) -> list[base.Reply]:
    async def run() -> list[base.Reply]:
        return [await model.complete(question(text), **options) for text in texts]

    return asyncio.run(run())


def test_replies_come_in_order_and_what_was_asked_is_kept() -> None:
    full = base.Reply("two", finish_reason="length", usage=jobs.Usage(model_calls=1, input_tokens=9))
    model = testing.ScriptedModel(["one", full])
    assert [reply.text for reply in ask(model, "a", "b")] == ["one", "two"]
    assert [request.messages[0]["content"] for request in model.requests] == ["a", "b"]
    with pytest.raises(errors.ToolFailed, match="no more replies"):
        ask(model, "c")


def test_a_text_has_a_token_for_every_four_characters() -> None:
    [reply] = ask(testing.ScriptedModel(["12345"]), "123456789")
    assert reply.usage == jobs.Usage(model_calls=1, input_tokens=3, output_tokens=2)


def test_an_exception_is_raised_and_the_last_reply_can_repeat() -> None:
    model = testing.ScriptedModel([errors.Unavailable("down"), "up"], repeat_last=True)
    with pytest.raises(errors.Unavailable):
        ask(model, "a")
    assert [reply.text for reply in ask(model, "b", "c")] == ["up", "up"]


def test_a_function_answers_by_what_is_asked() -> None:
    async def slowly(request: base.Request) -> str:
        await asyncio.sleep(0)
        return request.messages[-1]["content"].upper()

    for script in (lambda request: request.messages[-1]["content"].upper(), slowly):
        assert [reply.text for reply in ask(testing.ScriptedModel(script), "a", "b")] == ["A", "B"]


def test_streams_come_token_by_token_with_others_running_meanwhile() -> None:
    async def run() -> None:
        pieces: list[str] = []
        model = testing.ScriptedModel(["1. solve()"], seconds_per_token=0.01, first_token_seconds=0.01)
        call = asyncio.create_task(model.complete(question(), pieces.append))
        while not pieces:
            await asyncio.sleep(0)
        assert not call.done()
        assert (await call).text == "1. solve()"
        assert pieces == ["1. s", "olve", "()"]

    asyncio.run(run())
