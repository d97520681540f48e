"""Reading what the user names on the command line."""

from __future__ import annotations

from pathlib import Path

from quod import errors
from quod.documents import read_json, read_text

__all__ = ["problem", "read_json", "read_text"]


def problem(argument: str) -> tuple[str, Path | None]:
    """The problem a user named: text itself, a file, or `-`; with the folder of the file."""
    if argument == "-":
        return read_text("-"), None
    looks_like_path = len(argument) < 1024 and "\n" not in argument
    if looks_like_path and Path(argument).is_file():
        return read_text(argument), Path(argument).parent
    if looks_like_path and argument.strip() and " " not in argument.strip():
        raise errors.InvalidInput(f"there is no file {argument!r}; a problem in words has more than one word")
    return argument, None
