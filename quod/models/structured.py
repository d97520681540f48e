"""Answers that fit a schema: ask, validate, and ask once more in words when the reply does not fit."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import re
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import pydantic

from quod import documents, errors, jobs
from quod.models import base

T = TypeVar("T")
Check = Callable[[T], Sequence[str]]
"""What is wrong with a value of the right shape, in words; it may raise InvalidInput instead."""

SHOWN = 2000
"""Characters of a wrong reply that are shown to the model again."""


@dataclasses.dataclass(frozen=True)
class Answer(Generic[T]):
    """A valid value, what it cost in all, and in how many calls it came."""

    value: T
    usage: jobs.Usage
    attempts: int


class NoAnswer(errors.ToolFailed):
    """Neither the reply nor the second one fitted the schema; `failures` say why."""

    def __init__(self, model: str, failures: Sequence[str], usage: jobs.Usage) -> None:
        self.failures, self.usage = list(failures), usage
        told = "; ".join(f"reply {number}: {failure}" for number, failure in enumerate(failures, 1))
        super().__init__(f"{model} gave no usable answer ({told})", tool=model)


class _Unusable(Exception):
    """A reply that is not an answer."""


async def ask(
    model: base.ChatModel,
    request: base.Request,
    shape: type[T] | pydantic.TypeAdapter[T],
    *,
    check: Check[T] | None = None,
) -> Answer[T]:
    """The answer of `model` as a value of `shape`, a pydantic model or type adapter.

    The first call sends the JSON schema for the endpoint to enforce. A reply that was cut off, refused, or
    does not fit gets one second call without a grammar (which itself can make a model write white space
    until the limit) that shows the error and the schema in words. Raises NoAnswer, a ToolFailed, when that
    fails too, and what the model raises; the usage so far is then `usage` of the error.
    """
    adapter = shape if isinstance(shape, pydantic.TypeAdapter) else pydantic.TypeAdapter(shape)
    schema = adapter.json_schema()
    usage, failures = jobs.Usage(), list[str]()
    question = dataclasses.replace(request, schema=schema)
    for _ in range(2):
        try:
            reply = await model.complete(question)
        except errors.QuodError as error:
            error.__dict__["usage"] = usage
            raise
        usage += reply.usage
        try:
            return Answer(_value(reply, adapter, check), usage, len(failures) + 1)
        except _Unusable as problem:
            failures.append(str(problem))
            question = _again(request, reply, str(problem), schema)
    raise NoAnswer(model.name, failures, usage)


def usage_of(error: BaseException) -> jobs.Usage:
    """What was used before `error` was raised by `ask`; nothing if it does not know."""
    found = getattr(error, "usage", None)
    return found if isinstance(found, jobs.Usage) else jobs.Usage()


def find_json(text: str) -> Any:
    """The JSON document in a reply, with or without thoughts, words or a code fence around it.

    Raises ValueError when there is none.
    """
    text = text.rpartition("</think>")[2].strip()
    fenced = re.search(r"```(?:json)?[ \t]*\n(.*?)```", text, re.DOTALL)
    if fenced is not None and not text.startswith(("{", "[")):
        text = fenced.group(1).strip()
    try:
        return _document(text) if text.startswith(("{", "[")) else _longest(text)
    except RecursionError:
        raise ValueError("the JSON of the reply is nested too deeply") from None


def _document(text: str) -> Any:
    """The one with which `text` begins; inside a broken one nothing is looked for."""
    try:
        return _DECODER.raw_decode(text)[0]
    except ValueError as error:
        raise ValueError(f"the reply is not JSON: {error}") from None


def _longest(text: str) -> Any:
    """The whole text, or the longest object or array among its words."""
    try:
        return _DECODER.decode(text)
    except ValueError:
        pass
    found: list[tuple[int, Any]] = []
    for opening in itertools.islice(re.finditer(r"[{\[]", text), 100):
        if not found or opening.start() >= found[-1][0]:
            with contextlib.suppress(ValueError):
                value, end = _DECODER.raw_decode(text, opening.start())
                found.append((end, (end - opening.start(), value)))
    if not found:
        raise ValueError("the reply holds no JSON")
    return max((sized for _, sized in found), key=lambda sized: sized[0])[1]


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


_DECODER = json.JSONDecoder(object_pairs_hook=documents.unique_keys, parse_constant=_no_constant)


def _value(reply: base.Reply, adapter: pydantic.TypeAdapter[T], check: Check[T] | None) -> T:
    if reply.finish_reason == "length":
        raise _Unusable("the reply was cut off before its end")
    if reply.finish_reason in base.REFUSALS:
        raise _Unusable(f"the model refused to answer: {reply.text[:300]}".rstrip(": "))
    try:
        value = adapter.validate_json(json.dumps(find_json(reply.text)))
        complaints = list(check(value)) if check else []
    except pydantic.ValidationError as error:
        complaints = [_said(each) for each in error.errors()[:10]]
    except (ValueError, errors.InvalidInput) as error:
        complaints = [str(error)]
    if complaints:
        raise _Unusable("; ".join(complaints))
    return value


def _said(error: Any) -> str:
    place = ".".join(str(part) for part in error["loc"])
    return f"{place}: {error['msg']}" if place else str(error["msg"])


def _again(request: base.Request, reply: base.Reply, problem: str, schema: Any) -> base.Request:
    correction = (
        f"That reply cannot be used: {problem}.\nReply with one JSON document that fits this JSON schema, "
        f"and with nothing else:\n{json.dumps(schema, ensure_ascii=False)}"
    )
    shown = reply.text.strip()[:SHOWN] or "(nothing)"
    messages = [
        *request.messages,
        {"role": "assistant", "content": shown},
        {"role": "user", "content": correction},
    ]
    return dataclasses.replace(request, messages=messages, schema=None)
