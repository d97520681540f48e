"""Programs that nobody trusts, run where they can do no harm."""

from __future__ import annotations

from quod import settings
from quod.workers.sandbox import backends, programs
from quod.workers.sandbox.backends import Backend, active
from quod.workers.sandbox.base import Limits, Run

__all__ = ["Backend", "Limits", "Run", "active", "run_python"]


def run_python(source: str, *, stdin: str = "", limits: Limits | None = None, backend: str = "auto") -> Run:
    """Run a Python program in the sandbox and wait for its end.

    The program gets `stdin`, an empty work folder as its current one, a fixed small environment, and the
    packages of this Python to import; it hands back a value by writing JSON to `result.json`. `backend` is
    the name of a back end; `auto` is what the setting QUOD_SANDBOX says, and if that is `auto` too, the best
    that works here.

    A program that fails or reaches a limit is an ordinary Run. Raises Misconfigured when no back end works,
    InvalidInput for an unknown one, runner.Cancelled when the context's `runner.Cancellation` is cancelled.
    """
    setting = settings.load().sandbox if backend == "auto" else backend
    found = backends.isolation(active(setting).name)
    return programs.run(found, source, stdin, limits or Limits())
