"""How much of a disk the programs of a work folder use, measured from outside while they run.

They work against it, so whatever cannot be measured counts as too much: a folder that cannot be opened, one
that lies too deep, one whose entries are never where they were a moment ago.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Sequence
from typing import ClassVar

from quod.workers import runner

FILES_LIMIT = 2048
"""Files and folders in a work folder at most."""
DEPTH_LIMIT = 32
"""Folders within each other at most."""

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_TRIES, _PATIENCE = 3, 20


class Meter:
    """Measures one work folder, open as `folder`; `largest` is what a file can have, in bytes, at most."""

    TOO_MANY: ClassVar = FILES_LIMIT + 1

    def __init__(self, folder: int, largest: int) -> None:
        self.folder, self.largest = folder, largest
        self._uncertain = 0

    def __call__(self, present: Sequence[runner.Process]) -> tuple[int, int]:
        """Bytes on disk and number of entries in the folder, and of deleted files that a process still has.

        The number is FILES_LIMIT + 1 for more, and for a folder that cannot be measured.
        """
        size, entries = self._below()
        for found in self._deleted(present).values():
            size, entries = size + found, entries + 1
        return size, entries

    def _below(self) -> tuple[int, int]:
        size = entries = 0
        for _ in range(_TRIES):
            count = _Count()
            try:
                count.add(self.folder)
            except OSError:
                return count.size, self.TOO_MANY
            size, entries = max(size, count.size), max(entries, count.entries)
            if not count.vanished:
                self._uncertain = 0
                return size, entries
        self._uncertain += 1
        return size, self.TOO_MANY if self._uncertain > _PATIENCE else entries

    def _deleted(self, present: Sequence[runner.Process]) -> dict[tuple[int, int], int]:
        """Bytes of each deleted file, by device and number; those that are only mapped count as `largest`,
        as their size can be read by nobody but root."""
        place = os.fsencode(os.readlink(f"/proc/self/fd/{self.folder}")) + b"/"
        found: dict[tuple[int, int], int] = {}
        for process in present:
            for path in _open_files(process.pid):
                with contextlib.suppress(OSError):
                    _add(found, os.stat(path))
        known = {number for _, number in found}
        for process in present:
            for path, number in _mappings(process.pid, place):
                if number not in known:
                    try:
                        _add(found, os.stat(path))
                    except OSError:
                        found[0, number] = self.largest
        return found


class _Count:
    def __init__(self) -> None:
        self.size = self.entries = 0
        self.vanished = False

    def add(self, folder: int, depth: int = 0) -> None:
        """Count what is below. Raises OSError for what cannot be counted."""
        if depth > DEPTH_LIMIT:
            raise OSError("too deep")
        fd = os.open(".", FOLDER, dir_fd=folder)
        try:
            with os.scandir(fd) as entries:
                for entry in entries:
                    self.entries += 1
                    if self.entries > FILES_LIMIT:
                        return
                    self._one(entry, fd, depth)
        finally:
            os.close(fd)

    def _one(self, entry: os.DirEntry[str], folder: int, depth: int) -> None:
        try:
            found = entry.stat(follow_symlinks=False)
            self.size += found.st_blocks * 512
            inner = os.open(entry.name, FOLDER, dir_fd=folder) if stat.S_ISDIR(found.st_mode) else None
        except (FileNotFoundError, NotADirectoryError):
            self.vanished = True
            return
        if inner is not None:
            try:
                self.add(inner, depth + 1)
            finally:
                os.close(inner)


def _add(files: dict[tuple[int, int], int], found: os.stat_result) -> None:
    if stat.S_ISREG(found.st_mode) and found.st_nlink == 0:
        files[found.st_dev, found.st_ino] = found.st_blocks * 512


def _threads(pid: int) -> Iterator[str]:
    """Folders in /proc that describe the process: its own, then its threads', for one whose first is dead."""
    yield f"/proc/{pid}"
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            yield f"/proc/{pid}/task/{thread}"


def _open_files(pid: int) -> list[str]:
    for place in _threads(pid):
        with contextlib.suppress(OSError):
            if names := os.listdir(f"{place}/fd"):
                return [f"{place}/fd/{name}" for name in names]
    return []


def _mappings(pid: int, below: bytes) -> Iterator[tuple[str, int]]:
    """Mapped files in the folder `below` that may have been deleted: where to see one, and its number."""
    for place in _threads(pid):
        lines: list[bytes] = []
        with contextlib.suppress(OSError), open(f"{place}/maps", "rb") as stream:
            lines = stream.read().splitlines()
        for line in lines:
            if line.endswith(b" (deleted)"):
                addresses, _, _, _, number, path = line.split(None, 5)
                if path.startswith(below):
                    yield f"/proc/{pid}/map_files/{addresses.decode()}", int(number)
        if lines:
            return
