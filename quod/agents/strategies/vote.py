"""`vote`: several independent answers, and the one that most of them agree on.

Answers are compared by what they mean, not by how they are written: formulations by canonical form and by
optimum, computed values as exact numbers (self-consistency, Wang et al. 2023, with a checker behind it).
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from quod import jobs
from quod.agents import drafting
from quod.agents.context import Context
from quod.agents.history import Decision, History
from quod.agents.strategies import fixed
from quod.agents.strategies.building import Builder

LEAST = 3
"""Voters, when the settings ask for fewer samples."""


class Vote:
    """n samples, canonical comparison, majority."""

    fixed = True

    def most_rounds(self, context: Context) -> int:
        """There is one."""
        return 1

    async def plan(self, context: Context, history: History) -> AsyncIterator[jobs.Task]:
        """The voters side by side, then the count."""
        plan = Builder(history.next_id())
        count = max(LEAST, context.settings.samples)
        if context.job.kind is jobs.Kind.COMPUTE:
            answers = [plan.add("compute", sample=sample) for sample in range(count)]
            plan.add("vote_answers", answers=answers)
        else:
            name = drafting.sampled(context, "vote")
            drafts = [fixed.draft(plan, name, sample) for sample in range(count)]
            fixed.finish_optimize(plan, plan.add("vote", drafts=drafts))
        for task in plan.tasks:
            yield task

    async def join(self, context: Context, history: History) -> Decision:
        """Finish with the winner's answer."""
        return fixed.last_answer(history, ("solve", "vote_answers"))
