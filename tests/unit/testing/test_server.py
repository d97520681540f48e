from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from quod import testing


def post(url: str, document: Any, raw: bytes | None = None) -> Any:
    body = json.dumps(document).encode() if raw is None else raw
    request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def test_replies_come_in_order_and_requests_are_recorded() -> None:
    asked = {"model": "m", "messages": [{"role": "user", "content": "first"}]}
    with testing.ScriptedServer(["one", testing.Scripted("two", output_tokens=9)]) as server:
        one = post(f"{server.url}/chat/completions", asked)
        two = post(f"{server.url}/chat/completions", asked)
    assert [one["choices"][0]["message"]["content"], two["choices"][0]["message"]["content"]] == [
        "one",
        "two",
    ]
    assert two["usage"]["completion_tokens"] == 9
    assert [r.messages[0]["content"] for r in server.requests] == ["first", "first"]


def test_the_end_of_the_script_is_an_error_unless_the_last_reply_repeats() -> None:
    with testing.ScriptedServer(["one"]) as server:
        post(f"{server.url}/chat/completions", {})
        with pytest.raises(urllib.error.HTTPError, match="410") as caught:
            post(f"{server.url}/chat/completions", {})
        assert "no more replies" in caught.value.read().decode()
        caught.value.close()
    with testing.ScriptedServer(["one"], repeat_last=True) as server:
        for _ in range(3):
            assert post(f"{server.url}/chat/completions", {})["choices"][0]["message"]["content"] == "one"


@pytest.mark.parametrize(
    ("path", "body", "status"), [("/other", b"{}", 404), ("/chat/completions", b"{", 400)]
)
def test_wrong_requests_are_refused_and_not_recorded(path: str, body: bytes, status: int) -> None:
    with testing.ScriptedServer(["one"]) as server:
        with pytest.raises(urllib.error.HTTPError) as caught:
            post(server.url + path, None, raw=body)
        assert caught.value.code == status
        caught.value.close()
        assert server.requests == []


def test_models_are_listed_and_the_server_starts_again() -> None:
    server = testing.ScriptedServer(["one"], repeat_last=True)
    for _ in range(2):
        with server, urllib.request.urlopen(f"{server.url}/models", timeout=10) as answer:
            assert json.load(answer)["data"][0]["id"] == "scripted"
    with pytest.raises(RuntimeError, match="not running"):
        server.url  # noqa: B018
