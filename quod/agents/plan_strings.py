"""Text in quotes, as Python writes it; a line end may also stand in text with single quotes."""

from __future__ import annotations

import re

from quod import errors

_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "a": "\a", "v": "\v", "\n": ""}
_SIMPLE |= {character: character for character in "\\'\""}
_ESCAPE = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3})|(.))", re.DOTALL
)
_PLAIN = {'"': re.compile(r'[^"\\]+'), "'": re.compile(r"[^'\\]+")}


class Scanner:
    """Whether the characters that pass are in quotes; the same rules as `read`, one character at a time."""

    def __init__(self) -> None:
        self.quote = ""
        """The quote that must come to end the text: 1 or 3 characters, none outside of text."""
        self._run = 0
        """Quotes just seen in a row: at the beginning of a text, or near the end of a tripled one."""
        self._opening = False
        self._escaped = False

    @property
    def inside(self) -> bool:
        """Whether a text is open."""
        return bool(self.quote) and not (self._opening and self._run == 2)

    def pass_over(self, character: str) -> bool:
        """Take one character; True if it belongs to text in quotes."""
        if self._opening:
            if character == self.quote:
                self._run += 1
                if self._run == 3:
                    self.quote *= 3
                    self._opening, self._run = False, 0
                return True
            self._opening = False
            if self._run == 2:  # the text was empty and ended one character ago
                self.quote = ""
            self._run = 0
        if not self.quote:
            if character in "\"'":
                self.quote, self._opening, self._run = character, True, 1
                return True
            return False
        self._take_inside(character)
        return True

    def _take_inside(self, character: str) -> None:
        if self._escaped:
            self._escaped = False
        elif character == "\\":
            self._escaped = True
            self._run = 0
        elif character != self.quote[0]:
            self._run = 0
        else:
            self._run += 1
            if self._run == len(self.quote):
                self.quote, self._run = "", 0


def read(text: str, place: int) -> tuple[str, int]:
    """The text whose opening quote stands at `place`, and the place behind its closing quote.

    Raises InvalidInput when it is not closed, and for an escape without a meaning.
    """
    quote = text[place]
    end = quote * 3 if text.startswith(quote * 3, place) else quote
    place += len(end)
    pieces: list[str] = []
    while not text.startswith(end, place):
        match = _PLAIN[quote].match(text, place)
        if match:
            pieces.append(match[0])
        elif text.startswith("\\", place) and (match := _ESCAPE.match(text, place)):
            pieces.append(_character(match))
        elif place < len(text) and text[place] == quote:
            pieces.append(quote)
            place += 1
            continue
        else:
            raise errors.InvalidInput(f"a text is never closed by {end}")
        place = match.end()
    return _paired("".join(pieces)), place + len(end)


def _character(match: re.Match[str]) -> str:
    code = match[1] or match[2] or match[3]
    if code or match[4]:
        number = int(code, 16) if code else int(match[4], 8)
        if number > 0x10FFFF:
            raise errors.InvalidInput(f"{match[0]} is no character")
        return chr(number)
    if match[5] in "xuUN":
        raise errors.InvalidInput(f"{match[0]} is an unfinished escape; write \\\\{match[5]} for a backslash")
    return _SIMPLE.get(match[5], match[0])


def _paired(text: str) -> str:
    """JSON writes a character beyond U+FFFF as two halves."""
    if not any("\ud800" <= character <= "\udfff" for character in text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
