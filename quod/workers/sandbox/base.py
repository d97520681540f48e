"""The types that the parts of the sandbox share."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from quod import errors
from quod.workers import runner
from quod.workers.runner import process


@dataclasses.dataclass(frozen=True)
class Limits:
    """What one program may use.

    `seconds`: wall clock. `cpu_seconds`: CPU time of all its processes. `memory_mb`: MiB of address space of
    each process, and of resident memory of all. `processes`: living at the same time; 1 forbids `fork`.
    `file_mb`: MiB of the largest file. `work_mb`: MiB of all files in the work folder. `output_bytes`: what
    is kept of stdout and of stderr, the end of each. None can be switched off; InvalidInput for one that is
    not positive (`output_bytes` may be 0) and, but for `seconds`, not whole.
    """

    seconds: float = 10
    cpu_seconds: int = 10
    memory_mb: int = 1024
    processes: int = 1
    file_mb: int = 16
    work_mb: int = 64
    output_bytes: int = 65536

    def __post_init__(self) -> None:
        if not 0 < self.seconds < float("inf"):
            raise errors.InvalidInput("is not a positive number of seconds", field="seconds")
        for name in ("cpu_seconds", "memory_mb", "processes", "file_mb", "work_mb", "output_bytes"):
            least, value = int(name != "output_bytes"), getattr(self, name)
            if not isinstance(value, int) or value < least:
                raise errors.InvalidInput(f"{value!r} is not a whole number from {least} up", field=name)


@dataclasses.dataclass(frozen=True)
class Run:
    """What a program did.

    `ok`: it ended by itself with exit code 0. `returncode`: negative for a signal, as in `subprocess`;
    bubblewrap does not tell signal n from `sys.exit(128 + n)`.
    `value`: the JSON in `result.json` of its work folder; None when there is none or it is not plain JSON.
    `limit`: the kind of the limit that ended it: a field of Limits, `threads`, or `files` in the work folder.
    For memory and the sizes of files it may be the program's word: it failed, and its last lines speak of it.
    `truncated`: output was dropped. `memory_mb`: MiB, the largest resident memory that was seen.
    `does_not_cover`: what the back end does not protect against.
    """

    ok: bool
    returncode: int | None
    stdout: str
    stderr: str
    value: Any
    limit: str | None
    truncated: bool
    seconds: float
    memory_mb: float
    backend: str
    does_not_cover: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Place:
    """Where one program is prepared: a private folder on this machine, removed after the run."""

    folder: Path
    limits: Limits
    work_fd: int

    @property
    def program(self) -> Path:
        """The source, which the program can read and not change."""
        return self.folder / "program.py"

    @property
    def work(self) -> Path:
        """Holds `result.json` after the run, and is open as `work_fd`; often the program's work folder."""
        return self.folder / "work"


@dataclasses.dataclass(frozen=True)
class Launch:
    """How `runner.run` starts a program: the command, the script that confines it, descriptors to hand over.

    `home` is the work folder and `program` the source, as the program sees them; `helpers` are processes of
    the back end that live in the same session. `used`: bytes and files in the work folder, given the living
    processes.
    """

    command: Sequence[str]
    home: str
    program: str
    used: Callable[[Sequence[runner.Process]], tuple[int, int]]
    through: Sequence[str] = (str(process.CONFINE),)
    pass_fds: Sequence[int] = ()
    cwd: str | None = None
    helpers: int = 0


class Isolation(Protocol):
    """One way to keep a program from everything but its work folder."""

    name: str

    def missing(self) -> str | None:
        """Why this machine cannot have it, with what to do, as far as can be told without a try."""

    def does_not_cover(self) -> tuple[str, ...]:
        """What it does not protect against on this machine, a short phrase each."""

    def launch(self, place: Place, python: Sequence[str]) -> Launch:
        """How to run `python` (interpreter and options) on the program of `place`."""

    def returncode(self, code: int) -> int:
        """The program's exit status, given that of the process that was started."""
