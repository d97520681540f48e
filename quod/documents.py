"""Reading text and JSON documents strictly: one reader for the client and the command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from quod import errors

SIZE_LIMIT = 512 * 1024 * 1024
"""Bytes of a file that quod reads at most."""


def read_text(path: str | Path) -> str:
    """The content of a text file, or of stdin for `-`. Raises InvalidInput when it cannot be read."""
    name = str(path)
    try:
        if name == "-":
            return sys.stdin.read()
        if Path(name).stat().st_size > SIZE_LIMIT:
            raise errors.InvalidInput(f"{name} is larger than {SIZE_LIMIT >> 20} MiB")
        return Path(name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise errors.InvalidInput(f"{name} is not UTF-8 text") from None
    except OSError as error:
        raise errors.InvalidInput(f"cannot read {name}: {error.strerror}") from None


def read_json(path: str | Path) -> Any:
    """A JSON document; decimal literals stay exact text. Raises InvalidInput with line and column."""
    text = read_text(path)
    try:
        return json.loads(text, parse_float=str, parse_constant=str, object_pairs_hook=unique_keys)
    except RecursionError:
        raise errors.InvalidInput(f"{path}: the JSON is nested too deeply") from None
    except ValueError as error:
        raise errors.InvalidInput(f"{path} is not JSON: {error}") from None


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; ValueError for a key that stands twice.

    Readers differ on which of two equal keys counts, so a certificate could say one thing to each.
    """
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key[:80]!r} stands twice in one object")
        found[key] = value
    return found
