"""Tools from signatures: schemas, validation, and what is refused."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

import pytest

from quod import errors
from quod.agents import registry


@registry.tool(cost="solve", concurrency=2, timeout=5, retries=1)
async def solve(
    context: Any,
    formulation: dict[str, Any],
    time_limit: float | None = None,
    mode: Literal["fast", "exact"] = "fast",
    copy: list[int] | None = None,
) -> dict[str, Any]:
    """Solve a formulation.

    Takes long.
    """
    return {
        "context": context,
        "formulation": formulation,
        "time_limit": time_limit,
        "mode": mode,
        "copy": copy,
    }


@registry.tool()
async def nothing() -> None:
    """Do nothing."""


def test_schema_comes_from_the_signature() -> None:
    assert solve.name == "solve"
    assert solve.positional == ("formulation", "time_limit", "mode", "copy")
    assert solve.schema["required"] == ["formulation"]
    assert solve.schema["additionalProperties"] is False
    assert solve.schema["properties"]["mode"]["enum"] == ["fast", "exact"]
    assert (solve.cost, solve.concurrency, solve.timeout, solve.retries) == ("solve", 2, 5, 1)


def test_the_planner_sees_signature_and_docstring() -> None:
    assert registry.Registry([solve, nothing]).describe() == (
        "solve(formulation: object, time_limit: number | null = null, "
        'mode: "fast" | "exact" = "fast", copy: array of integer | null = null)\n'
        "    Solve a formulation.\n\n    Takes long.\n"
        "nothing()\n    Do nothing."
    )


def test_context_is_injected_and_defaults_are_the_functions() -> None:
    value = asyncio.run(solve.call("here", {"formulation": {"a": 1}}))
    assert value == {
        "context": "here",
        "formulation": {"a": 1},
        "time_limit": None,
        "mode": "fast",
        "copy": None,
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "solve: the argument 'formulation' is missing"),
        ({"formulation": 3}, "argument 'formulation': Input should be a valid dictionary"),
        (
            {"formulation": {}, "limit": 3},
            "unknown argument 'limit'; it takes formulation, time_limit, mode, copy",
        ),
        ({"formulation": {}, "mode": "slow"}, "argument 'mode': Input should be 'fast' or 'exact'"),
        ({"formulation": {}, "context": 1}, "unknown argument 'context'"),
        ({"formulation": {}, "copy": ["x"]}, "argument 'copy.0'"),
    ],
)
def test_wrong_arguments_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(errors.InvalidInput, match=message.replace(".", r"\.")):
        solve.validated(arguments)


def test_a_tool_without_arguments_takes_none() -> None:
    assert nothing.validated({}) == {}
    with pytest.raises(errors.InvalidInput, match="it takes no arguments"):
        nothing.validated({"x": 1})


def test_a_call_by_name() -> None:
    tools = registry.Registry([solve, nothing])
    assert asyncio.run(tools.call("c", "solve", {"formulation": {}, "time_limit": 2}))["time_limit"] == 2
    with pytest.raises(errors.InvalidInput, match="no tool 'fly'; the tools are solve, nothing"):
        asyncio.run(tools.call("c", "fly", {}))
    policy = tools.policy("solve")
    assert policy is not None
    assert (policy.concurrency, policy.timeout, policy.retries) == (2, 5, 1)
    assert tools.policy("fly") is None


def test_a_name_is_taken_once() -> None:
    tools = registry.Registry([solve])
    with pytest.raises(errors.Misconfigured, match="tool 'solve' of the package x: this program has a tool"):
        tools.add(solve, "the package x")


def _documented(function: Any) -> Any:
    function.__doc__ = "A tool."
    return function


async def _no_docstring(x: int) -> int:
    return x


@_documented
async def _untyped(x) -> int:  # type: ignore[no-untyped-def]
    return int(x)


@_documented
async def _starred(*x: int) -> int:
    return sum(x)


@_documented
def _blocking(x: int) -> int:
    return x


@_documented
async def _no_schema(x: object, y: asyncio.Event) -> int:
    return 1


@_documented
async def join() -> None:
    return None


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (_no_docstring, "a docstring is needed"),
        (_untyped, "parameter 'x' needs a type"),
        (_starred, "cannot be given by name"),
        (_blocking, "must be async"),
        (_no_schema, "has no JSON schema"),
        (join, "a name is a word"),
    ],
)
def test_functions_that_are_no_tools(function: Any, message: str) -> None:
    with pytest.raises(errors.Misconfigured, match=message):
        registry.tool()(function)


@pytest.mark.parametrize("options", [{"concurrency": 0}, {"timeout": 0}, {"retries": -1}])
def test_impossible_limits(options: dict[str, Any]) -> None:
    with pytest.raises(errors.Misconfigured, match=next(iter(options))):
        registry.tool(**options)(nothing.function)
