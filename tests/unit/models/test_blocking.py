from __future__ import annotations

import asyncio
import gc
import threading

import pytest

from quod import errors, testing
from quod.agents import drafting
from quod.models import base, blocking, openai_model, roles
from quod.settings import Settings
from quod.workers import runner

HELLO = base.Request([{"role": "user", "content": "hello"}])


def own_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "quod-models"}


def test_synchronous_code_calls_a_model_on_a_loop_that_ends_with_its_bridge() -> None:
    with testing.ScriptedServer(["one", "two"]) as server:
        before = own_threads()
        model, bridge = openai_model.OpenAIModel(server.url, "m"), blocking.Loop()
        assert [bridge.run(model.complete(HELLO)).text for _ in range(2)] == ["one", "two"]
        [thread] = own_threads() - before
        del bridge, model
        gc.collect()
    assert not thread.is_alive()


def test_errors_and_calls_within_a_running_loop_come_through() -> None:
    async def run() -> None:
        model = testing.ScriptedModel([errors.Unavailable("down")])
        with pytest.raises(errors.Unavailable, match="down"):
            blocking.Loop().run(model.complete(HELLO))  # as in a notebook, whose loop is running already

    asyncio.run(run())


def test_a_given_loop_is_used_from_another_thread() -> None:
    async def where(request: base.Request) -> str:
        return str(id(asyncio.get_running_loop()))

    async def run() -> None:
        loop = asyncio.get_running_loop()
        bridge, before = blocking.Loop(loop), own_threads()
        reply = await asyncio.to_thread(bridge.run, testing.ScriptedModel(where).complete(HELLO))
        assert reply.text == str(id(loop))
        assert own_threads() == before

    asyncio.run(run())


def test_a_cancelled_thread_stops_waiting_and_the_call_is_given_up() -> None:
    given_up = threading.Event()

    async def never(request: base.Request) -> str:
        try:
            return await asyncio.get_running_loop().create_future()
        finally:
            given_up.set()

    async def run() -> None:
        cancellation, model = runner.Cancellation(), testing.ScriptedModel(never)

        def work() -> None:
            with cancellation.active(), pytest.raises(runner.Cancelled):
                blocking.Loop().run(model.complete(HELLO))

        waiting = asyncio.create_task(asyncio.to_thread(work))
        while not model.requests:
            await asyncio.sleep(0.01)
        cancellation.cancel()
        await waiting

    asyncio.run(run())
    assert given_up.wait(10)


def test_calling_from_the_thread_of_the_loop_is_refused_instead_of_waiting_for_ever() -> None:
    async def run() -> None:
        with pytest.raises(RuntimeError, match="another thread"):
            blocking.Loop(asyncio.get_running_loop()).run(testing.ScriptedModel(["hi"]).complete(HELLO))

    asyncio.run(run())


@pytest.mark.parametrize("own_loop", [True, False])
def test_drafters_use_the_formulator_and_the_job_counts_it(own_loop: bool) -> None:
    async def run() -> None:
        settings = Settings(_env_file=None, drafter="openai")  # type: ignore[call-arg]
        models = roles.Models(settings, overrides={"formulator": testing.ScriptedModel(["a draft"])})
        tools = drafting.tools(settings, models, None if own_loop else asyncio.get_running_loop())
        assert tools.complete is not None
        reply = await asyncio.to_thread(tools.complete, HELLO.messages, {"type": "object"})
        assert reply.text == "a draft"
        assert models.usage.model_calls == 1

    asyncio.run(run())
