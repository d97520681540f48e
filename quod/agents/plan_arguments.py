"""The arguments of a call in a text plan: literals of Python and of JSON, and references. Nothing is run."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

from quod import errors
from quod.agents import plan_strings, references

_SPACE = re.compile(r"(?:\s|#[^\n]*+)*+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEYWORD = re.compile(rf"({_NAME.pattern}){_SPACE.pattern}=(?!=)")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_REFERENCE = re.compile(rf"\$(?:{references.ID}{references.PATH}|\{{{references.ID}{references.PATH}\}})")
_GOES_ON = re.compile(r"[\w.$]")
_CONSTANTS = {"True": True, "true": True, "False": False, "false": False, "None": None, "null": None}


class Unreadable(errors.InvalidInput):
    """The arguments cannot be read."""

    def __init__(self, message: str, place: int) -> None:
        super().__init__(message)
        self.place = place


def parse(text: str, positional: Sequence[str]) -> dict[str, Any]:
    """The arguments between the parentheses of a call, by name.

    `positional` names those that are given without a name. Raises Unreadable, with the place in `text`.
    """
    return _Reader(text).arguments(positional)


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0
        self.skip()

    def skip(self) -> None:
        match = _SPACE.match(self.text, self.place)
        assert match is not None
        self.place = match.end()

    def take(self, character: str) -> bool:
        """Whether `character` stands here; it and the space behind it are then read."""
        if not self.text.startswith(character, self.place):
            return False
        self.place += 1
        self.skip()
        return True

    def fail(self, message: str, place: int | None = None) -> Unreadable:
        return Unreadable(message, self.place if place is None else place)

    def arguments(self, positional: Sequence[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        unnamed = 0
        while self.place < len(self.text):
            start = self.place
            keyword = _KEYWORD.match(self.text, self.place)
            if keyword:
                name = keyword[1]
                self.place = keyword.end()
                self.skip()
            elif unnamed < len(found):
                raise self.fail("an argument without a name follows one with a name; name it")
            elif unnamed == len(positional):
                known = ", ".join(positional) or "none"
                raise self.fail(f"there are more than {unnamed} arguments (they are: {known})")
            else:
                name = positional[unnamed]
                unnamed += 1
            if name in found:
                raise self.fail(f"the argument {name!r} is given twice", start)
            found[name] = self.value(1)
            if not self.take(",") and self.place < len(self.text):
                raise self.fail(f"a comma is missing before {self.here()}")
        return found

    def value(self, depth: int) -> Any:
        if depth > references.MAX_DEPTH:
            raise self.fail(f"the arguments are nested deeper than {references.MAX_DEPTH}; make them flatter")
        first = self.text[self.place : self.place + 1]
        if first in ('"', "'"):
            try:
                found, self.place = plan_strings.read(self.text, self.place)
            except errors.InvalidInput as error:
                raise self.fail(str(error)) from None
            self.skip()
            return found
        if first == "[":
            return self.items(self.value, depth)
        if first == "{":
            return self.object(depth)
        return self.word()

    def items(self, item: Callable[[int], Any], depth: int, end: str = "]") -> list[Any]:
        start = self.place
        self.place += 1
        self.skip()
        found = []
        while not self.take(end):
            if self.place >= len(self.text):
                raise self.fail(f"{self.text[start]!r} is never closed by {end!r}", start)
            found.append(item(depth + 1))
            if not self.take(",") and not self.text.startswith(end, self.place):
                raise self.fail(f"a comma or {end!r} is missing before {self.here()}")
        return found

    def object(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}

        def item(depth: int) -> None:
            start = self.place
            if self.text[start] not in "\"'":
                raise self.fail(f"keys of an object are quoted text, not {self.here()}")
            key = self.value(depth)
            if not self.take(":"):
                raise self.fail(f"a colon is missing after the key {key!r}")
            if key in found:
                raise self.fail(f"the key {key!r} stands twice in one object", start)
            found[key] = self.value(depth)

        self.items(item, depth, "}")
        return found

    def word(self) -> Any:
        for pattern, make in ((_REFERENCE, str), (_NUMBER, self.number), (_NAME, self.constant)):
            match = pattern.match(self.text, self.place)
            if match and not _GOES_ON.match(self.text, match.end()):
                found = make(match[0])
                self.place = match.end()
                self.skip()
                return found
        raise self.fail(f"{self.here()} is no value; put text in quotes, refer to a task as $1")

    def number(self, text: str) -> int | float:
        digits = text.lstrip("+-")
        if len(digits) > 1 and digits[0] == "0" and digits[1].isdigit():
            raise self.fail(f"the number {text} begins with 0; put it in quotes if it is text")
        try:
            return int(text)
        except ValueError:
            pass
        try:
            value = float(text)
        except ValueError:
            value = math.inf
        if math.isinf(value) or digits.isdigit():
            raise self.fail("a number is too large; put it in quotes as text")
        return value

    def constant(self, text: str) -> bool | None:
        if text not in _CONSTANTS:
            raise self.fail(f"{text} is no value; put text in quotes")
        return _CONSTANTS[text]

    def here(self) -> str:
        rest = self.text[self.place : self.place + 20].split("\n")[0]
        return repr(rest) if rest else "the closing parenthesis"
