"""Tokens of the expression language, and errors that show where they stand.

Near misses that people and language models write (`=`, `^`, `≤`, `5%`, `2x`) are refused with the fix.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Literal, cast

from quod import errors

MAX_LENGTH = 1_000_000
Kind = Literal["number", "name", "text", "symbol", "end"]
KEYWORDS = frozenset({"for", "in", "if", "and", "or", "not"})

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
      | (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<text>"[^"\\\n]*"|'[^'\\\n]*')
      | (?P<symbol>\*\*|<=|>=|==|!=|[-+*/()\[\],<>])""",
    re.VERBOSE,
)
_HINTS = {
    "=>": "write >= for 'at least'",
    "=<": "write <= for 'at most'",
    "<>": "write != for 'not equal'",
    "&&": "write and",
    "||": "write or",
    "=": "write == for equality",
    "^": "write ** for powers",
    "≤": "write <=",
    "≥": "write >=",
    "≠": "write !=",
    "×": "write * for products",
    "·": "write * for products",
    "÷": "write /",
    "−": "write - (a plain minus sign)",
    "∑": "write sum(… for i in I)",
    "%": "write a percentage as a decimal, 5% is 0.05",
    "&": "write and",
    "|": "write or; for absolute values abs(…)",
    "!": "write not, or != for 'not equal'",
    "{": "use ( ) for grouping",
    "}": "use ( ) for grouping",
    ".": "names have no attributes; write a number as 0.5",
    ":": "there are no slices; name one index",
    ";": "write one comparison for each constraint",
    '"': "the quotation is not closed (and must not hold a backslash)",
    "'": "the quotation is not closed (and must not hold a backslash)",
}


@dataclasses.dataclass(frozen=True)
class Token:
    """A piece of text, what it is, and its zero-based column."""

    kind: Kind
    text: str
    at: int


@dataclasses.dataclass(frozen=True)
class Source:
    """A text of the language and the field it came from, to point at places in it."""

    text: str
    field: str

    def error(self, message: str, at: int) -> errors.InvalidInput:
        """InvalidInput that quotes the neighbourhood of column `at` with a mark below it."""
        start = max(0, at - 40)
        excerpt = re.sub(r"\s", " ", self.text[start : at + 40])
        mark = " " * (at - start) + "^"
        return errors.InvalidInput(f"{message} (column {at + 1})\n  {excerpt}\n  {mark}", field=self.field)


def tokenize(source: Source) -> list[Token]:
    """All tokens with their columns, closed by an `end` token.

    Raises InvalidInput at the first character that starts no token.
    """
    text = source.text
    if len(text) > MAX_LENGTH:
        raise errors.InvalidInput(
            f"the expression has {len(text)} characters, more than {MAX_LENGTH}; use indexed parameters",
            field=source.field,
        )
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or text[at : at + 2] in ("<>", "=<", "=>"):
            raise source.error(_refusal(text, at), at)
        if match.lastgroup != "space":
            tokens.append(Token(cast(Kind, match.lastgroup), match.group(), at))
        if match.lastgroup == "number":
            _check_number(source, match.group(), at, match.end())
        at = match.end()
    tokens.append(Token("end", "", len(text)))
    return tokens


def _refusal(text: str, at: int) -> str:
    pair, character = text[at : at + 2], text[at]
    hint = _HINTS.get(pair) or _HINTS.get(character)
    shown = pair if pair in _HINTS else character
    return f"{shown!r} is not part of the language" + (f"; {hint}" if hint else "")


def _check_number(source: Source, text: str, at: int, end: int) -> None:
    mantissa, _, exponent = text.lower().partition("e")
    if len(exponent.lstrip("+-")) > 3 or len(mantissa) > 4000:
        raise source.error("the number is too long", at)
    if len(text) > 1 and text.isdigit() and text[0] == "0" and text.strip("0"):
        raise source.error(f"a whole number has no leading zeros; write {text.lstrip('0')}", at)
    if end < len(source.text) and (source.text[end].isalnum() or source.text[end] in "_."):
        following = source.text[end:]
        name = re.match(r"[A-Za-z_]\w*", following)
        if following.startswith("_"):
            raise source.error("write digits without underscores", at)
        fix = f"; write {text} * {name.group()}" if name else ""
        raise source.error(f"a number runs into what follows it{fix}", at)
