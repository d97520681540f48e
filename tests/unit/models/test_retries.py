"""The one retry policy, against real HTTP."""

from __future__ import annotations

import asyncio

import pytest

from quod import errors, testing
from quod.models import base, openai_model

HELLO = base.Request([{"role": "user", "content": "hello"}])
AT_ONCE = {"Retry-After-Ms": "1"}


def ask(url: str, retries: int) -> base.Reply:
    client = openai_model.OpenAIModel(url, "scripted", timeout=5.0, retries=retries)
    return asyncio.run(client.complete(HELLO))


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
def test_passing_troubles_are_tried_again_as_often_as_set(status: int) -> None:
    trouble = testing.Scripted("trouble", status=status, headers=AT_ONCE)
    with testing.ScriptedServer([trouble, trouble, "hi"]) as server:
        assert ask(server.url, retries=2).text == "hi"
        assert len(server.requests) == 3
    with testing.ScriptedServer([trouble, trouble, "hi"]) as server:
        with pytest.raises(errors.Unavailable, match=str(status)):
            ask(server.url, retries=1)
        assert len(server.requests) == 2


def test_a_broken_connection_is_tried_again() -> None:
    with testing.ScriptedServer([testing.Scripted(drop=True), "hi"]) as server:
        assert ask(server.url, retries=1).text == "hi"
    assert len(server.requests) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_what_another_try_cannot_mend_is_not_tried_again(status: int) -> None:
    with testing.ScriptedServer([testing.Scripted("no", status=status), "hi"]) as server:
        with pytest.raises(errors.QuodError):
            ask(server.url, retries=3)
        assert len(server.requests) == 1


def test_an_endpoint_that_asks_for_minutes_is_not_waited_for() -> None:
    busy = testing.Scripted("come back later", status=429, headers={"Retry-After": "600"})
    with testing.ScriptedServer([busy, "hi"]) as server:
        with pytest.raises(errors.Unavailable, match="come back later"):
            ask(server.url, retries=3)
        assert len(server.requests) == 1


def test_a_stream_is_tried_again_while_nothing_of_it_came() -> None:
    busy, pieces = testing.Scripted("busy", status=503, headers=AT_ONCE), list[str]()
    with testing.ScriptedServer([busy, "streamed"]) as server:
        client = openai_model.OpenAIModel(server.url, "scripted", timeout=5.0, retries=1)
        asyncio.run(client.complete(HELLO, pieces.append))
    assert "".join(pieces) == "streamed"
