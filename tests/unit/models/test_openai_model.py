from __future__ import annotations

import socket

import pytest

from quod import errors, testing
from quod.models import openai_model
from quod.settings import Settings

MESSAGES = [{"role": "user", "content": "hello"}]
SCHEMA = {"type": "object", "properties": {"a": {"type": "number"}}}


def model(url: str, **options: float) -> openai_model.OpenAIModel:
    return openai_model.OpenAIModel(
        url, "scripted", timeout=options.get("timeout", 10.0), retries=int(options.get("retries", 0))
    )


def test_a_reply_with_its_usage_and_the_schema_in_the_request() -> None:
    with testing.ScriptedServer([testing.Scripted('{"a": 1}', input_tokens=7, output_tokens=3)]) as server:
        reply = model(server.url).complete(MESSAGES, SCHEMA)
    assert (reply.text, reply.finish_reason) == ('{"a": 1}', "stop")
    assert (reply.usage.model_calls, reply.usage.input_tokens, reply.usage.output_tokens) == (1, 7, 3)
    request = server.requests[0].json
    assert request["model"] == "scripted"
    assert request["response_format"]["json_schema"]["schema"] == SCHEMA
    assert list(server.requests[0].messages) == MESSAGES


def test_truncation_is_visible() -> None:
    with testing.ScriptedServer([testing.Scripted('{"a', finish_reason="length")]) as server:
        assert model(server.url).complete(MESSAGES).finish_reason == "length"


def test_the_key_of_the_settings_is_sent() -> None:
    with testing.ScriptedServer(["hi"]) as server:
        settings = Settings(model_url=server.url, model="scripted", api_key="secret-key")
        openai_model.OpenAIModel.from_settings(settings).complete(MESSAGES)
    headers = {name.lower(): value for name, value in server.requests[0].headers.items()}
    assert headers["authorization"] == "Bearer secret-key"


def test_an_endpoint_without_schemas_is_asked_without_them_from_then_on() -> None:
    refused = testing.Scripted("response_format is not supported", status=400)
    with testing.ScriptedServer([refused, "one", "two"]) as server:
        client = model(server.url)
        assert client.complete(MESSAGES, SCHEMA).text == "one"
        assert client.complete(MESSAGES, SCHEMA).text == "two"
    assert ["response_format" in r.json for r in server.requests] == [True, False, False]


def test_a_busy_endpoint_is_asked_again() -> None:
    busy = testing.Scripted("slow down", status=429, headers={"Retry-After": "0"})
    with testing.ScriptedServer([busy, "hi"]) as server:
        assert model(server.url, retries=1).complete(MESSAGES).text == "hi"


@pytest.mark.parametrize(
    ("reply", "error", "says"),
    [
        (testing.Scripted("slow down", status=429), errors.Unavailable, "429"),
        (testing.Scripted("broken", status=503), errors.Unavailable, "503"),
        (testing.Scripted("who are you", status=401), errors.Misconfigured, "QUOD_API_KEY"),
        (testing.Scripted("not for you", status=403), errors.Misconfigured, "QUOD_API_KEY"),
        (testing.Scripted("no such model", status=404), errors.Misconfigured, "QUOD_MODEL"),
        (testing.Scripted("too long", status=400), errors.ToolFailed, "too long"),
        (testing.Scripted(body=b'{"choices": []}'), errors.ToolFailed, "not a chat completion"),
        (testing.Scripted(body=b'"hello"'), errors.ToolFailed, "not a chat completion"),
        (testing.Scripted(body=b"<html>"), errors.ToolFailed, "127.0.0.1"),
        (testing.Scripted(drop=True), errors.Unavailable, "cannot be reached"),
    ],
)
def test_errors_go_to_who_has_to_act(
    reply: testing.Scripted, error: type[errors.QuodError], says: str
) -> None:
    with testing.ScriptedServer([reply]) as server, pytest.raises(error, match=says):
        model(server.url).complete(MESSAGES)


def test_a_slow_endpoint_is_unavailable() -> None:
    late = testing.Scripted("late", delay=5.0)
    with testing.ScriptedServer([late]) as server, pytest.raises(errors.Unavailable, match="TIMEOUT"):
        model(server.url, timeout=0.2).complete(MESSAGES)


def test_nobody_listens() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(errors.Unavailable, match="cannot be reached"):
        model(f"http://127.0.0.1:{port}/v1").complete(MESSAGES)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, "QUOD_MODEL_URL is not set"),
        ({"model_url": "http://localhost:8000/v1"}, "QUOD_MODEL is not set"),
        ({"model_url": "localhost:8000", "model": "m"}, "QUOD_MODEL_URL: 'localhost:8000' is not a URL"),
    ],
)
def test_missing_settings_are_named(settings: dict[str, str], says: str) -> None:
    with pytest.raises(errors.Misconfigured, match=says):
        openai_model.OpenAIModel.from_settings(Settings(_env_file=None, **settings))  # type: ignore[arg-type]
