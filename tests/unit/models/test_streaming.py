from __future__ import annotations

import asyncio

import pytest

from quod import errors, testing
from quod.models import base, openai_model

HELLO = base.Request([{"role": "user", "content": "hello"}])


def stream(url: str, timeout: float = 5.0) -> tuple[base.Reply, list[str]]:
    pieces: list[str] = []
    client = openai_model.OpenAIModel(url, "scripted", timeout=timeout, retries=0)
    return asyncio.run(client.complete(HELLO, pieces.append)), pieces


def test_pieces_come_one_by_one_and_the_reply_is_whole_with_its_usage() -> None:
    scripted = testing.Scripted(
        "1. solve()\njoin()", input_tokens=9, output_tokens=6, cached_tokens=3, reasoning_tokens=1
    )
    with testing.ScriptedServer([scripted]) as server:
        reply, pieces = stream(server.url)
    assert pieces == ["1. s", "olve", "()\nj", "oin(", ")"]
    assert (reply.text, reply.finish_reason) == ("1. solve()\njoin()", "stop")
    usage = reply.usage
    assert (usage.input_tokens, usage.output_tokens, usage.cached_tokens, usage.reasoning_tokens) == (
        9,
        6,
        3,
        1,
    )
    assert server.requests[0].json["stream_options"] == {"include_usage": True}


def test_the_first_piece_is_there_before_the_last_is_made() -> None:
    """The server makes the last token only after the client told that it has the first."""
    seen = asyncio.Event()

    async def run(url: str) -> None:
        loop = asyncio.get_running_loop()
        client = openai_model.OpenAIModel(url, "scripted", timeout=20.0)
        call = asyncio.create_task(client.complete(HELLO, lambda piece: loop.call_soon(seen.set)))
        await seen.wait()
        assert not call.done()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    endless = testing.Scripted("word " * 2000, seconds_per_token=0.01)
    with testing.ScriptedServer([endless]) as server:
        asyncio.run(run(server.url))


def test_an_endpoint_that_refuses_to_stream_usage_still_streams() -> None:
    refused = testing.Scripted("unknown field stream_options", status=400)
    with testing.ScriptedServer([refused, "text", "text"]) as server:
        reply, _ = stream(server.url)
    assert reply.text == "text"
    assert (reply.usage.model_calls, reply.usage.input_tokens) == (1, 0)
    assert "stream_options" not in server.requests[1].json


def test_truncation_and_refusal_of_a_stream_are_visible() -> None:
    script = [testing.Scripted("1. so", finish_reason="length"), testing.Scripted(refusal="I will not")]
    with testing.ScriptedServer(script) as server:
        assert stream(server.url)[0].finish_reason == "length"
        reply, pieces = stream(server.url)
    assert (reply.finish_reason, reply.text, pieces) == ("refusal", "I will not", [])


def test_a_stream_that_breaks_off_is_unavailable() -> None:
    broken = testing.Scripted("1. solve()", break_after=1)
    with testing.ScriptedServer([broken]) as server, pytest.raises(errors.Unavailable):
        stream(server.url)


@pytest.mark.parametrize(
    "body",
    [
        b'data: {"choices": [{"index": 0, "delta": {"content": "1. so"}, "finish_reason": null}]}\n\n',
        b'data: {"choices": [{"index": 0, "delta": {"content": "1. so"}}]}\n\ndata: [DONE]\n\n',
        b"",
    ],
)
def test_a_stream_that_ends_without_a_reason_is_unavailable(body: bytes) -> None:
    reply = testing.Scripted(body=body, headers={"Content-Type": "text/event-stream"})
    with testing.ScriptedServer([reply]) as server, pytest.raises(errors.Unavailable, match="ended before"):
        stream(server.url)


@pytest.mark.parametrize(
    "body",
    [b'data: {"choices": [3]}\n\n', b"data: {\n\n", b'data: {"error": {"message": "out of memory"}}\n\n'],
)
def test_a_stream_of_something_else_is_a_failure_of_the_endpoint(body: bytes) -> None:
    reply = testing.Scripted(body=body, headers={"Content-Type": "text/event-stream"})
    with testing.ScriptedServer([reply]) as server, pytest.raises(errors.ToolFailed, match=r"127\.0\.0\.1"):
        stream(server.url)


def test_a_stream_has_to_end_in_time() -> None:
    dripping = testing.Scripted("word " * 2000, seconds_per_token=0.02)
    with testing.ScriptedServer([dripping]) as server, pytest.raises(errors.Unavailable, match="TIMEOUT"):
        stream(server.url, timeout=0.5)


@pytest.mark.parametrize("error", [ValueError("mine"), TimeoutError("mine"), errors.InvalidInput("mine")])
def test_what_the_listener_raises_is_its_own(error: Exception) -> None:
    def listen(piece: str) -> None:
        raise error

    with testing.ScriptedServer(["1. solve()"]) as server:
        client = openai_model.OpenAIModel(server.url, "scripted")
        with pytest.raises(type(error), match="mine") as caught:
            asyncio.run(client.complete(HELLO, listen))
    assert caught.value is error
