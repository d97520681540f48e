"""Plans as one JSON document, for models that are held to a schema; also read while they arrive.

    {"tasks": [{"id": 1, "tool": "formulate", "arguments": {"text": "…"}},
               {"id": 2, "tool": "solve", "arguments": {"draft": "$1"}, "depends_on": [1]}]}

The tasks are the same as those of the text grammar (`quod.agents.plan_text`), references included.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Sequence
from typing import Any

from quod import jobs
from quod.agents.plan_checks import Checks, shortened
from quod.agents.plan_problems import PlanProblem

Item = jobs.Task | PlanProblem
MAX_CHARACTERS = 2_000_000
"""Of one plan."""
_FIELDS = frozenset({"id", "tool", "arguments", "depends_on", "thought"})


def schema(tools: Collection[str]) -> dict[str, Any]:
    """The JSON schema of a plan that uses `tools`."""
    task = {
        "type": "object",
        "properties": {
            "id": {"type": "integer", "minimum": 0},
            "tool": {"type": "string", "enum": list(tools)},
            "arguments": {
                "type": "object",
                "description": 'by name; "$1" is the output of task 1, "$1.key" a part of it',
            },
            "depends_on": {
                "type": "array",
                "items": {"type": "integer"},
                "description": "tasks that must succeed first, beyond those among the arguments",
            },
        },
        "required": ["id", "tool", "arguments"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {"thought": {"type": "string"}, "tasks": {"type": "array", "items": task}},
        "required": ["tasks"],
        "additionalProperties": False,
    }


class JsonPlanParser:
    """Turns pieces of a JSON plan into tasks, each as soon as its object is complete.

    `tools` are the names that the plan may use. Text before the document (a code fence) is passed over.
    """

    def __init__(self, tools: Collection[str]) -> None:
        self._checks = Checks(tools)
        self._items: list[Item] = []
        self._text: list[str] = []
        self._stack: list[str] = []
        """The open brackets."""
        self._string = -1
        """Where the current string begins, -1 outside."""
        self._escaped = False
        self._last = ""
        """The last string at the top of the document: the key of what follows."""
        self._in_tasks = False
        self._element = 0
        """Where the current element of the tasks begins."""
        self._count = 0
        self._told = False
        """Whether a problem was found."""
        self.ended = False
        """Whether the document is complete; what follows is passed over."""

    def feed(self, chunk: str) -> list[Item]:
        """What was completed by this piece."""
        for character in chunk:
            if self.ended:
                break
            if len(self._text) >= MAX_CHARACTERS:
                self._problem(f"the plan is longer than {MAX_CHARACTERS} characters; the rest is not read")
                self.ended = True
            elif self._stack or character in "{[":
                self._take(character)
        found, self._items = self._items, []
        return found

    def close(self) -> list[Item]:
        """What is wrong with the document as a whole; call it once."""
        if not self.ended:
            message = "the plan ends in the middle of its JSON" if self._stack else "there is no JSON object"
            self._problem(f"{message}; write one object with a list of tasks")
        self.ended = True
        found, self._items = self._items, []
        return found

    def _take(self, character: str) -> None:
        self._text.append(character)
        place = len(self._text) - 1
        if self._string >= 0:
            self._take_in_string(character, place)
        elif character == '"':
            self._string = place
        elif character in "{[":
            self._stack.append(character)
            if self._stack == ["["] or (self._stack == ["{", "["] and self._last == '"tasks"'):
                self._in_tasks, self._element = True, place + 1
        elif character in "}]":
            self._close_bracket(character, place)
        elif character == "," and self._in_tasks and len(self._stack) == self._level:
            self._end_element(place)

    @property
    def _level(self) -> int:
        return 1 if self._stack[0] == "[" else 2

    def _take_in_string(self, character: str, place: int) -> None:
        if self._escaped:
            self._escaped = False
        elif character == "\\":
            self._escaped = True
        elif character == '"':
            if self._stack == ["{"]:
                self._last = "".join(self._text[self._string :])
            self._string = -1

    def _close_bracket(self, character: str, place: int) -> None:
        opening = "{" if character == "}" else "["
        if self._stack[-1] != opening:
            self._problem(f"{character!r} closes {self._stack[-1]!r}; the rest of the plan is not read")
            self.ended = True
            return
        if self._in_tasks and len(self._stack) == self._level:
            self._end_element(place)
            self._in_tasks = False
        level = self._level
        self._stack.pop()
        if not self._stack:
            self.ended = True
            self._check_document()
        elif self._in_tasks and len(self._stack) == level and character == "}":
            self._complete(place + 1)

    def _complete(self, place: int) -> None:
        """An object among the tasks ended; what follows up to the comma belongs to nothing."""
        text = "".join(self._text[self._element : place])
        self._element = place
        self._count += 1
        item = self._element_of(text)
        self._told = self._told or isinstance(item, PlanProblem)
        self._items.append(item)

    def _end_element(self, place: int) -> None:
        text = "".join(self._text[self._element : place]).strip()
        self._element = place + 1
        if text:
            self._count += 1
            self._problem("this is no task; write an object with id, tool and arguments", text)

    def _element_of(self, text: str) -> Item:
        try:
            element = loads(text)
        except (ValueError, RecursionError) as error:
            return PlanProblem(f"this is no JSON: {error}", self._count, shortened(text))
        return task(element, self._checks, line=self._count, text=shortened(text))

    def _check_document(self) -> None:
        """The elements were read one by one; see that the whole is a document, too."""
        try:
            document = loads("".join(self._text))
        except (ValueError, RecursionError) as error:
            if not self._told:
                self._problem(f"the plan is no JSON: {error}")
            return
        tasks = document.get("tasks") if isinstance(document, dict) else document
        if not isinstance(tasks, list) or len(tasks) != self._count:
            self._problem('the plan has no list of tasks; write {"tasks": [...]}')

    def _problem(self, message: str, text: str = "") -> None:
        self._told = True
        self._items.append(PlanProblem(message, self._count or None, shortened(text)))


def parse(document: str, tools: Collection[str]) -> list[Item]:
    """All of a plan at once."""
    parser = JsonPlanParser(tools)
    return parser.feed(document) + parser.close()


def render(tasks: Sequence[jobs.Task]) -> str:
    """The plan as a document of this format."""
    elements = []
    for each in tasks:
        element: dict[str, Any] = {"id": int(each.id), "tool": each.tool, "arguments": each.arguments}
        if each.depends_on:
            element["depends_on"] = [int(key) for key in each.depends_on]
        elements.append(element)
    return json.dumps({"tasks": elements}, ensure_ascii=False)


def task(element: Any, checks: Checks, *, line: int, text: str) -> Item:
    """One element of the list of tasks."""
    if not isinstance(element, dict):
        return PlanProblem("this is no task; write an object with id, tool and arguments", line, text)
    number, tool = _number(element.get("id")), element.get("tool")
    if number is None:
        return PlanProblem('a task needs an id that is a whole number, such as "id": 1', line, text)
    message = None
    after = element.get("depends_on", [])
    if not isinstance(tool, str):
        message = "a task needs the name of a tool as text"
    elif unknown := sorted(map(repr, element.keys() - _FIELDS)):
        message = f"a task has no field {unknown[0]}; what the tool gets stands in arguments"
    elif not isinstance(element.get("arguments", {}), dict):
        message = "arguments must be an object, by name"
    elif not isinstance(after, list) or any(_number(each) is None for each in after):
        message = "depends_on must be a list of ids"
    if message is not None:
        name = tool if isinstance(tool, str) else "?"
        return checks.problem(number, name, message, line=line, text=text) or PlanProblem(message, line, text)
    depends_on = [str(_number(each)) for each in after]
    return checks.task(number, str(tool), element.get("arguments", {}), depends_on, line=line, text=text)


def loads(text: str) -> Any:
    """JSON without its loopholes; raises ValueError (RecursionError for a very deep one)."""
    return json.loads(text, parse_constant=_refuse, parse_float=_finite, object_pairs_hook=_unique)


def _number(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9:
        return str(value)
    if isinstance(value, str) and value.isascii() and value.lstrip("$").isdigit() and len(value) <= 10:
        return value.lstrip("$")
    return None


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"the number {text[:20]} is too large; write it as text")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r} stands twice in one object")
    return found
