from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quod import errors, jobs, testing
from quod.models import base, budget, pricing, roles
from quod.settings import Settings

HELLO = base.Request([{"role": "user", "content": "hello"}])
PRICE = pricing.Price(input=Decimal("0.1"), output=Decimal("0.2"))


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def calls(model: base.ChatModel, number: int) -> list[Any]:
    async def run() -> list[Any]:
        return await asyncio.gather(*(model.complete(HELLO) for _ in range(number)), return_exceptions=True)

    return asyncio.run(run())


def reply(**usage: Any) -> base.Reply:
    return base.Reply(
        "hi", usage=jobs.Usage(model_calls=1, **{"input_tokens": 10, "output_tokens": 5, **usage})
    )


def budgeted(limits: budget.Limits, price: pricing.Price | None = PRICE, **options: Any) -> budget.Budgeted:
    model = testing.ScriptedModel([reply()], repeat_last=True, **options)
    return budget.Budgeted(model, budget.Budget(limits), price)


@pytest.mark.parametrize("limit", [0, 1, 3])
def test_calls_are_never_more_than_allowed_also_at_the_same_time(limit: int) -> None:
    found = calls(budgeted(budget.Limits(calls=limit), first_token_seconds=0.01), 5)
    refused = [item for item in found if isinstance(item, errors.LimitExceeded)]
    assert len(refused) == 5 - limit
    assert {(error.kind, error.value, error.limit) for error in refused} == {("calls", limit, limit)}
    assert "QUOD_BUDGET_CALLS" in str(refused[0])


def test_a_call_that_failed_counts_as_a_call() -> None:
    failing = testing.ScriptedModel([errors.Unavailable("down")], repeat_last=True)
    found = calls(budget.Budgeted(failing, budget.Budget(budget.Limits(calls=2))), 3)
    assert [type(error) for error in found] == [errors.Unavailable, errors.Unavailable, errors.LimitExceeded]


def test_no_call_begins_once_the_tokens_are_used() -> None:
    async def run() -> errors.LimitExceeded:
        model = budgeted(budget.Limits(tokens=30))
        await model.complete(HELLO)
        await model.complete(HELLO)
        with pytest.raises(errors.LimitExceeded) as caught:
            await model.complete(HELLO)
        return caught.value

    error = asyncio.run(run())
    assert (error.kind, error.value, error.limit) == ("tokens", 30, 30)


def test_money_is_added_exactly() -> None:
    """A tenth of a dollar three times is three tenths; with floats it would be more."""
    price = pricing.Price(input=Decimal(10_000), output=Decimal(0))
    counted = budget.Budget(budget.Limits(cost=Decimal("0.3")))
    for _ in range(3):
        counted.reserve(price)
        usage = counted.spend(jobs.Usage(model_calls=1, input_tokens=10), price)
        assert usage.cost == 0.1
    with pytest.raises(errors.LimitExceeded, match=r"0\.3 of 0\.3 US dollars") as caught:
        counted.reserve(price)
    assert (caught.value.kind, caught.value.value, caught.value.limit) == ("cost", 0.3, 0.3)


def test_a_budget_of_money_needs_a_price() -> None:
    [error] = calls(budgeted(budget.Limits(cost=Decimal(1)), price=None), 1)
    assert isinstance(error, errors.Misconfigured)
    assert "QUOD_PRICES" in str(error)


def test_a_budget_that_cannot_be_kept_is_refused_at_the_next_call() -> None:
    async def run() -> None:
        silent = testing.ScriptedModel([reply(input_tokens=0, output_tokens=0)], repeat_last=True)
        model = budget.Budgeted(silent, budget.Budget(budget.Limits(tokens=100)), PRICE)
        await model.complete(HELLO)
        with pytest.raises(errors.Misconfigured, match="QUOD_BUDGET_TOKENS cannot be kept"):
            await model.complete(HELLO)

    asyncio.run(run())


def test_without_limits_unknown_usage_and_prices_do_no_harm() -> None:
    silent = testing.ScriptedModel([reply(input_tokens=0, output_tokens=0)], repeat_last=True)
    model = budget.Budgeted(silent, budget.Budget())
    assert all(isinstance(item, base.Reply) and item.usage.cost is None for item in calls(model, 3))


def test_wall_time_is_checked_before_a_call_and_counts_what_ran_before() -> None:
    clock = Clock()
    counted = budget.Budget(budget.Limits(seconds=10), elapsed=4.0, clock=clock)
    assert counted.remaining_seconds() == 6
    clock.now += 5.5
    counted.reserve(None)
    clock.now += 0.5
    with pytest.raises(errors.LimitExceeded) as caught:
        counted.reserve(None)
    assert (caught.value.kind, caught.value.value, caught.value.limit) == ("seconds", 10.0, 10)
    assert counted.remaining_seconds() == 0


def test_the_end_of_the_wall_time_cuts_a_call_off() -> None:
    [error] = calls(budgeted(budget.Limits(seconds=0.2), first_token_seconds=60), 1)
    assert isinstance(error, errors.LimitExceeded)
    assert (error.kind, error.limit) == ("seconds", 0.2)
    assert error.value is not None
    assert error.value >= 0.2


def test_calls_that_waited_for_their_turn_are_checked_again() -> None:
    reply = testing.Scripted("hi", input_tokens=60, output_tokens=0)
    limits = {"model_concurrency": 1, "budget_tokens": 100}
    with testing.ScriptedServer([reply], repeat_last=True) as server:
        given = Settings(_env_file=None, model_url=server.url, model="m", **limits)  # type: ignore[arg-type, call-arg]
        models = roles.Models(given)
        found = calls(models.get("planner"), 6)
    assert len(server.requests) == 2
    assert sum(isinstance(item, errors.LimitExceeded) and item.kind == "tokens" for item in found) == 4


def test_a_timeout_of_the_model_is_not_taken_for_the_budget() -> None:
    slow = testing.Scripted("late", delay=30)
    with testing.ScriptedServer([slow]) as server:
        models = roles.Models(
            Settings(
                _env_file=None,
                model_url=server.url,
                model="m",
                model_timeout=0.2,
                model_retries=0,
                budget_seconds=60,
            )  # type: ignore[call-arg]
        )
        [error] = calls(models.get("planner"), 1)
    assert isinstance(error, errors.Unavailable)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=8), st.integers(0, 200))
def test_calls_go_on_exactly_until_the_tokens_are_used(uses: list[tuple[int, int]], limit: int) -> None:
    counted = budget.Budget(budget.Limits(tokens=limit))
    spent = 0
    for tokens_in, tokens_out in uses:
        if spent >= limit:
            with pytest.raises(errors.LimitExceeded) as caught:
                counted.reserve(None)
            assert caught.value.value == spent
            return
        counted.reserve(None)
        tokens_in += 1  # a reply without any tokens has unknown usage
        counted.spend(jobs.Usage(model_calls=1, input_tokens=tokens_in, output_tokens=tokens_out), None)
        spent += tokens_in + tokens_out


def test_the_budgets_of_the_settings_hold_for_all_models_of_a_job_and_what_was_added() -> None:
    given = Settings(_env_file=None, budget_calls=3, budget_tokens=1000, budget_cost=0.5)  # type: ignore[call-arg]
    model = testing.ScriptedModel([reply()], repeat_last=True, price=PRICE)
    models = roles.Models(given, overrides={"*": model})
    models.add_usage(jobs.Usage(model_calls=1, input_tokens=7, output_tokens=1, cost=0.25))

    async def run() -> None:
        await models.get("planner").complete(HELLO)
        await models.get("joiner").complete(HELLO)
        with pytest.raises(errors.LimitExceeded, match="3 of 3 model calls"):
            await models.get("coder").complete(HELLO)

    asyncio.run(run())
    assert models.usage.model_calls == 3
    assert models.usage.input_tokens == 27
    assert models.usage.cost == pytest.approx(0.25 + 2 * (10 * 0.1 + 5 * 0.2) / 1e6)


def test_replies_from_the_cache_use_no_budget(tmp_path: Path) -> None:
    async def run(given: Settings) -> None:
        model = roles.Models(given).get("planner")
        for _ in range(3):
            await model.complete(HELLO)

    with testing.ScriptedServer(["hi"]) as server:
        asyncio.run(
            run(
                Settings(
                    _env_file=None,  # type: ignore[call-arg]
                    model_url=server.url,
                    model="m",
                    cache="on",
                    cache_file=tmp_path / "c.sqlite",
                    budget_calls=1,
                )
            )
        )
