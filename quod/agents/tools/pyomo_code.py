"""`pyomo_code`: words become Pyomo code, and the model that the code builds becomes a formulation."""

from __future__ import annotations

from typing import Any

from quod.agents import pyomo_code as writing
from quod.agents import registry
from quod.agents.context import Context
from quod.agents.tools import formulate


@registry.tool(cost="llm")
async def pyomo_code(
    context: Context, text: str | None = None, sample: int = 0, hints: list[Any] | None = None
) -> dict[str, Any]:
    """Model an optimization problem by Pyomo code, run in the sandbox: another way than `formulate`.

    text: the problem in words (left away: the job's own text). sample: number of the draft, where several are
    wanted. hints: outputs of other tasks that help to read it.
    Returns {"formulation", "problems", "warnings", "code", "numeric": what the code itself found where it has
    no formulation}; give it to `solve` as a whole.
    """
    words = context.job.input if text is None else text
    formulate.check_text(words)
    return await writing.write(context, words, sample, hints or [])
