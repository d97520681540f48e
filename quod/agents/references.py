"""References among the arguments of a task: `$3` stands for the output of task 3.

In parsed argument values, at any depth of lists and of the values of objects:

    "$3", "${3}"            the output of task 3, with its type
    "$3.objective"          the value at that key of the output; also "${3.objective}", and longer paths
    "cost ${3.total} now"   inside longer text only the braced form: a text is put in as it is, else its JSON
    "$$3", "a $${3}"        escapes: the texts "$3" and "a ${3}"; every further `$` in front stands for itself

"$3.50", "pay $3 now" and "${name}" are plain text. References are resolved once, on parsed values: what is
put in is never looked through again, so an output that contains "$1" is data.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from quod import errors

ID = r"(?:0|[1-9][0-9]{0,8})"
"""Ids that can be referred to: whole numbers without leading zeros."""
PATH = r"(?:\.[A-Za-z_][A-Za-z0-9_]*)*"
MAX_DEPTH = 64
"""Nesting of lists and objects among the arguments of a task."""
MAX_TEXT = 10_000_000
"""Characters of a text that references were put into."""

_WHOLE = re.compile(rf"(\$+)(?:({ID})({PATH})|\{{({ID})({PATH})\}})")
_INSIDE = re.compile(rf"(\$+)\{{({ID})({PATH})\}}")


def find(value: Any) -> list[str]:
    """The ids that `value` refers to, each once, in order of appearance.

    Raises InvalidInput when the value is nested deeper than MAX_DEPTH.
    """
    return list(dict.fromkeys(_ids(value, 0)))


def resolve(value: Any, outputs: Mapping[str, Any]) -> Any:
    """A copy of `value` with every reference replaced by the output, or the part of it, that it names.

    Raises InvalidInput for a task without an output, for a key that is not there, and for results that are
    too large.
    """
    return _resolve(value, outputs, 0)


def escape(value: Any) -> Any:
    """A copy of `value` that `resolve` turns into `value`, whatever its texts look like."""
    if isinstance(value, str):
        if _WHOLE.fullmatch(value):
            return f"${value}"
        return _INSIDE.sub(lambda match: f"${match[0]}", value)
    if isinstance(value, dict):
        return {key: escape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [escape(item) for item in value]
    return value


def rename(value: Any, name: Callable[[str], str]) -> Any:
    """A copy of `value` whose references to task `k` are references to task `name(k)`."""
    if isinstance(value, str):
        match = _WHOLE.fullmatch(value)
        if match:
            return _renamed(match, name)
        return _INSIDE.sub(lambda inside: _renamed(inside, name), value) if "$" in value else value
    if isinstance(value, dict):
        return {key: rename(item, name) for key, item in value.items()}
    if isinstance(value, list):
        return [rename(item, name) for item in value]
    return value


def whole(text: str) -> bool:
    """Whether all of `text` is one reference."""
    match = _WHOLE.fullmatch(text)
    return match is not None and match[1] == "$"


def _renamed(match: re.Match[str], name: Callable[[str], str]) -> str:
    if match[1] != "$":
        return match[0]
    group = 2 if match[2] is not None else 4
    start, end = match.start(group) - match.start(), match.end(group) - match.start()
    return match[0][:start] + name(match[group]) + match[0][end:]


def _ids(value: Any, depth: int) -> Iterator[str]:
    if depth > MAX_DEPTH:
        raise errors.InvalidInput(f"the arguments are nested deeper than {MAX_DEPTH}; make them flatter")
    if isinstance(value, str):
        if "$" not in value:
            return
        match = _WHOLE.fullmatch(value)
        if match:
            if match[1] == "$":
                yield match[2] or match[4]
            return
        yield from (match[2] for match in _INSIDE.finditer(value) if match[1] == "$")
    elif isinstance(value, dict):
        for item in value.values():
            yield from _ids(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            yield from _ids(item, depth + 1)


def _resolve(value: Any, outputs: Mapping[str, Any], depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise errors.InvalidInput(f"the arguments are nested deeper than {MAX_DEPTH}; make them flatter")
    if isinstance(value, str):
        return _resolved_text(value, outputs) if "$" in value else value
    if isinstance(value, dict):
        return {key: _resolve(item, outputs, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_resolve(item, outputs, depth + 1) for item in value]
    return value


def _resolved_text(text: str, outputs: Mapping[str, Any]) -> Any:
    match = _WHOLE.fullmatch(text)
    if match:
        if match[1] != "$":
            return text[1:]
        return _copy(_output(match[2] or match[4], match[3] or match[5] or "", outputs))
    pieces: list[str] = []
    place = size = 0
    for match in _INSIDE.finditer(text):
        pieces.append(text[place : match.start()])
        pieces.append(match[0][1:] if match[1] != "$" else _as_text(_output(match[2], match[3], outputs)))
        place = match.end()
        size += len(pieces[-1]) + len(pieces[-2])
        if size > MAX_TEXT:
            raise errors.InvalidInput(
                f"a text with references became longer than {MAX_TEXT} characters; refer to smaller parts"
            )
    return "".join(pieces) + text[place:]


def _output(task: str, path: str, outputs: Mapping[str, Any]) -> Any:
    if task not in outputs:
        raise errors.InvalidInput(f"there is no output of task {task}; refer to a task of the plan")
    value = outputs[task]
    reached = f"${task}"
    for name in path.split(".")[1:]:
        if not isinstance(value, dict):
            raise errors.InvalidInput(f"{reached} is no object, so it has no key {name!r}; use {reached}")
        if name not in value:
            keys = ", ".join(sorted(map(str, value))[:20]) or "none"
            raise errors.InvalidInput(f"{reached} has no key {name!r}; its keys: {keys}")
        value = value[name]
        reached = f"{reached}.{name}"
    return value


def _copy(value: Any) -> Any:
    """Of a JSON value, so that no tool can change what another one gets."""
    return json.loads(json.dumps(value)) if isinstance(value, (dict, list)) else value


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
