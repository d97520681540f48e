"""One tool: an async function, what its arguments must be, and how it may be called."""

from __future__ import annotations

import inspect
import json
import re
import types
import typing
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pydantic
import typing_extensions

from quod import errors

Cost = Literal["cpu", "llm", "solve", "prove"]
Function = Callable[..., Awaitable[Any]]
CONTEXT = "context"
"""A parameter of this name gets the context of the job; the planner does not see it."""
RESERVED = frozenset({"join"})
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


@dataclass(frozen=True)
class Tool:
    """What a plan can call. Make one with `quod.agents.registry.tool`.

    `schema` is the JSON schema of the arguments, `description` what the planner is told, `timeout` the
    seconds of one attempt.
    """

    name: str
    description: str
    schema: Mapping[str, Any]
    cost: Cost
    concurrency: int | None
    timeout: float | None
    retries: int
    function: Function
    _arguments: pydantic.TypeAdapter[dict[str, Any]] = field(repr=False, compare=False)

    @property
    def positional(self) -> tuple[str, ...]:
        """Names of the arguments, in the order of the signature."""
        return tuple(self.schema["properties"])

    def validated(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments as the function takes them; raises InvalidInput that names the wrong ones."""
        try:
            return self._arguments.validate_python(dict(arguments))
        except pydantic.ValidationError as error:
            raise errors.InvalidInput(f"{self.name}: {self._explain(error)}") from None
        except RecursionError:
            raise errors.InvalidInput(f"{self.name}: the arguments are nested too deeply") from None

    async def call(self, context: Any, arguments: Mapping[str, Any]) -> Any:
        """Run the function on validated arguments; raises InvalidInput or whatever it raises."""
        given = self.validated(arguments)
        if CONTEXT in inspect.signature(self.function).parameters:
            given[CONTEXT] = context
        return await self.function(**given)

    def describe(self) -> str:
        """Signature and description on lines of their own, for a prompt."""
        required = set(self.schema.get("required", ()))
        arguments = []
        for name, part in self.schema["properties"].items():
            default = json.dumps(part["default"], ensure_ascii=False) if "default" in part else "…"
            arguments.append(f"{name}: {_type_name(part)}" + ("" if name in required else f" = {default}"))
        text = "\n".join(f"    {line}".rstrip() for line in self.description.splitlines())
        return f"{self.name}({', '.join(arguments)})\n{text}"

    def _explain(self, error: pydantic.ValidationError) -> str:
        found = []
        for each in error.errors(include_url=False, include_context=False)[:5]:
            place = ".".join(map(str, each["loc"])) or "the arguments"
            if each["type"] == "extra_forbidden" and len(each["loc"]) == 1:
                allowed = ", ".join(self.positional) or "no arguments"
                found.append(f"unknown argument {place!r}; it takes {allowed}")
            elif each["type"] == "missing" and len(each["loc"]) == 1:
                found.append(f"the argument {place!r} is missing")
            else:
                found.append(f"argument {place!r}: {each['msg']}")
        return "; ".join(found)


def from_function(
    function: Function,
    *,
    name: str | None,
    cost: Cost,
    concurrency: int | None,
    timeout: float | None,
    retries: int,
) -> Tool:
    """See `quod.agents.registry.tool`."""
    name = name or str(getattr(function, "__name__", "?"))
    if not _NAME.fullmatch(name) or name in RESERVED:
        raise errors.Misconfigured(
            f"tool {name!r}: a name is a word of letters, digits and _, and not 'join'"
        )
    if not inspect.iscoroutinefunction(function):
        raise errors.Misconfigured(
            f"tool {name!r}: the function must be async; blocking work goes to a thread"
        )
    description = inspect.getdoc(function)
    if not description:
        raise errors.Misconfigured(f"tool {name!r}: a docstring is needed, the planner sees it")
    for label, value, least in (("concurrency", concurrency, 1), ("retries", retries, 0)):
        if value is not None and value < least:
            raise errors.Misconfigured(f"tool {name!r}: {label} must be at least {least}, not {value}")
    if timeout is not None and timeout <= 0:
        raise errors.Misconfigured(f"tool {name!r}: timeout must be more than 0 seconds, not {timeout:g}")
    adapter, defaults = _arguments(function, name)
    schema = adapter.json_schema()
    for argument, default in defaults.items():
        schema["properties"][argument]["default"] = default
    schema.setdefault("properties", {})
    return Tool(name, description, schema, cost, concurrency, timeout, retries, function, adapter)


def _arguments(function: Function, name: str) -> tuple[pydantic.TypeAdapter[dict[str, Any]], dict[str, Any]]:
    """A validator of the arguments as a typed dictionary, and the defaults that JSON can write."""
    parameters = {k: p for k, p in inspect.signature(function).parameters.items() if k != CONTEXT}
    for parameter in parameters.values():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise errors.Misconfigured(f"tool {name!r}: parameter {parameter} cannot be given by name")
        if parameter.annotation is parameter.empty:
            raise errors.Misconfigured(f"tool {name!r}: parameter {parameter.name!r} needs a type")
    annotations = {k: p.annotation for k, p in parameters.items()}
    try:
        hints = typing.get_type_hints(
            types.SimpleNamespace(__annotations__=annotations),
            globalns=getattr(function, "__globals__", {}),
            include_extras=True,
        )
        marked = {
            k: hint
            if parameters[k].default is inspect.Parameter.empty
            else typing_extensions.NotRequired[hint]
            for k, hint in hints.items()
        }
        make: Any = typing_extensions.TypedDict
        shape = make(f"{name}_arguments", marked)
        shape.__pydantic_config__ = pydantic.ConfigDict(extra="forbid", arbitrary_types_allowed=False)
        adapter: pydantic.TypeAdapter[dict[str, Any]] = pydantic.TypeAdapter(shape)
        adapter.json_schema()
    except (NameError, TypeError, pydantic.errors.PydanticUserError) as error:
        raise errors.Misconfigured(f"tool {name!r}: its signature has no JSON schema: {error}") from error
    defaults = {
        k: p.default for k, p in parameters.items() if p.default is not p.empty and _is_json(p.default)
    }
    return adapter, defaults


def _is_json(value: Any) -> bool:
    try:
        return bool(json.loads(json.dumps(value, allow_nan=False)) == value)
    except (TypeError, ValueError):
        return False


def _type_name(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    if "const" in schema:
        return json.dumps(schema["const"])
    if "anyOf" in schema:
        return " | ".join(_type_name(part) for part in schema["anyOf"])
    if "$ref" in schema:
        return "object"
    if schema.get("type") == "array" and schema.get("items"):
        return f"array of {_type_name(schema['items'])}"
    return str(schema.get("type", "any"))
