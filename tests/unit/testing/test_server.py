from __future__ import annotations

import concurrent.futures
import contextlib
import http.client
import json
import threading
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


def lines(url: str, document: Any) -> list[Any]:
    """The events of a streamed completion."""
    body = json.dumps({**document, "stream": True}).encode()
    request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        data = [line[6:].strip() for line in answer if line.startswith(b"data: ")]
    assert data[-1] == b"[DONE]"
    return [json.loads(item) for item in data[:-1]]


def test_a_stream_comes_in_tokens_with_usage_where_it_is_asked_for() -> None:
    reply = testing.Scripted("one two", finish_reason="length", input_tokens=9, cached_tokens=4)
    with testing.ScriptedServer([reply], repeat_last=True) as server:
        url = f"{server.url}/chat/completions"
        plain = lines(url, {})
        counted = lines(url, {"stream_options": {"include_usage": True}})
    assert [event["choices"][0]["delta"].get("content") for event in plain] == ["", "one ", "two", None]
    assert plain[-1]["choices"][0]["finish_reason"] == "length"
    assert counted[-1]["choices"] == []
    assert counted[-1]["usage"]["prompt_tokens"] == 9
    assert counted[-1]["usage"]["prompt_tokens_details"] == {"cached_tokens": 4}


def test_a_function_answers_requests_by_what_they_ask() -> None:
    def answer(request: testing.Request) -> str | testing.Scripted:
        asked = request.messages[-1]["content"]
        return testing.Scripted(asked[::-1], delay=0.05) if asked == "slow" else asked.upper()

    def ask(text: str) -> str:
        said = post(f"{server.url}/chat/completions", {"messages": [{"role": "user", "content": text}]})
        return str(said["choices"][0]["message"]["content"])

    with testing.ScriptedServer(answer) as server, concurrent.futures.ThreadPoolExecutor(8) as pool:
        texts = ["slow", *"abcdefg"]
        assert list(pool.map(ask, texts)) == ["wols", *"ABCDEFG"]
    assert len(server.requests) == 8
    assert 1 <= server.most_at_once <= 8


def test_a_function_that_fails_is_an_error_of_the_server_with_its_message() -> None:
    def broken(request: testing.Request) -> str:
        raise KeyError("colour")

    with testing.ScriptedServer(broken) as server:
        with pytest.raises(urllib.error.HTTPError, match="500") as caught:
            post(f"{server.url}/chat/completions", {})
        assert "KeyError('colour')" in caught.value.read().decode()
        caught.value.close()


def test_requests_at_the_same_time_are_counted() -> None:
    gate = threading.Barrier(4)

    def together(request: testing.Request) -> str:
        gate.wait(10)
        return "met"

    with testing.ScriptedServer(together) as server, concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: post(f"{server.url}/chat/completions", {}), range(4)))
    assert len(answers) == 4
    assert server.most_at_once == 4


def test_the_models_say_whose_they_are() -> None:
    server = testing.ScriptedServer(owned_by="vllm")
    with server, urllib.request.urlopen(f"{server.url}/models", timeout=10) as answer:
        assert json.load(answer)["data"][0]["owned_by"] == "vllm"
    assert server.listed == 1


def test_the_end_of_the_server_ends_what_it_is_sending() -> None:
    endless = testing.Scripted("word " * 100_000, seconds_per_token=0.01)
    with testing.ScriptedServer([endless]) as server:
        body = json.dumps({"stream": True}).encode()
        request = urllib.request.Request(f"{server.url}/chat/completions", data=body)
        answer = urllib.request.urlopen(request, timeout=10)
        assert answer.readline().startswith(b"data: ")
    read = 0
    with answer, contextlib.suppress(OSError, http.client.HTTPException):
        while answer.readline():
            read += 1
    assert read < 100_000
