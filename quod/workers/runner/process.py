"""One external process under limits: own session, deadline, capped output, nothing left behind."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from quod import errors
from quod.workers.runner import cancellation, streams, supervisor
from quod.workers.runner.limits import Limits, child_numbers

CONFINE = Path(__file__).with_name("confine.py")


@dataclasses.dataclass(frozen=True)
class Completed:
    """A process that ended: `returncode` is negative for a signal, as in `subprocess`.

    `exceeded` is the limit that ended it, if one did and `run` was asked not to raise it.
    """

    returncode: int
    stdout: bytes
    stderr: bytes
    truncated: bool
    seconds: float
    memory_mb: float
    exceeded: errors.LimitExceeded | None = None


def run(
    command: Sequence[str],
    *,
    limits: Limits | None = None,
    input: bytes = b"",
    env: Mapping[str, str] | None = None,
    cwd: str | Path | None = None,
    pass_fds: Sequence[int] = (),
    through: Sequence[str] = (str(CONFINE),),
    watch: supervisor.Watch | None = None,
    raise_limits: bool = True,
) -> Completed:
    """Run an external program to its end; its exit status is the caller's to judge.

    `through` is the script (and its first arguments) that confines the child and then becomes the program;
    `watch` is called every 50 ms. Raises LimitExceeded when a limit (or the watch) stopped it, unless
    `raise_limits` is off; Cancelled (see `Cancellation`); Misconfigured when the program is not installed.
    The program and everything in its process group is gone on return.
    """
    cancellation.check()
    supervisor.check()
    limits = limits or Limits()
    program = shutil.which(command[0], path=None if env is None else env.get("PATH"))
    if program is None:
        raise errors.Misconfigured(f"the program {command[0]!r} was not found; install it or correct PATH")
    numbers = [str(number) for number in child_numbers(limits)]
    out = streams.Tail(limits.output_bytes)
    with subprocess.Popen(
        [sys.executable, "-I", "-S", *through, *numbers, program, *command[1:]],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env=env,
        cwd=cwd,
        pass_fds=pass_fds,
        bufsize=0,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        child = supervisor.Child(process, limits, watch)
        child.read(process.stdout.fileno(), out.feed)
        child.write(process.stdin.fileno(), input, process.stdin.close)
        child.wait()
    exceeded = child.limit_that_ended_it()
    if exceeded is not None and raise_limits:
        raise exceeded
    return Completed(
        returncode=process.returncode,
        stdout=out.value(),
        stderr=child.stderr.value(),
        truncated=max(out.total, child.stderr.total) > limits.output_bytes,
        seconds=child.seconds,
        memory_mb=child.memory_mb,
        exceeded=exceeded,
    )
