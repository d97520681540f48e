"""Killable children: external programs (`run`) and Python functions (`call`) under limits.

Each child leads its own session, dies with this process, and has a wall-clock deadline, a CPU limit and an
address-space limit. It is started by name with the same interpreter, never forked from this process and
never by importing the caller's main module, so scripts need no `__main__` guard and threads do no harm.
"""

from __future__ import annotations

from quod.workers.runner.calls import call
from quod.workers.runner.child import report
from quod.workers.runner.process import Completed, Limits, run

__all__ = ["Completed", "Limits", "call", "report", "run"]
