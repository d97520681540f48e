"""`decompose`: first attempt, sub-questions, parallel answers, final attempt.

DaSLaM (Juneja et al., EMNLP 2023, arXiv 2310.18338), inference only: a (small) decomposer sees the problem
*and* a first attempt at it, asks what that attempt got wrong or left open, the solver answers the questions
side by side, and then attempts the problem again with all answers at hand.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from quod import jobs
from quod.agents import drafting
from quod.agents.context import Context
from quod.agents.history import Decision, History
from quod.agents.strategies import fixed
from quod.agents.strategies.building import Builder, Output


class Decompose:
    """Two plans: the attempt and its questions; then the answers and the final attempt."""

    fixed = True

    def most_rounds(self, context: Context) -> int:
        """There are two."""
        return 2

    async def plan(self, context: Context, history: History) -> AsyncIterator[jobs.Task]:
        """The next of the two plans."""
        plan = Builder(history.next_id())
        if not history:
            plan.add("decompose", attempt=self._attempt(plan, context))
        else:
            self._final(plan, context, history)
        for task in plan.tasks:
            yield task

    async def join(self, context: Context, history: History) -> Decision:
        """After the questions the final attempt; then the last answer that has a certificate."""
        if len(history) == 1:
            questions = _questions(history)
            reason = f"{len(questions)} sub-questions" if questions else "no sub-questions; a final attempt"
            return Decision("replan", reason=reason)
        return fixed.last_answer(history)

    def _attempt(self, plan: Builder, context: Context) -> Output:
        if context.job.kind is jobs.Kind.COMPUTE:
            return plan.add("compute")
        return fixed.draft(plan, drafting.sampled(context, "decompose"), 0)

    def _final(self, plan: Builder, context: Context, history: History) -> None:
        answers = [plan.add("answer", question=question) for question in _questions(history)]
        if context.job.kind is jobs.Kind.COMPUTE:
            plan.add("compute", hints=answers, sample=1)
        else:
            fixed.finish_optimize(plan, fixed.draft(plan, drafting.sampled(context, "decompose"), 1, answers))


def _questions(history: History) -> list[str]:
    found = history.of("decompose")
    ok = found and found[0].outcome == "ok"
    return [str(question) for question in found[0].value["questions"]] if ok else []
