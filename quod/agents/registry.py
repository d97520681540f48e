"""Tools that a plan can name: typed async functions with a schema made from their signature.

    @registry.tool(cost="solve", timeout=60)
    async def solve(context: Context, formulation: dict[str, Any], time_limit: float = 60) -> dict[str, Any]:
        '''Solve a formulation. The planner sees this text.'''

A package adds tools by an entry point of the group `quod.tools` that loads to a Tool or to several.
"""

from __future__ import annotations

import importlib.metadata
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from quod import errors
from quod.agents import scheduler
from quod.agents.tool import Cost, Function, Tool, from_function

GROUP = "quod.tools"
"""Entry points of this group are tools."""
_BUILT_IN = "quod.agents.tools:TOOLS"
"""quod's own; their modules import this one, so they are named here and not imported."""


def tool(
    *,
    cost: Cost = "cpu",
    concurrency: int | None = None,
    timeout: float | None = None,
    retries: int = 0,
    name: str | None = None,
) -> Callable[[Function], Tool]:
    """Make a Tool from an async function.

    `cost` is what the tool mainly uses. At most `concurrency` calls run at the same time, each attempt for
    `timeout` seconds; an attempt that raises ToolFailed or Unavailable is repeated up to `retries` times.
    None: no limit. `name` is the function's if not given. Raises Misconfigured when the function is not
    async, has no docstring, or its signature has no schema.
    """

    def wrap(function: Function) -> Tool:
        return from_function(
            function, name=name, cost=cost, concurrency=concurrency, timeout=timeout, retries=retries
        )

    return wrap


class Registry(Mapping[str, Tool]):
    """Tools by name."""

    def __init__(self, tools: Iterable[Tool] = ()) -> None:
        self._tools: dict[str, Tool] = {}
        self._origins: dict[str, str] = {}
        for each in tools:
            self.add(each)

    def __getitem__(self, name: str) -> Tool:
        return self._tools[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tools)

    def __len__(self) -> int:
        return len(self._tools)

    def add(self, tool: Tool, origin: str = "this program") -> None:
        """Take in one more; raises Misconfigured when its name is taken. `origin` is for that message."""
        if tool.name in self._tools:
            raise errors.Misconfigured(
                f"tool {tool.name!r} of {origin}: {self._origins[tool.name]} has a tool of this name; "
                "rename it or uninstall one of the two"
            )
        self._tools[tool.name] = tool
        self._origins[tool.name] = origin

    def describe(self) -> str:
        """All tools, for a prompt: signature and docstring of each."""
        return "\n".join(each.describe() for each in self._tools.values())

    def positional(self) -> dict[str, tuple[str, ...]]:
        """Names of the arguments of each tool, in order; what the parsers of plans need."""
        return {name: each.positional for name, each in self._tools.items()}

    def policy(self, name: str) -> scheduler.Policy | None:
        """What the scheduler keeps to for calls of tool `name`."""
        each = self._tools.get(name)
        return scheduler.Policy(each.concurrency, each.timeout, each.retries) if each else None

    async def call(self, context: Any, name: str, arguments: Mapping[str, Any]) -> Any:
        """Run tool `name`; raises InvalidInput when there is none or the arguments do not fit."""
        if name not in self._tools:
            raise errors.InvalidInput(f"there is no tool {name!r}; the tools are {', '.join(self._tools)}")
        return await self._tools[name].call(context, arguments)

    @classmethod
    def discover(cls) -> Registry:
        """quod's own tools and those of installed packages.

        Raises Misconfigured, naming the distribution, for an entry point that does not load, is no tool, or
        has a name that is taken.
        """
        found = cls()
        for each in pkgutil.resolve_name(_BUILT_IN):
            found.add(each, "quod")
        for point in sorted(importlib.metadata.entry_points(group=GROUP), key=_order):
            origin = f"the package {point.dist.name}" if point.dist else "an installed package"
            for each in _load(point, origin):
                found.add(each, origin)
        return found


def _order(point: importlib.metadata.EntryPoint) -> tuple[str, str]:
    return (point.dist.name if point.dist else "", point.name)


def _load(point: importlib.metadata.EntryPoint, origin: str) -> list[Tool]:
    place = f"{origin}, entry point {point.name} = {point.value} ({GROUP})"
    try:
        loaded = point.load()
        tools = [loaded] if isinstance(loaded, Tool) else list(loaded)
    except errors.Misconfigured as error:
        raise errors.Misconfigured(f"{place}: {error}") from error
    except Exception as error:
        raise errors.Misconfigured(
            f"{place}: cannot be loaded ({type(error).__name__}: {error}); repair or uninstall the package"
        ) from error
    for each in tools:
        if not isinstance(each, Tool):
            kind = "function" if inspect.isfunction(each) else type(each).__name__
            raise errors.Misconfigured(
                f"{place}: a {kind} is no tool; decorate it with quod.agents.registry.tool"
            )
    return tools
