"""What a child does to itself before it works: limits, and death with its parent.

Standard library only: this file also runs as a script in front of external programs
(`python -I -S confine.py PARENT MEMORY CPU FILE DESCRIPTORS PROGRAM ARGUMENTS…`), where every import costs
start-up time.

Covered: the process itself. Not covered: if the parent is killed, processes that an external program started
itself live on (use a sandbox that dies as a whole for programs that do so), and nothing here limits which
files or hosts are reached.
"""

from __future__ import annotations

import os
import signal
import sys

PR_SET_PDEATHSIG = 1


NUMBERS = 5


def confine(parent: int, memory_bytes: int, cpu_seconds: int, file_bytes: int, open_files: int) -> None:
    """Die with process `parent`, write no core file, keep to the limits (0: none).

    They are: address space, CPU time, size of a written file, number of open descriptors.
    """
    _die_with(parent)
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if memory_bytes:
        _lower(resource.RLIMIT_AS, memory_bytes, memory_bytes)
    if cpu_seconds:
        _lower(resource.RLIMIT_CPU, cpu_seconds, cpu_seconds + 5)
    if file_bytes:
        _lower(resource.RLIMIT_FSIZE, file_bytes, file_bytes)
    if open_files:
        _lower(resource.RLIMIT_NOFILE, open_files, open_files)


def _lower(which: int, soft: int, hard: int) -> None:
    import resource

    _, ceiling = resource.getrlimit(which)
    if ceiling != resource.RLIM_INFINITY:
        soft, hard = min(soft, ceiling), min(hard, ceiling)
    resource.setrlimit(which, (soft, hard))


def _die_with(parent: int) -> None:
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # the parent died before the line above
        os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Confine this process and become the program named on the command line."""
    program = sys.argv[1 + NUMBERS :]
    confine(*(int(text) for text in sys.argv[1 : 1 + NUMBERS]))
    try:
        os.execvp(program[0], program)
    except OSError as error:
        sys.stderr.write(f"{program[0]}: {error.strerror}\n")
        os._exit(127)


if __name__ == "__main__":
    main()
