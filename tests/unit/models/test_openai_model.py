from __future__ import annotations

import asyncio
import gc
import socket
from typing import Any

import pytest

from quod import errors, testing
from quod.models import base, openai_model
from quod.settings import Settings

MESSAGES = [{"role": "user", "content": "hello"}]
SCHEMA = {"type": "object", "properties": {"a": {"type": "number"}}}
REFUSED = testing.Scripted("response_format is not supported", status=400)


def model(url: str, **options: Any) -> openai_model.OpenAIModel:
    return openai_model.OpenAIModel(url, "scripted", **{"timeout": 10.0, "retries": 0, **options})


def ask(client: openai_model.OpenAIModel, *schemas: Any, **options: Any) -> list[base.Reply]:
    async def run() -> list[base.Reply]:
        return [
            await client.complete(base.Request(MESSAGES, schema, **options)) for schema in schemas or [None]
        ]

    return asyncio.run(run())


def test_a_reply_with_its_usage_and_the_schema_in_the_request() -> None:
    scripted = testing.Scripted(
        '{"a": 1}', input_tokens=7, output_tokens=5, cached_tokens=4, reasoning_tokens=2
    )
    with testing.ScriptedServer([scripted]) as server:
        [reply] = ask(model(server.url), SCHEMA)
    assert (reply.text, reply.finish_reason) == ('{"a": 1}', "stop")
    assert (reply.usage.model_calls, reply.usage.input_tokens, reply.usage.output_tokens) == (1, 7, 5)
    assert (reply.usage.cached_tokens, reply.usage.reasoning_tokens) == (4, 2)
    assert reply.usage.cost is None
    request = server.requests[0].json
    assert request["model"] == "scripted"
    assert request["response_format"]["json_schema"]["schema"] == SCHEMA
    assert list(server.requests[0].messages) == MESSAGES


def test_what_the_request_says_is_sent_and_samples_get_seeds_of_their_own() -> None:
    with testing.ScriptedServer(["hi", "hi"]) as server:
        client = model(server.url, max_tokens=77)
        ask(client, temperature=0.5, seed=40, sample=2, stop=["\n"], max_tokens=9)
        ask(client)
    full, bare = (request.json for request in server.requests)
    assert (full["temperature"], full["seed"], full["stop"], full["max_tokens"]) == (0.5, 42, ["\n"], 9)
    assert bare["max_tokens"] == 77
    assert not {"temperature", "seed", "stop", "response_format"} & set(bare)


def test_truncations_and_refusals_are_visible() -> None:
    cut, refused = testing.Scripted('{"a', finish_reason="length"), testing.Scripted(refusal="I will not")
    with testing.ScriptedServer([cut, refused]) as server:
        replies = ask(model(server.url), None, None)
    assert [reply.finish_reason for reply in replies] == ["length", "refusal"]
    assert replies[1].text == "I will not"


def test_a_reply_without_usage_has_no_tokens() -> None:
    with testing.ScriptedServer([testing.Scripted("hi", usage=False)]) as server:
        [reply] = ask(model(server.url))
    assert (reply.usage.model_calls, reply.usage.input_tokens, reply.usage.output_tokens) == (1, 0, 0)


def test_the_key_of_the_settings_is_sent() -> None:
    with testing.ScriptedServer(["hi"]) as server:
        settings = Settings(model_url=server.url, model="scripted", api_key="secret-key")
        ask(openai_model.OpenAIModel.from_settings(settings))
    headers = {name.lower(): value for name, value in server.requests[0].headers.items()}
    assert headers["authorization"] == "Bearer secret-key"


def test_no_list_of_models_is_fetched_while_schemas_are_taken() -> None:
    with testing.ScriptedServer(["one"], owned_by="vllm") as server:
        ask(model(server.url), SCHEMA)
    assert server.listed == 0


@pytest.mark.parametrize(
    "said",
    ["response_format is not supported", "unknown field json_schema", "There is no JSON Schema mode here"],
)
def test_an_endpoint_without_schemas_is_asked_without_them_from_then_on(said: str) -> None:
    with testing.ScriptedServer([testing.Scripted(said, status=400), "one", "two"]) as server:
        assert [reply.text for reply in ask(model(server.url), SCHEMA, SCHEMA)] == ["one", "two"]
    assert ["response_format" in r.json for r in server.requests] == [True, False, False]
    assert server.listed == 1


@pytest.mark.parametrize(
    ("refusal", "owned_by"),
    [
        ("response_format is not supported", "vllm"),
        ("use structured_outputs instead of response_format", "me"),
    ],
)
def test_vllm_is_given_the_schema_its_own_way(refusal: str, owned_by: str) -> None:
    script = [testing.Scripted(refusal, status=400), "one", "two"]
    with testing.ScriptedServer(script, owned_by=owned_by) as server:
        ask(model(server.url), SCHEMA, SCHEMA)
    assert [r.json.get("structured_outputs") for r in server.requests] == [None, *[{"json": SCHEMA}] * 2]


def test_what_one_model_object_learned_the_next_of_the_loop_knows() -> None:
    async def run(url: str) -> None:
        for _ in range(2):
            await model(url).complete(base.Request(MESSAGES, SCHEMA))

    with testing.ScriptedServer([REFUSED, "one", "two"]) as server:
        asyncio.run(run(server.url))
    assert len(server.requests) == 3


def test_an_endpoint_that_knows_neither_way_gets_no_schema() -> None:
    other = testing.Scripted("structured_outputs is unknown", status=400)
    with testing.ScriptedServer([REFUSED, other, "one"], owned_by="vllm") as server:
        assert ask(model(server.url), SCHEMA)[0].text == "one"
    assert not {"response_format", "structured_outputs"} & set(server.requests[2].json)


def test_concurrent_calls_share_what_is_learned() -> None:
    def answer(request: testing.Request) -> testing.Scripted:
        return REFUSED if "response_format" in request.json else testing.Scripted("fine", delay=0.01)

    async def run(url: str) -> list[base.Reply]:
        client = model(url)
        return await asyncio.gather(*(client.complete(base.Request(MESSAGES, SCHEMA)) for _ in range(6)))

    with testing.ScriptedServer(answer) as server:
        assert {reply.text for reply in asyncio.run(run(server.url))} == {"fine"}
    assert server.listed == 1


def test_a_model_that_wants_the_newer_name_of_the_limit_gets_it() -> None:
    said = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
    with testing.ScriptedServer([testing.Scripted(said, status=400), "one", "two"]) as server:
        ask(model(server.url, max_tokens=5), None, None)
    assert [r.json.get("max_completion_tokens") for r in server.requests] == [None, 5, 5]
    assert "max_tokens" not in server.requests[1].json


@pytest.mark.parametrize(
    "said",
    [
        "Invalid schema for response_format 'reply': 'format' is not permitted",
        "The provided JSON schema contains features not supported by xgrammar.",
    ],
)
def test_one_schema_that_is_refused_does_not_end_schemas(said: str) -> None:
    script = [testing.Scripted(said, status=400), "one", "two"]
    with testing.ScriptedServer(script, owned_by="vllm") as server:
        assert [reply.text for reply in ask(model(server.url), SCHEMA, SCHEMA)] == ["one", "two"]
    assert ["response_format" in request.json for request in server.requests] == [True, False, True]
    assert server.listed == 0


def test_a_limit_that_is_too_large_is_not_taken_for_a_wrong_name() -> None:
    said = "'max_tokens' or 'max_completion_tokens' is too large: 9. The context has 8 tokens."
    with testing.ScriptedServer([testing.Scripted(said, status=400)]) as server:
        with pytest.raises(errors.ToolFailed, match="too large"):
            ask(model(server.url))
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("reply", "error", "says"),
    [
        (testing.Scripted("slow down", status=429), errors.Unavailable, "429"),
        (testing.Scripted("broken", status=503), errors.Unavailable, "503"),
        (testing.Scripted("too slow", status=408), errors.Unavailable, "408"),
        (testing.Scripted("locked", status=409), errors.Unavailable, "409"),
        (testing.Scripted("who are you", status=401), errors.Misconfigured, "QUOD_API_KEY"),
        (testing.Scripted("not for you", status=403), errors.Misconfigured, "QUOD_API_KEY"),
        (testing.Scripted("no such model", status=404), errors.Misconfigured, "QUOD_MODEL"),
        (testing.Scripted("too long", status=400), errors.ToolFailed, "too long"),
        (testing.Scripted("no such role", status=422), errors.ToolFailed, "no such role"),
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
        ask(model(server.url))


def test_no_secret_reaches_a_message() -> None:
    echo = testing.Scripted("the key sk-very-secret is wrong", status=401)
    with testing.ScriptedServer([echo]) as server:
        url = server.url.replace("127.0.0.1", "user:pass-word@127.0.0.1")
        client = openai_model.OpenAIModel(url, "scripted", "sk-very-secret", retries=0)
        with pytest.raises(errors.QuodError) as caught:
            ask(client)
    assert "127.0.0.1" in str(caught.value)
    assert caught.value.__suppress_context__
    assert caught.value.__cause__ is None  # the library's error repeats what the endpoint said
    for secret in ("sk-very-secret", "pass-word"):
        assert secret not in str(caught.value)


def test_a_slow_endpoint_is_unavailable() -> None:
    late = testing.Scripted("late", delay=5.0)
    with testing.ScriptedServer([late]) as server, pytest.raises(errors.Unavailable, match="TIMEOUT"):
        ask(model(server.url, timeout=0.2))


def test_nobody_listens() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(errors.Unavailable, match="cannot be reached"):
        ask(model(f"http://127.0.0.1:{port}/v1"))


def test_one_model_serves_several_event_loops_and_leaves_nothing_open() -> None:
    with testing.ScriptedServer(["hi"], repeat_last=True) as server:
        client = model(server.url)
        for _ in range(3):
            assert ask(client)[0].text == "hi"
            gc.collect()  # an open connection would be a ResourceWarning, an error here


def test_closing_keeps_what_another_model_of_the_loop_still_uses() -> None:
    async def run(url: str) -> None:
        first, second = model(url), model(url)
        await first.complete(base.Request(MESSAGES))
        await second.complete(base.Request(MESSAGES))
        await first.aclose()
        await second.complete(base.Request(MESSAGES))
        await second.aclose()
        await first.complete(base.Request(MESSAGES))  # opens anew
        await first.aclose()
        await first.aclose()

    with testing.ScriptedServer(["hi"], repeat_last=True) as server:
        asyncio.run(run(server.url))
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, "QUOD_MODEL_URL is not set"),
        ({"model_url": "http://localhost:8000/v1"}, "QUOD_MODEL is not set"),
        ({"model_url": "localhost:8000", "model": "m"}, "QUOD_MODEL_URL: 'localhost:8000' is not a URL"),
        ({"model_url": "http://localhost/v1?a=b", "model": "m"}, "QUOD_MODEL_URL: a base URL has no query"),
    ],
)
def test_missing_settings_are_named(settings: dict[str, str], says: str) -> None:
    with pytest.raises(errors.Misconfigured, match=says):
        openai_model.OpenAIModel.from_settings(Settings(_env_file=None, **settings))  # type: ignore[arg-type]
