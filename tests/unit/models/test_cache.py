from __future__ import annotations

import asyncio
import dataclasses
import json
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quod import errors, jobs, testing
from quod.models import base, cache, roles, store
from quod.settings import Settings


def question(text: str = "what is 6 times 7?", **options: Any) -> base.Request:
    return base.Request([{"role": "user", "content": text}], **options)


def settings(folder: Path, url: str | None, **options: Any) -> Settings:
    given = {"model_url": url, "model": "scripted", "cache": "on", "cache_file": folder / "c.sqlite"}
    return Settings(_env_file=None, **{**given, **options})  # type: ignore[arg-type]


def ask(given: Settings, *requests: base.Request) -> tuple[list[base.Reply], jobs.Usage]:
    async def run() -> tuple[list[base.Reply], jobs.Usage]:
        models = roles.Models(given)
        replies = [await models.get("planner").complete(request) for request in requests]
        await models.aclose()
        return replies, models.usage

    return asyncio.run(run())


def test_a_question_is_asked_once_and_costs_nothing_the_second_time(tmp_path: Path) -> None:
    with testing.ScriptedServer(["42"]) as server:
        given = settings(tmp_path, server.url)
        first, used = ask(given, question())
        again, used_again = ask(given, question())
    assert (first[0].text, again[0].text) == ("42", "42")
    assert (used.model_calls, used.cached_replies, used.input_tokens) == (1, 0, 100)
    assert used_again == jobs.Usage(cached_replies=1)


def test_more_samples_reuse_the_first_ones(tmp_path: Path) -> None:
    with testing.ScriptedServer(["a", "b", "c"]) as server:
        given = settings(tmp_path, server.url)
        ask(given, *(question(sample=n) for n in range(2)))
        replies, used = ask(given, *(question(sample=n) for n in range(3)))
    assert [reply.text for reply in replies] == ["a", "b", "c"]
    assert (used.model_calls, used.cached_replies) == (1, 2)


@pytest.mark.parametrize(
    "accident",
    [
        testing.Scripted("cut", finish_reason="length"),
        testing.Scripted("", finish_reason="content_filter"),
        testing.Scripted("no", finish_reason="content_filter"),
        testing.Scripted(refusal="I will not"),
        testing.Scripted(""),
        testing.Scripted(" \n "),
    ],
)
def test_accidents_are_never_kept(accident: testing.Scripted, tmp_path: Path) -> None:
    with testing.ScriptedServer([accident, "42"]) as server:
        given = settings(tmp_path, server.url)
        ask(given, question())
        assert ask(given, question())[0][0].text == "42"


def test_errors_are_never_kept(tmp_path: Path) -> None:
    with testing.ScriptedServer([testing.Scripted("no", status=400), "42"]) as server:
        given = settings(tmp_path, server.url)
        with pytest.raises(errors.ToolFailed):
            ask(given, question())
        assert ask(given, question())[0][0].text == "42"


def test_questions_asked_at_the_same_time_are_asked_once(tmp_path: Path) -> None:
    async def run(given: Settings) -> jobs.Usage:
        models = roles.Models(given)
        pieces: list[str] = []
        calls = [models.get("planner").complete(question(), pieces.append if n else None) for n in range(5)]
        assert {reply.text for reply in await asyncio.gather(*calls)} == {"42"}
        assert pieces == ["42"] * 4
        return models.usage

    with testing.ScriptedServer([testing.Scripted("42", delay=0.1)], repeat_last=True) as server:
        used = asyncio.run(run(settings(tmp_path, server.url)))
    assert len(server.requests) == 1
    assert (used.model_calls, used.cached_replies) == (1, 4)


def test_who_waits_for_a_call_that_is_given_up_asks_itself(tmp_path: Path) -> None:
    async def run(given: Settings) -> str:
        model = roles.Models(given).get("planner")
        first = asyncio.create_task(model.complete(question()))
        second = asyncio.create_task(model.complete(question()))
        while not server.requests:
            await asyncio.sleep(0.01)
        first.cancel()
        reply = await second
        assert first.cancelled()
        return reply.text

    with testing.ScriptedServer([testing.Scripted("late", delay=30.0), "42"]) as server:
        assert asyncio.run(run(settings(tmp_path, server.url))) == "42"


def test_an_error_goes_to_all_who_wait(tmp_path: Path) -> None:
    async def run(given: Settings) -> list[Any]:
        model = roles.Models(given).get("planner")
        calls = [model.complete(question()) for _ in range(3)]
        return await asyncio.gather(*calls, return_exceptions=True)

    with testing.ScriptedServer([testing.Scripted("no", status=400, delay=0.1)]) as server:
        found = asyncio.run(run(settings(tmp_path, server.url)))
    assert len(server.requests) == 1
    assert all(isinstance(error, errors.ToolFailed) for error in found)


def test_replay_needs_no_endpoint(tmp_path: Path) -> None:
    with testing.ScriptedServer(["42"]) as server:
        url = server.url
        ask(settings(tmp_path, url), question())
    for where in (url, None):  # nobody listens there any more
        replies, used = ask(settings(tmp_path, where, cache="replay"), question())
        assert replies[0].text == "42"
        assert used == jobs.Usage(cached_replies=1)


def test_a_miss_of_replay_names_the_setting_and_the_question(tmp_path: Path) -> None:
    with testing.ScriptedServer(["42"]) as server:
        ask(settings(tmp_path, server.url), question())
        for other in (question("what is 7 times 7?"), question(sample=1)):
            with pytest.raises(
                errors.Misconfigured, match=r"QUOD_CACHE=replay.*what is . times 7.*QUOD_CACHE=on"
            ):
                ask(settings(tmp_path, server.url, cache="replay"), other)
        assert len(server.requests) == 1


def test_replay_at_another_url_says_where_the_reply_is(tmp_path: Path) -> None:
    with testing.ScriptedServer(["42"]) as server:
        ask(settings(tmp_path, server.url), question())
        elsewhere = settings(tmp_path, "http://model.example/v1", cache="replay")
        with pytest.raises(errors.Misconfigured, match=server.url):
            ask(elsewhere, question())


def test_replay_without_url_refuses_to_choose_between_endpoints(tmp_path: Path) -> None:
    with testing.ScriptedServer(["42"]) as one, testing.ScriptedServer(["43"]) as two:
        for server in (one, two):
            ask(settings(tmp_path, server.url), question())
        with pytest.raises(errors.Misconfigured, match="QUOD_MODEL_URL"):
            ask(settings(tmp_path, None, cache="replay"), question())
        assert ask(settings(tmp_path, two.url, cache="replay"), question())[0][0].text == "43"


def test_replay_of_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(errors.Misconfigured, match=r"c\.sqlite does not exist"):
        ask(settings(tmp_path, None, cache="replay"), question())
    assert not (tmp_path / "c.sqlite").exists()


def test_replay_from_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    with testing.ScriptedServer(["42"]) as server:
        ask(settings(tmp_path, server.url), question())
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        assert ask(settings(tmp_path, None, cache="replay"), question())[0][0].text == "42"
    finally:
        tmp_path.chmod(stat.S_IRWXU)


@pytest.mark.parametrize("mode", ["on", "replay"])
@pytest.mark.parametrize("content", [b"this is no database" * 100, b"SQLite format 3\x00" + b"\xff" * 4000])
def test_a_damaged_file_is_named_with_the_fix(tmp_path: Path, content: bytes, mode: str) -> None:
    (tmp_path / "c.sqlite").write_bytes(content)
    with pytest.raises(errors.Misconfigured, match=r"c\.sqlite is damaged.*delete it") as caught:
        ask(settings(tmp_path, "http://127.0.0.1:9/v1", cache=mode), question())
    assert caught.value.setting == "cache_file"


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "c.sqlite") as connection:
        connection.execute("CREATE TABLE mine (a)")
    connection.close()
    with pytest.raises(errors.Misconfigured, match="another program"):
        ask(settings(tmp_path, "http://127.0.0.1:9/v1"), question())


def test_a_reply_in_the_file_is_validated(tmp_path: Path) -> None:
    with testing.ScriptedServer(["42"]) as server:
        given = settings(tmp_path, server.url)
        ask(given, question())
        with sqlite3.connect(tmp_path / "c.sqlite") as connection:
            connection.execute("""UPDATE replies SET reply = '{"text": 3}'""")
        connection.close()
        with pytest.raises(errors.Misconfigured, match="a reply in it cannot be read"):
            ask(given, question())


def test_a_file_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    for name in ("file/c.sqlite", "file/further/c.sqlite"):
        with pytest.raises(errors.Misconfigured, match=r"c\.sqlite cannot be used") as caught:
            ask(settings(tmp_path, "http://127.0.0.1:9/v1", cache_file=tmp_path / name), question())
        assert caught.value.setting == "cache_file"


def test_the_file_holds_json_and_no_secret(tmp_path: Path) -> None:
    with testing.ScriptedServer(["42"]) as server:
        url = server.url.replace("127.0.0.1", "user:pass-word@127.0.0.1")
        ask(settings(tmp_path, url, api_key="sk-very-secret"), question())
    with sqlite3.connect(tmp_path / "c.sqlite") as connection:
        [(where, request, reply)] = connection.execute("SELECT url, request, reply FROM replies").fetchall()
    connection.close()
    assert where == server_place(url)
    assert json.loads(request)["messages"][0]["content"] == "what is 6 times 7?"
    assert json.loads(reply)["text"] == "42"
    for file in tmp_path.iterdir():
        assert b"secret" not in file.read_bytes()
        assert b"pass-word" not in file.read_bytes()


def server_place(url: str) -> str:
    return url.replace("user:pass-word@", "")


def test_many_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    async def run() -> None:
        stores = [store.Store(tmp_path / "new" / "c.sqlite") for _ in range(8)]
        puts = [
            asyncio.to_thread(kept.put, f"q{n}-{m}", "u", 0, "{}", base.Reply("x"))
            for n, kept in enumerate(stores)
            for m in range(5)
        ]
        await asyncio.gather(*puts)
        for n in range(8):
            for m in range(5):
                assert stores[0].find(f"q{n}-{m}", 0)

    asyncio.run(run())


texts = st.text(max_size=8)
schemas = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)
requests = st.builds(
    base.Request,
    messages=st.lists(st.fixed_dictionaries({"role": texts, "content": texts}), min_size=1, max_size=3),
    schema=st.none() | st.dictionaries(texts, schemas, max_size=4),
    temperature=st.none() | st.floats(0, 2),
    max_tokens=st.none() | st.integers(1, 9),
    seed=st.none() | st.integers(0, 9),
    stop=st.lists(texts, max_size=2),
)


def turned(value: Any) -> Any:
    """The same JSON value with the keys of every object the other way round."""
    if isinstance(value, dict):
        return {key: turned(inner) for key, inner in reversed(value.items())}
    return [turned(inner) for inner in value] if isinstance(value, list) else value


@given(requests)
def test_the_order_of_keys_does_not_change_a_question(request: base.Request) -> None:
    messages = [turned(dict(message)) for message in request.messages]
    other = dataclasses.replace(
        request, messages=messages, schema=turned(request.schema), stop=tuple(request.stop), sample=3
    )
    assert cache.question("m", request, 5) == cache.question("m", other, 5)


@given(requests, requests)
def test_everything_else_does(one: base.Request, two: base.Request) -> None:
    def canonical(request: base.Request) -> Any:
        return (
            [dict(message) for message in request.messages],
            json.dumps(request.schema, sort_keys=True),
            request.temperature,
            request.max_tokens or 5,
            request.seed,
            list(request.stop),
        )

    assert (cache.question("m", one, 5) == cache.question("m", two, 5)) == (canonical(one) == canonical(two))


@given(requests, st.data())
def test_each_part_counts(request: base.Request, data: st.DataObject) -> None:
    changes: dict[str, Any] = {
        "messages": [*request.messages, {"role": "user", "content": ""}],
        "schema": {"type": "null", "new": request.schema},
        "temperature": 1.0 if request.temperature is None else None,
        "max_tokens": (request.max_tokens or 5) + 1,
        "seed": 5 if request.seed is None else None,
        "stop": [*request.stop, "x"],
    }
    name = data.draw(st.sampled_from(sorted(changes)))
    other = dataclasses.replace(request, **{name: changes[name]})
    assert cache.question("m", request, 5) != cache.question("m", other, 5)
    assert cache.question("m", request, 5) != cache.question("n", request, 5)


def test_the_place_of_an_endpoint_is_its_url_without_secrets_and_slashes() -> None:
    assert cache.place("https://me:key@Host.example:8000/v1/?k=1") == "https://host.example:8000/v1"
