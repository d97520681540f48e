"""`run_python`: one program in the sandbox."""

from __future__ import annotations

from typing import Any

from quod.agents import interpreter, registry
from quod.agents.context import Context
from quod.workers import sandbox


@registry.tool(cost="cpu", concurrency=4)
async def run_python(context: Context, code: str, stdin: str = "") -> dict[str, Any]:
    """Run a Python program in the sandbox: no network, no files, a few seconds.

    code: the whole program. stdin: what it reads. It hands back a value by writing JSON to result.json.
    Returns {"ok", "stdout", "stderr", "value", "limit": the limit that ended it or None, "sandbox"}.
    """
    run = await context.offload(_run, code, stdin, context.settings.sandbox)
    return {
        "ok": run.ok,
        "stdout": run.stdout,
        "stderr": run.stderr,
        "value": run.value,
        "limit": run.limit,
        "sandbox": interpreter.place(run),
    }


def _run(code: str, stdin: str, backend: str) -> sandbox.Run:
    return sandbox.run_python(code, stdin=stdin, backend=backend)
