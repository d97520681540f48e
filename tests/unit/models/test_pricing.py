from __future__ import annotations

import asyncio
import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from quod import errors, jobs, testing
from quod.models import base, pricing, roles
from quod.settings import Settings

ENTRY = {"host": "gpu.example:8000", "model": "small", "input": "0.10", "output": 0.3}
TABLE = {"as_of": "2026-11-01", "source": "our own bill", "prices": [ENTRY]}


def write(folder: Path, document: Any) -> Path:
    path = folder / "prices.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def test_cached_and_reasoning_tokens_are_counted_once_each_and_exactly() -> None:
    price = pricing.Price(input=Decimal("2.50"), cached_input=Decimal("0.25"), output=Decimal("15"))
    usage = jobs.Usage(input_tokens=1000, cached_tokens=400, output_tokens=10, reasoning_tokens=8)
    assert price.cost(usage) == Decimal("0.00175")  # (600*2.50 + 400*0.25 + 10*15) / 10^6


def test_cached_input_without_its_own_price_costs_what_input_costs() -> None:
    price = pricing.Price(input=Decimal(1), output=Decimal(0))
    assert price.cost(jobs.Usage(input_tokens=10, cached_tokens=10)) == Decimal("0.00001")


def test_unknown_usage_and_requests_beyond_the_price_have_no_cost() -> None:
    price = pricing.Price(input=Decimal(1), output=Decimal(1), up_to_input_tokens=100)
    assert price.cost(jobs.Usage(model_calls=1)) is None
    assert price.cost(jobs.Usage(input_tokens=101)) is None
    assert price.cost(jobs.Usage(input_tokens=100)) == Decimal("0.0001")


def test_the_shipped_table_is_dated_sourced_and_known_by_host_and_exact_name() -> None:
    prices = pricing.load()
    found = prices.find("https://api.openai.com/v1", "gpt-4.1-mini")
    assert found is not None
    assert (found.input, found.cached_input, found.output) == (
        Decimal("0.40"),
        Decimal("0.10"),
        Decimal("1.60"),
    )
    assert found.as_of > date(2026, 1, 1)
    assert found.source.startswith("https://")
    assert prices.find("https://API.openai.com/other", "gpt-4.1-mini") == found
    assert prices.find("http://localhost:8000/v1", "gpt-4.1-mini") is None
    assert prices.find("https://api.openai.com/v1", "gpt-4.1-mini-2025") is None
    assert prices.find("https://api.openai.com.example/v1", "gpt-4.1-mini") is None


def test_the_users_table_comes_first(tmp_path: Path) -> None:
    entries = [ENTRY, {**ENTRY, "host": "api.openai.com", "model": "gpt-4.1-mini", "as_of": "2026-11-09"}]
    prices = pricing.load(write(tmp_path, {**TABLE, "prices": entries}))
    own = prices.find("http://user:pw@GPU.example:8000/v1", "small")
    assert own is not None
    assert (own.input, own.output, own.source) == (Decimal("0.10"), Decimal("0.3"), "our own bill")
    dearer = prices.find("https://api.openai.com/v1", "gpt-4.1-mini")
    assert dearer is not None
    assert (dearer.input, dearer.as_of) == (Decimal("0.10"), date(2026, 11, 9))
    assert prices.find("https://api.openai.com/v1", "gpt-4.1") is not None


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ("{", "is not JSON"),
        ("[]", "the file"),
        ({**TABLE, "as_of": "yesterday"}, "as_of"),
        ({"prices": []}, "as_of"),
        ({**TABLE, "prices": [{**ENTRY, "input": -1}]}, r"prices\.0\.input"),
        ({**TABLE, "prices": [{**ENTRY, "input": "NaN"}]}, r"prices\.0\.input"),
        ({**TABLE, "prices": [{**ENTRY, "inputs": 1}]}, r"prices\.0\.inputs"),
        ({**TABLE, "prices": [{k: v for k, v in ENTRY.items() if k != "output"}]}, r"prices\.0\.output"),
        ({**TABLE, "prices": [ENTRY, {**ENTRY, "host": "GPU.example:8000"}]}, "two prices"),
        ({**TABLE, "prices": [3]}, r"prices\.0"),
    ],
)
def test_a_wrong_table_is_named_with_the_place(tmp_path: Path, document: Any, says: str) -> None:
    with pytest.raises(errors.Misconfigured, match=f"QUOD_PRICES.*{says}") as caught:
        pricing.load(write(tmp_path, document))
    assert caught.value.setting == "prices"


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(errors.Misconfigured, match=r"QUOD_PRICES.*none\.json"):
        pricing.load(tmp_path / "none.json")


def test_calls_at_an_endpoint_with_a_price_have_a_cost(tmp_path: Path) -> None:
    async def run(url: str, name: str, prices: Path) -> jobs.Usage:
        models = roles.Models(Settings(_env_file=None, model_url=url, model=name, prices=prices))  # type: ignore[call-arg]
        await models.get("prover").complete(base.Request([{"role": "user", "content": "hello"}]))
        return models.usage

    reply = testing.Scripted("hi", input_tokens=1000, cached_tokens=500, output_tokens=100)
    with testing.ScriptedServer([reply], repeat_last=True) as server:
        host = server.url.removeprefix("http://").removesuffix("/v1")
        table = write(tmp_path, {**TABLE, "prices": [{**ENTRY, "host": host, "cached_input": 0.02}]})
        known = asyncio.run(run(server.url, "small", table))
        unknown = asyncio.run(run(server.url, "large", table))
    assert known.cost == 0.00009  # (500*0.10 + 500*0.02 + 100*0.3) / 10^6
    assert unknown.cost is None
    assert (unknown.cached_tokens, unknown.input_tokens) == (500, 1000)
