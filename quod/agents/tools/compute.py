"""`compute`: a question answered by programs that a model writes and the sandbox runs."""

from __future__ import annotations

from typing import Any

from quod.agents import compute as computing
from quod.agents import registry
from quod.agents.context import Context
from quod.agents.tools import formulate


@registry.tool(cost="llm")
async def compute(
    context: Context, question: str | None = None, hints: list[Any] | None = None, sample: int = 0
) -> dict[str, Any]:
    """Answer a question by reasoning and Python programs, for what is neither an optimization nor a proof.

    question: in words (left away: the job's own text). hints: outputs of other tasks that help to answer it.
    sample: number of the attempt, where several are wanted.
    Returns {"termination", "answer": {"value"}, "certificate": None when there is no answer, "problems"}.
    """
    words = context.job.input if question is None else question
    formulate.check_text(words)
    return await computing.compute(context, words, hints or [], sample)
