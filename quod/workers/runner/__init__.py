"""Killable children: external programs (`run`) and Python functions (`call`) under limits.

Each child leads its own session, dies with this process, and has a wall-clock deadline, a CPU limit and an
address-space limit. It is started by name with the same interpreter, never forked from this process and
never by importing the caller's main module, so scripts need no `__main__` guard and threads do no harm.
Another thread stops it through a `Cancellation`, without delay.
"""

from __future__ import annotations

from quod.workers.runner.calls import call
from quod.workers.runner.cancellation import Cancellation, Cancelled
from quod.workers.runner.child import report
from quod.workers.runner.limits import Limits
from quod.workers.runner.process import Completed, run
from quod.workers.runner.session import Process, members

__all__ = [
    "Cancellation",
    "Cancelled",
    "Completed",
    "Limits",
    "Process",
    "call",
    "members",
    "report",
    "run",
]
