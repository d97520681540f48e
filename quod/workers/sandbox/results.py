"""What a program left behind, handled without trusting it: its result, and its folder."""

from __future__ import annotations

import errno
import json
import os
import stat
from typing import Any

from quod import documents
from quod.workers.sandbox import measure

NAME = "result.json"
SIZE_LIMIT = 4 << 20
"""Bytes of a result at most; a larger one counts as none."""
DEPTH_LIMIT = 100
"""Lists and objects within each other at most: what reads the value later may be recursive."""


def value(folder: int) -> Any:
    """The JSON of `result.json` in the folder open as `folder`.

    None when it is missing, empty, no regular file (a symlink is never followed), has another name elsewhere,
    is too large, or is not strict JSON: UTF-8 (also where characters are escaped), each key once, no NaN and
    no infinity, at most DEPTH_LIMIT lists and objects within each other.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
    try:
        fd = os.open(NAME, flags, dir_fd=folder)
    except OSError:
        return None
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1 or status.st_size > SIZE_LIMIT:
            return None
        data = b""
        while len(data) <= SIZE_LIMIT and (more := os.read(fd, 1 << 20)):
            data += more
    finally:
        os.close(fd)
    if len(data) > SIZE_LIMIT:
        return None
    try:
        found = json.loads(
            data.decode(),
            parse_constant=_no_constant,
            parse_float=_finite,
            object_pairs_hook=documents.unique_keys,
        )
        _check(found)
        return found
    except (ValueError, RecursionError):
        return None


def _check(found: Any) -> None:
    """Raises ValueError for a value that is nested too deeply or has half of a surrogate pair in a string."""
    level = [found]
    for _ in range(DEPTH_LIMIT + 1):
        inner: list[Any] = []
        for item in level:
            if isinstance(item, str):
                item.encode()
            elif isinstance(item, list):
                inner += item
            elif isinstance(item, dict):
                inner += [*item, *item.values()]
        if not inner:
            return
        level = inner
    raise ValueError("nested too deeply")


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{text} is beyond the range of numbers")
    return number


def remove(path: str) -> None:
    """Remove a folder whatever its programs made in it: any depth, and folders that nobody may enter.

    Goes down by names and up by "..", so it holds one descriptor and no path grows long. Nothing outside is
    touched even if a program is still at work: links are not followed, and the way up must be the way down.
    """
    here = os.open(path, measure.FOLDER)
    try:
        waiting, names, above = [_folders(here)], [""], [(0, 0)]
        while waiting:
            if waiting[-1]:
                names.append(waiting[-1].pop())
                above.append(_identity(here))
                here = _moved(here, names[-1])
                waiting.append(_folders(here))
                continue
            waiting.pop()
            name, up = names.pop(), above.pop()
            if waiting:
                here = _moved(here, "..")
                if _identity(here) != up:
                    raise OSError(errno.EBUSY, "a folder was moved while it was removed", path)
                os.rmdir(name, dir_fd=here)
    finally:
        os.close(here)
    os.rmdir(path)


def _identity(fd: int) -> tuple[int, int]:
    found = os.fstat(fd)
    return found.st_dev, found.st_ino


def _moved(here: int, name: str) -> int:
    """The folder `name` of `here`, which is closed."""
    there = os.open(name, measure.FOLDER, dir_fd=here)
    os.close(here)
    return there


def _folders(parent: int) -> list[str]:
    """The folders directly in `parent`, made accessible; everything else in it is removed."""
    found = []
    with os.scandir(parent) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                _made_accessible(parent, entry.name)
                found.append(entry.name)
            else:
                os.unlink(entry.name, dir_fd=parent)
    return found


def _made_accessible(parent: int, name: str) -> None:
    fd = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    try:
        if os.fstat(fd).st_mode & 0o700 != 0o700:
            os.chmod(f"/proc/self/fd/{fd}", 0o700)  # this very folder, whatever its name leads to by now
    finally:
        os.close(fd)
