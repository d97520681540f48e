"""Plans for kinds of jobs whose shape is known; no model is asked how to go about them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from quod import jobs
from quod.agents import drafting
from quod.agents.context import Context
from quod.agents.history import Decision, History
from quod.agents.strategies.building import Builder, Output

ANSWERS = ("solve", "compute")
"""Tools whose output is the answer of a fixed plan."""


class Fixed:
    """One plan and no other: the last answer with a certificate is the candidate."""

    fixed = True

    def most_rounds(self, context: Context) -> int:
        """There is one."""
        return 1

    async def plan(self, context: Context, history: History) -> AsyncIterator[jobs.Task]:
        """The plan for the kind of the job."""
        plan = Builder(history.next_id())
        if context.job.kind is jobs.Kind.COMPUTE:
            plan.add("compute")
        else:
            finish_optimize(plan, drafts(plan, context))
        for task in plan.tasks:
            yield task

    async def join(self, context: Context, history: History) -> Decision:
        """Finish with the last answer that has a certificate, else stop."""
        return last_answer(history)


def drafts(plan: Builder, context: Context) -> Output:
    """Independent drafts, compared where there are several; the reference to the one to go on with."""
    if context.job.formulation is not None:
        return plan.add("formulate")
    found = [draft(plan, name, sample) for name, sample in drafting.names(context)]
    return found[0] if len(found) == 1 else plan.add("compare", drafts=found)


def draft(plan: Builder, drafter: str, sample: int, hints: Sequence[Output] = ()) -> Output:
    """One draft of the job's text, by the tool that the drafter works with."""
    more = {"hints": list(hints)} if hints else {}
    if drafter == drafting.PYOMO:
        return plan.add("pyomo_code", sample=sample, **more)
    return plan.add("formulate", drafter=drafter, sample=sample, **more)


def finish_optimize(plan: Builder, draft: Output) -> None:
    """Solve a draft, then audit and diagnose the answer side by side."""
    solved = plan.add("solve", draft=draft)
    plan.add("audit", draft=draft, solved=solved)
    plan.add("diagnose", draft=draft, solved=solved)


def last_answer(history: History, tools: Sequence[str] = ANSWERS) -> Decision:
    """Finish with the last output that has a certificate; stop, with the reason, when there is none."""
    for outcome in reversed(list(history.outcomes())):
        if outcome.tool in tools and outcome.outcome == "ok" and outcome.value.get("certificate"):
            return Decision("finish", candidates=(outcome.task,))
    failed = [f"{found.tool}: {found.error}" for found in history.outcomes() if found.outcome == "error"]
    return Decision("stop", reason="; ".join(failed) or "nothing was certified")
