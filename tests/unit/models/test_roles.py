from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from quod import errors, testing
from quod.models import base, roles
from quod.settings import Endpoint, Role, Settings

HELLO = base.Request([{"role": "user", "content": "hello"}])


def settings(**given: Any) -> Settings:
    return Settings(_env_file=None, **given)  # type: ignore[call-arg]


def keys(server: testing.ScriptedServer) -> list[str]:
    found = [{name.lower(): value for name, value in request.headers.items()} for request in server.requests]
    return [headers["authorization"].removeprefix("Bearer ") for headers in found]


def ask(given: Settings, *wanted: Role) -> list[str]:
    async def run() -> list[str]:
        models = roles.Models(given)
        return [(await models.get(role).complete(HELLO)).text for role in wanted]

    return asyncio.run(run())


def test_a_small_decomposer_drives_a_large_solver() -> None:
    with testing.ScriptedServer(["large"] * 2) as large, testing.ScriptedServer(["small"]) as small:
        given = settings(
            model_url=large.url,
            model="large",
            api_key="large-key",
            roles={"decomposer": Endpoint(url=small.url, model="small", api_key="small-key")},
        )
        assert ask(given, "planner", "decomposer", "prover") == ["large", "small", "large"]
    assert [request.json["model"] for request in (*large.requests, *small.requests)] == [
        "large",
        "large",
        "small",
    ]
    assert (keys(large), keys(small)) == (["large-key"] * 2, ["small-key"])


def test_a_role_takes_what_it_does_not_say_from_the_default() -> None:
    with testing.ScriptedServer(["hi"] * 3) as server:
        given = settings(
            model_url=server.url,
            model="large",
            api_key="the-key",
            roles={"coder": Endpoint(model="code"), "joiner": Endpoint(url=server.url)},
        )
        ask(given, "coder", "joiner", "planner")
    assert [request.json["model"] for request in server.requests] == ["code", "large", "large"]
    assert keys(server) == ["the-key"] * 3


def test_the_default_key_does_not_go_to_another_host() -> None:
    with testing.ScriptedServer(["hi"]) as here, testing.ScriptedServer(["hi"]) as there:
        given = settings(
            model_url=here.url, model="m", api_key="the-key", roles={"coder": Endpoint(url=there.url)}
        )
        ask(given, "planner", "coder")
    assert (keys(here), keys(there)) == (["the-key"], ["none"])


def test_roles_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with testing.ScriptedServer(["hi"]) as server:
        monkeypatch.setenv("QUOD_MODEL_URL", server.url)
        monkeypatch.setenv("QUOD_ROLES__DECOMPOSER__MODEL", "tiny")
        given = settings()
        assert roles.Models(given).configured("decomposer")
        assert not roles.Models(given).configured("planner")
        ask(given, "decomposer")
    assert server.requests[0].json["model"] == "tiny"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "QUOD_MODEL_URL"),
        ({"model": "m"}, "QUOD_MODEL_URL or QUOD_ROLES__DECOMPOSER__URL"),
        ({"model_url": "http://localhost:8000/v1"}, "QUOD_MODEL or QUOD_ROLES__DECOMPOSER__MODEL"),
        ({"cache": "replay"}, "QUOD_MODEL or QUOD_ROLES__DECOMPOSER__MODEL"),
        ({"cache": "on", "model": "m"}, "QUOD_MODEL_URL"),
        ({"model": "m", "model_url": "here"}, "QUOD_MODEL_URL: 'here' is not a URL"),
    ],
)
def test_what_is_missing_is_named_before_any_call(given: dict[str, Any], says: str) -> None:
    models = roles.Models(settings(**given))
    with pytest.raises(errors.Misconfigured, match=says):
        models.get("decomposer")


def test_replay_is_configured_without_an_endpoint(tmp_path: Path) -> None:
    given = settings(cache="replay", model="m", data_dir=tmp_path)
    assert roles.Models(given).configured("planner")
    with pytest.raises(errors.Misconfigured, match=r"cache\.sqlite does not exist"):
        ask(given, "planner")


def test_overrides_stand_in_for_one_role_or_for_all() -> None:
    async def run() -> list[str]:
        one, rest = testing.ScriptedModel(["one"]), testing.ScriptedModel(["rest"], repeat_last=True)
        models = roles.Models(settings(), overrides={"planner": one, "*": rest})
        assert models.configured("planner")
        assert models.configured("joiner")
        asked = [(await models.get(role).complete(HELLO)).text for role in ("planner", "joiner", "coder")]
        assert models.usage.model_calls == 3
        return asked

    assert asyncio.run(run()) == ["one", "rest", "rest"]


def test_what_all_models_used_is_one_sum() -> None:
    async def run(given: Settings) -> None:
        models = roles.Models(given)
        await asyncio.gather(*(models.get(role).complete(HELLO) for role in ("planner", "joiner")))
        assert (models.usage.model_calls, models.usage.input_tokens) == (2, 200)
        await models.aclose()

    with testing.ScriptedServer(["hi"] * 2) as server:
        asyncio.run(run(settings(model_url=server.url, model="m")))
