from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quod import testing
from quod.models import base, endpoint, openai_model

HELLO = base.Request([{"role": "user", "content": "hello"}])


def test_all_models_at_one_url_share_the_limit() -> None:
    async def run(url: str) -> None:
        models = [
            openai_model.OpenAIModel(url + end, f"m{n}", concurrency=3) for n, end in enumerate(["", "/"])
        ]
        await asyncio.gather(*(model.complete(HELLO) for model in models for _ in range(8)))

    with testing.ScriptedServer([testing.Scripted("hi", delay=0.05)], repeat_last=True) as server:
        asyncio.run(run(server.url))
    assert len(server.requests) == 16
    assert server.most_at_once == 3


def test_other_endpoints_do_not_wait() -> None:
    async def run(slow: str, quick: str) -> None:
        blocked = asyncio.create_task(openai_model.OpenAIModel(slow, "m", concurrency=1).complete(HELLO))
        await openai_model.OpenAIModel(quick, "m", concurrency=1).complete(HELLO)
        assert not blocked.done()
        blocked.cancel()

    late = testing.Scripted("late", delay=60)
    with testing.ScriptedServer([late]) as slow, testing.ScriptedServer(["hi"]) as quick:
        asyncio.run(run(slow.url, quick.url))


def test_a_failed_call_gives_its_place_back() -> None:
    async def run(url: str) -> None:
        model = openai_model.OpenAIModel(url, "m", concurrency=1, retries=0)
        found = await asyncio.gather(*(model.complete(HELLO) for _ in range(4)), return_exceptions=True)
        assert sum(isinstance(item, base.Reply) for item in found) == 2

    broken = testing.Scripted("no", status=400)
    with testing.ScriptedServer([broken, "a", broken, "b"]) as server:
        asyncio.run(run(server.url))


def test_places_are_given_in_order_and_each_keeps_its_own_limit() -> None:
    async def run() -> list[int]:
        slots, order = endpoint.Slots(), list[int]()

        async def hold(number: int, limit: int) -> None:
            async with slots.held(limit):
                order.append(number)
                await asyncio.sleep(0)

        await asyncio.gather(*(hold(number, limit) for number, limit in enumerate([1, 2, 1, 3, 2, 1])))
        return order

    assert asyncio.run(run()) == list(range(6))


steps = st.lists(
    st.tuples(st.integers(1, 3), st.integers(0, 4), st.none() | st.integers(0, 6)), min_size=1, max_size=12
)


@settings(deadline=None, max_examples=60)
@given(steps)
def test_no_place_is_lost_or_given_twice(calls: list[tuple[int, int, int | None]]) -> None:
    """Each call: its limit, how many turns of the loop it holds its place, and when it is cancelled."""

    async def run() -> None:
        slots, active = endpoint.Slots(), 0

        async def hold(limit: int, turns: int) -> None:
            nonlocal active
            async with slots.held(limit):
                active += 1
                assert active <= limit
                try:
                    for _ in range(turns):
                        await asyncio.sleep(0)
                finally:
                    active -= 1

        tasks = [asyncio.create_task(hold(limit, turns)) for limit, turns, _ in calls]
        for now in range(8):
            await asyncio.sleep(0)
            for task, (_, _, cancelled_at) in zip(tasks, calls, strict=True):
                if cancelled_at == now:
                    task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            assert result is None or isinstance(result, asyncio.CancelledError)
        async with asyncio.timeout(5), slots.held(1):  # all places are free again
            pass

    asyncio.run(run())


def test_nothing_is_shared_between_event_loops() -> None:
    async def shared() -> endpoint.Endpoint:
        assert endpoint.at("http://a/v1") is endpoint.at("http://a/v1/")
        return endpoint.at("http://a/v1")

    assert asyncio.run(shared()) is not asyncio.run(shared())


def test_without_a_loop_there_is_no_state() -> None:
    with pytest.raises(RuntimeError):
        endpoint.at("http://a/v1")
