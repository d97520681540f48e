"""Programs that nobody trusts, run where they can do little harm.

`run_python` runs one Python program, for example one that a language model wrote, in the best back end that
works here: `bubblewrap` (namespaces) or `landlock` (Landlock and seccomp, also in containers that allow no
namespaces). Both are tried on the machine before they are used; if neither works nothing is run, unless
QUOD_SANDBOX=none allows it without isolation.

Covered by both back ends:
* no network, no sockets but pairs inside the program, no signals or debugging to other processes;
* of files: read the interpreter, its packages, the system's libraries and three harmless devices; write the
  private work folder; nothing of /etc, home or /proc;
* a fixed environment, no inherited descriptors but the three streams;
* limits for wall and CPU time, memory, processes, threads, file size, the work folder, and what is kept of
  the output; nothing the program started lives on;
* its result is read from a file that is never trusted to be one.

Covered by neither: bugs of the kernel (there is one kernel for all), side channels, and the load that a
program within its limits puts on the machine. A program can read every package that is installed for this
Python. Landlock moreover leaves visible whether files and processes exist. `Run.does_not_cover` has the list
for the machine at hand; docs/sandbox.md says what was attacked, and how.
"""

from __future__ import annotations

from quod import settings
from quod.workers.sandbox import backends, programs
from quod.workers.sandbox.backends import Backend, active, known
from quod.workers.sandbox.base import Limits, Run

__all__ = ["Backend", "Limits", "Run", "active", "known", "run_python"]


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
