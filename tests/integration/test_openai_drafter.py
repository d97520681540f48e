"""The drafter `openai` from words to certificate, over real HTTP against a scripted endpoint."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from quod import Client, errors, jobs, settings, testing

TEXT = (
    "A stall sells jam at $4 and tea at $3. At most 20 jars fit, and it must hold at least 5 jars of tea. "
    "Maximize the revenue."
)


def reply(**change: Any) -> str:
    document = {
        "variables": [
            {"name": "jam", "label": "jam", "domain": "integer"},
            {"name": "tea", "label": "tea", "domain": "integer"},
        ],
        "objective": {"sense": "maximize", "expression": "4*jam + 3*tea", "evidence": ["$4", "$3"]},
        "constraints": [
            {"name": "room", "expression": "jam + tea <= 20", "evidence": ["At most 20"]},
            {"name": "tea_min", "expression": "tea >= 5", "evidence": ["at least 5"]},
        ],
    }
    return json.dumps({**document, **change})


def client(server: testing.ScriptedServer, **overrides: Any) -> Client:
    return Client(drafter="openai", model_url=server.url, model="scripted", **overrides)


def test_words_become_a_certified_answer() -> None:
    with testing.ScriptedServer([reply()]) as server, client(server) as quod:
        result = quod.solve(TEXT)
    assert result.status is jobs.Status.SOLVED
    assert result.answer is not None
    assert result.answer["objective"] == "75"
    assert result.usage.model_calls == 1
    assert result.check().strength == "exact"


def test_what_the_checks_say_is_mended_by_the_model() -> None:
    wrong_name = reply(
        objective={"sense": "maximize", "expression": "4*jam + 3*te", "evidence": ["$4", "$3"]}
    )
    forgotten = reply(
        constraints=[{"name": "room", "expression": "jam + tea <= 20", "evidence": ["At most 20"]}]
    )
    with testing.ScriptedServer([wrong_name, forgotten, reply()]) as server, client(server) as quod:
        result = quod.solve(TEXT)
    corrections = [request.messages[-1]["content"] for request in server.requests[1:]]
    assert "te" in corrections[0]
    assert "'5'" in corrections[1] or "5" in corrections[1]
    assert result.answer is not None
    assert result.answer["objective"] == "75"
    assert result.usage.model_calls == 3


def test_a_model_that_never_gets_it_right_is_unsolved_with_its_candidate() -> None:
    forgotten = reply(
        constraints=[{"name": "room", "expression": "jam + tea <= 20", "evidence": ["At most 20"]}]
    )
    with testing.ScriptedServer([forgotten] * 2) as server, client(server, repair_rounds=1) as quod:
        result = quod.solve(TEXT)
    assert result.status is jobs.Status.UNSOLVED
    assert result.candidate is not None
    assert any("5" in problem for problem in result.not_understood)
    with pytest.raises(errors.CertificateRejected):
        result.check()


def test_infeasible_is_fed_back_once_and_then_certified() -> None:
    contradictory = (
        "A stall holds at least 5 jars of tea. At most 3 jars of tea fit. Maximize the jars of tea."
    )
    document = json.dumps(
        {
            "variables": [{"name": "tea", "label": "tea", "domain": "integer"}],
            "objective": {"sense": "maximize", "expression": "tea"},
            "constraints": [
                {"name": "low", "expression": "tea >= 5", "evidence": ["at least 5"]},
                {"name": "high", "expression": "tea <= 3", "evidence": ["At most 3"]},
            ],
        }
    )
    with testing.ScriptedServer([document] * 2) as server, client(server) as quod:
        result = quod.solve(contradictory)
    assert "infeasible" in server.requests[1].messages[-1]["content"]
    assert result.termination is jobs.Termination.INFEASIBLE
    assert result.check().kind == "infeasibility"


def test_an_endpoint_that_is_down_can_be_tried_again() -> None:
    down = testing.Scripted("down", status=500, headers={"Retry-After": "0"})
    server, unavailable = testing.ScriptedServer([down], repeat_last=True), pytest.raises(errors.Unavailable)
    with server, client(server) as quod, unavailable as caught:
        quod.solve(TEXT)
    assert "500" in str(caught.value)


def test_a_missing_model_is_named() -> None:
    with Client(drafter="openai") as quod, pytest.raises(errors.Misconfigured, match="QUOD_MODEL_URL"):
        quod.solve(TEXT)


def test_the_formulator_can_have_a_model_of_its_own() -> None:
    endpoint = settings.Endpoint(model="careful")
    with testing.ScriptedServer([reply()]) as server, client(server, roles={"formulator": endpoint}) as quod:
        assert quod.solve(TEXT).status is jobs.Status.SOLVED
    assert server.requests[0].json["model"] == "careful"


def test_a_recorded_solve_is_replayed_without_any_endpoint(tmp_path: Path) -> None:
    kept = {"cache_file": tmp_path / "replies.sqlite"}
    with testing.ScriptedServer([reply()]) as server, client(server, cache="on", **kept) as quod:
        recorded = quod.solve(TEXT)
    with Client(drafter="openai", model="scripted", cache="replay", **kept) as quod:
        replayed = quod.solve(TEXT)
        with pytest.raises(errors.Misconfigured, match="QUOD_CACHE=replay"):
            quod.solve(TEXT + " Jars are blue.")
    assert replayed.answer == recorded.answer
    assert (replayed.usage.model_calls, replayed.usage.cached_replies) == (0, 1)
    assert replayed.check().strength == "exact"


def test_what_a_solve_cost_is_in_its_result(tmp_path: Path) -> None:
    scripted = testing.Scripted(
        reply(), input_tokens=2000, cached_tokens=1500, output_tokens=1000, reasoning_tokens=600
    )
    with testing.ScriptedServer([scripted]) as server:
        price = {
            "host": server.url.split("/")[2],
            "model": "scripted",
            "input": 2,
            "cached_input": 1,
            "output": 4,
        }
        table = tmp_path / "prices.json"
        table.write_text(json.dumps({"as_of": "2026-11-01", "source": "a test", "prices": [price]}))
        with client(server, prices=table) as quod:
            usage = quod.solve(TEXT).usage
    assert (usage.cached_tokens, usage.reasoning_tokens) == (1500, 600)
    assert usage.cost == 0.0065  # (500*2 + 1500*1 + 1000*4) / 10^6
