"""What a program left behind, read without trusting it: its result, the size of its folder, its removal."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from typing import Any

from quod import documents
from quod.workers import runner

NAME = "result.json"
SIZE_LIMIT = 4 << 20
"""Bytes of a result at most; a larger one counts as none."""
FILES_LIMIT = 2048
"""Files and folders in a work folder at most."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OPEN_AT_ONCE = 64


def value(folder: int) -> Any:
    """The JSON of `result.json` in the folder open as `folder`.

    None when it is missing, empty, no regular file (a symlink is never followed), has another name elsewhere,
    is too large, or is not strict JSON: UTF-8, each key once, no NaN and no infinity.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
    try:
        fd = os.open(NAME, flags, dir_fd=folder)
    except OSError:
        return None
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1 or found.st_size > SIZE_LIMIT:
            return None
        data = b""
        while len(data) <= SIZE_LIMIT and (more := os.read(fd, 1 << 20)):
            data += more
    finally:
        os.close(fd)
    if len(data) > SIZE_LIMIT:
        return None
    try:
        return json.loads(
            data.decode(),
            parse_constant=_no_constant,
            parse_float=_finite,
            object_pairs_hook=documents.unique_keys,
        )
    except (ValueError, RecursionError):
        return None


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{text} is beyond the range of numbers")
    return number


def used(folder: int, present: Sequence[runner.Process]) -> tuple[int, int]:
    """Bytes on disk and number of entries below the folder, and of deleted files that are still open.

    The count stops beyond FILES_LIMIT.
    """
    size, entries = _below(folder)
    for process in present:
        with contextlib.suppress(OSError):
            for name in os.listdir(f"/proc/{process.pid}/fd"):
                found = os.stat(f"/proc/{process.pid}/fd/{name}")
                if stat.S_ISREG(found.st_mode) and found.st_nlink == 0:
                    size, entries = size + found.st_blocks * 512, entries + 1
    return size, entries


def _below(folder: int) -> tuple[int, int]:
    size = entries = 0
    waiting = [os.open(".", _FOLDER, dir_fd=folder)]
    try:
        while waiting and entries <= FILES_LIMIT:
            fd = waiting.pop()
            try:
                for found, name in _entries(fd):
                    size, entries = size + found.st_blocks * 512, entries + 1
                    if stat.S_ISDIR(found.st_mode) and len(waiting) < _OPEN_AT_ONCE:
                        with contextlib.suppress(OSError):  # removed meanwhile, or closed to everybody
                            waiting.append(os.open(name, _FOLDER, dir_fd=fd))
            finally:
                os.close(fd)
    finally:
        for fd in waiting:
            os.close(fd)
    return size, entries


def _entries(folder: int) -> Iterator[tuple[os.stat_result, str]]:
    with os.scandir(folder) as entries:
        for count, entry in enumerate(entries):
            with contextlib.suppress(OSError):
                yield entry.stat(follow_symlinks=False), entry.name
            if count > FILES_LIMIT:
                return


def remove(path: str) -> None:
    """Remove a folder whatever its programs made in it: any depth, and folders that nobody may enter.

    Folders are moved up into the first one before they are emptied, so no path grows long. The programs must
    have ended.
    """
    top = os.open(path, _FOLDER)
    numbers = itertools.count()
    new = secrets.token_hex(8)  # names that no program could have used
    try:
        waiting = _folders(top)
        while waiting:
            name = waiting.pop()
            fd = os.open(name, _FOLDER, dir_fd=top)
            try:
                for inner in _folders(fd):
                    moved = f"{new}-{next(numbers)}"
                    os.rename(inner, moved, src_dir_fd=fd, dst_dir_fd=top)
                    waiting.append(moved)
            finally:
                os.close(fd)
            os.rmdir(name, dir_fd=top)
    finally:
        os.close(top)
    os.rmdir(path)


def _folders(parent: int) -> list[str]:
    """The folders directly in `parent`, made accessible; everything else in it is removed."""
    found = []
    with os.scandir(parent) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                os.chmod(entry.name, 0o700, dir_fd=parent)
                found.append(entry.name)
            else:
                os.unlink(entry.name, dir_fd=parent)
    return found
