"""Formulations as language models write them: evidence is a quotation, not a pair of character offsets.

Models copy words well and count characters badly. `schema()` is the formulation schema with quotations;
`located()` turns a reply of that form into a formulation document by finding the quotations in the text.
"""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Mapping
from typing import Any

from quod.solvers import formulation

_QUOTE = {"type": "string", "description": "words copied exactly from the problem text"}
_WHOLE = r"(?<!\w)(?<!\d[.,]){}(?!\w)(?![.,]\d)"  # "3" is neither in "30" nor in "1.3"
_LEFT_OUT = {"Formulation": ("text", "version"), "Parameter": ("file",)}


@functools.cache
def _schema() -> dict[str, Any]:
    schema = copy.deepcopy(formulation.Formulation.model_json_schema())
    definitions = schema["$defs"]
    definitions["Evidence"] = _QUOTE
    definitions.pop("Table", None)
    for name, fields in _LEFT_OUT.items():
        holder = schema if name == "Formulation" else definitions[name]
        for field in fields:
            holder["properties"].pop(field)
    return schema


def schema() -> dict[str, Any]:
    """JSON schema of a formulation with quotations for evidence, without text and files."""
    return copy.deepcopy(_schema())


def located(document: Mapping[str, Any], text: str) -> tuple[dict[str, Any], list[str]]:
    """The formulation document of a model's reply, and which quotations are not in `text`.

    Equal quotations are found from left to right, each at its next place. A quotation that is not in the text
    is dropped and named in the messages. The text is always ours, whatever the reply holds.
    """
    result: dict[str, Any] = copy.deepcopy(dict(document))
    result.pop("version", None)
    finder = _Finder(text)
    for holder in _parts(result):
        if "evidence" in holder:
            holder["evidence"] = finder.all(holder["evidence"])
    if isinstance(result.get("unused"), list):
        for item in result["unused"]:
            if isinstance(item, dict):
                found = finder.all([item.get("evidence")])
                item["evidence"] = found[0] if found else None
        result["unused"] = [i for i in result["unused"] if not isinstance(i, dict) or i["evidence"]]
    result["text"] = text
    return result, finder.messages


def _parts(document: dict[str, Any]) -> list[dict[str, Any]]:
    lists = (document.get(k) for k in ("sets", "parameters", "variables", "constraints", "conventions"))
    parts = [part for items in lists if isinstance(items, list) for part in items]
    return [part for part in [document.get("objective"), *parts] if isinstance(part, dict)]


class _Finder:
    """Finds quotations: any white space and letter case, whole words and numbers if there are such."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._next: dict[str, int] = {}
        self.messages: list[str] = []

    def all(self, quotes: Any) -> list[dict[str, int]]:
        """Offsets of each quotation that is found."""
        items = quotes if isinstance(quotes, list) else [quotes]
        places = [self._one(item) for item in items if item is not None]
        return [{"start": start, "end": end} for start, end in filter(None, places)]

    def _one(self, quote: Any) -> tuple[int, int] | None:
        words = quote.split() if isinstance(quote, str) else []
        if not words:
            self.messages.append(f"evidence {str(quote)[:60]!r} is not a quotation")
            return None
        key, body = " ".join(words).lower(), r"\s+".join(map(re.escape, words))
        found = self._search(_WHOLE.format(body), self._next.get(key, 0)) or self._search(body, 0)
        if found is None:
            self.messages.append(
                f"evidence {quote[:60]!r} is not in the problem text; copy the words exactly"
            )
            return None
        self._next[key] = found.end()
        return found.span()

    def _search(self, pattern: str, start: int) -> re.Match[str] | None:
        """The first match from `start` on, else the first of all."""
        compiled = re.compile(pattern, re.IGNORECASE)
        return compiled.search(self._text, start) or compiled.search(self._text)
