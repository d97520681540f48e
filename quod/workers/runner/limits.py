"""What a child may use."""

from __future__ import annotations

import dataclasses
import os


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a child may use; None means no limit.

    `seconds`: wall clock. `memory_mb`: address space of each process in MiB. `cpu_seconds`: CPU time of each
    process. `processes`, `threads`: those in the child's session, the child included, and ended processes
    that nobody has waited for; they are counted every 50 ms, and the group is killed when there are more.
    `file_mb`: largest size in MiB of a file that is written. `open_files`: descriptors of each process.
    `output_bytes`: what is kept of each output stream, its end. `grace`: seconds between the polite signal
    (SIGTERM) and SIGKILL.
    """

    seconds: float | None = None
    memory_mb: int | None = None
    cpu_seconds: int | None = None
    processes: int | None = None
    threads: int | None = None
    file_mb: int | None = None
    open_files: int | None = None
    output_bytes: int = 1 << 20
    grace: float = 1.0


def child_numbers(limits: Limits) -> tuple[int, ...]:
    """The arguments of `confine.confine`: parent, memory and file size in bytes, CPU seconds, open files."""
    megabytes = (limits.memory_mb or 0) << 20, (limits.file_mb or 0) << 20
    return os.getpid(), megabytes[0], int(limits.cpu_seconds or 0), megabytes[1], limits.open_files or 0
