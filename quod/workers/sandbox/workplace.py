"""The private folders of runs: made, removed afterwards, and swept up when quod was killed before that."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from quod.workers.sandbox import measure, results

PREFIX = "quod-sandbox-"
_MADE = 60.0
"""Seconds after which a folder without a lock is not one that is just being made."""


@contextlib.contextmanager
def made() -> Iterator[Path]:
    """A new folder, which is removed after the block; it is locked as long as this process lives."""
    _sweep(tempfile.gettempdir())
    folder = os.path.abspath(tempfile.mkdtemp(prefix=PREFIX))  # TMPDIR may be relative
    lock = -1
    try:
        lock = os.open(folder, measure.FOLDER)
        with contextlib.suppress(OSError):  # a file system without locks: then nothing is swept either
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield Path(folder)
    finally:
        try:
            results.remove(folder)
        finally:
            if lock >= 0:
                os.close(lock)


@functools.cache
def _sweep(parent: str) -> None:
    """Remove this user's folders whose process was killed; done once in a process."""
    with contextlib.suppress(OSError), os.scandir(parent) as entries:
        for entry in entries:
            if entry.name.startswith(PREFIX) and entry.is_dir(follow_symlinks=False):
                with contextlib.suppress(OSError):  # locked, another's, or gone meanwhile
                    _remove_abandoned(entry.path)


def _remove_abandoned(path: str) -> None:
    lock = os.open(path, measure.FOLDER)
    try:
        found = os.fstat(lock)
        if found.st_uid == os.geteuid() and time.time() - found.st_mtime > _MADE:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            results.remove(path)
    finally:
        os.close(lock)
