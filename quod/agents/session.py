"""One job from its first plan to its result: the steps of the planner graph, without the graph.

    execute (plan and run) → join → execute again | finish

`quod.agents.graph` runs these steps and keeps their states; each step takes the state and returns what it
changes, as JSON. What happens inside `execute` is in the journal, so a step that a crash interrupts goes on
where it was.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator
from typing import Any, TypedDict

from quod import certificates, errors, jobs
from quod.agents import assemble, numbering, registry, scheduler, strategies
from quod.agents.context import Context
from quod.agents.history import Decision, History, Round
from quod.agents.journal import Journal
from quod.agents.plan_problems import PlanProblem
from quod.agents.record import Record

_DOING = {
    "formulate": "reading the problem",
    "compare": "comparing the readings",
    "solve": "solving and proving",
    "audit": "comparing other readings, auditing the model",
    "diagnose": "looking for the conflict",
}
"""What tools do, in words for people."""


class State(TypedDict, total=False):
    """What is kept between the steps, as JSON."""

    rounds: list[dict[str, Any]]
    exhausted: str | None
    check: dict[str, Any] | None
    result: dict[str, Any]


class Session:
    """Runs one job; an earlier session may have begun it."""

    def __init__(self, context: Context, tools: registry.Registry, journal: Journal) -> None:
        self.context, self.journal = context, journal
        self.strategy = strategies.choose(context, tools)
        self.tools: registry.Registry = getattr(self.strategy, "tools", tools)
        spent, self._before = journal.spent(context.job.id)
        context.models.add_usage(spent)
        context.models.budget.on_spend = self._save
        self._began = time.perf_counter()
        self._fatal: dict[str, errors.QuodError] = {}
        self._exhausted: errors.LimitExceeded | None = None

    def clock(self) -> float:
        """Seconds since the job began; the time between two sessions does not count."""
        return self._before + time.perf_counter() - self._began

    async def execute(self, state: State) -> State:
        """Make the next plan and run it; both at the same time where the plan comes in pieces.

        Raises Misconfigured and Unavailable, and InvalidInput under a fixed plan: the job can be resumed
        when the cause is mended.
        """
        history = read(state)
        record = Record(self.journal.round(self.context.job.id, len(history) + 1), self.clock, self.fatal)
        stream = self._planned(record, history)
        try:
            async with self._kept_up_to_date(), asyncio.timeout(self._left()):
                execution = await scheduler.run(
                    stream,
                    self._call,
                    policies=self._policy,
                    finished={outcome.task: outcome for outcome in history.outcomes()},
                    recall=record.recall,
                    journal=record,
                    clock=self.clock,
                )
        except TimeoutError:
            execution = record.cut_off()
            limit = self.context.settings.budget_seconds or 0.0
            self._exhausted = errors.LimitExceeded("seconds", self.clock(), limit)
        for error in self._fatal.values():
            raise error
        exhausted = self._exhausted or execution.exhausted
        problems = [str(problem) for problem in execution.problems]
        done = Round(len(history) + 1, execution.tasks, list(execution.outcomes.values()), problems)
        return {
            "rounds": [*state.get("rounds", []), _written(done)],
            "exhausted": str(exhausted) if exhausted else None,
        }

    async def join(self, state: State) -> State:
        """Decide what follows the last round. A claim is checked here; a rejected one may be planned anew."""
        history = read(state)
        check: dict[str, Any] | None = None
        exhausted = state.get("exhausted")
        async with self._kept_up_to_date():
            if exhausted is None:
                try:
                    decision = await self._decide(history)
                except errors.LimitExceeded as error:
                    exhausted = str(error)
            if exhausted is not None:
                decision = await self._before_the_end(history, exhausted)
        if decision.action == "finish":
            check = await self._check(history, decision)
            if check["rejected"]:
                decision = Decision("replan", reason=assemble.rejection(check))
        if decision.action == "replan" and len(history) >= self.strategy.most_rounds(self.context):
            decision = Decision("stop", reason=decision.reason)
        last = {**state["rounds"][-1], "decision": _decision(decision)}
        return {"rounds": [*state["rounds"][:-1], last], "check": check, "exhausted": exhausted}

    async def finish(self, state: State) -> State:
        """The result, from the rounds and the check."""
        result = assemble.result(
            self.context, read(state), exhausted=state.get("exhausted"), check=state.get("check")
        )
        self._save()
        self.journal.finish(result)
        return {"result": result.model_dump(mode="json")}

    def route(self, state: State) -> str:
        """The step after `join`."""
        return "execute" if state["rounds"][-1]["decision"]["action"] == "replan" else "finish"

    async def _planned(self, record: Record, history: History) -> AsyncIterator[scheduler.Item]:
        known = record.plan()
        if known is not None:
            record.again = True
            for task in known[0]:
                yield task
            for problem in known[1]:
                yield PlanProblem(problem)
            return
        problems: list[str] = []
        numbers = numbering.Numbering(task.id for past in history for task in past.tasks)
        try:
            async for proposed in self.strategy.plan(self.context, history):
                item = numbers.take(proposed)
                if isinstance(item, PlanProblem):
                    problems.append(str(item))
                yield item
        except errors.ToolFailed as error:
            problems.append(f"the planner failed: {error}")
            yield PlanProblem(problems[-1])
        except errors.LimitExceeded as error:
            self._exhausted = error
        record.complete(problems)

    @contextlib.asynccontextmanager
    async def _kept_up_to_date(self) -> AsyncIterator[None]:
        """Meanwhile and at the end, however it comes, what was used and how long it took is written down."""

        async def now_and_then() -> None:
            while True:
                await asyncio.sleep(1.0)
                self._save()

        beat = asyncio.ensure_future(now_and_then())
        try:
            yield
        finally:
            beat.cancel()
            self._save()

    async def _call(self, task: jobs.Task, arguments: dict[str, Any]) -> Any:
        """One call of a tool. Errors that the planner cannot mend end the job after the running tasks."""
        self.context.progress(_DOING.get(task.tool, task.tool))
        self._fatal.pop(task.id, None)
        try:
            return await self.tools.call(self.context, task.tool, arguments)
        except (errors.Misconfigured, errors.Unavailable) as error:
            self._fatal[task.id] = error
            raise
        except errors.InvalidInput as error:
            if self.strategy.fixed:
                self._fatal[task.id] = error
            raise
        except errors.LimitExceeded as error:
            if error.kind == "seconds" and self._left() == 0:
                self._exhausted = self._exhausted or error  # the job's time, not the tool's
            raise

    def _policy(self, tool: str) -> scheduler.Policy | None:
        """Solvers and provers take a core each, so there are no more of them than cores."""
        policy = self.tools.policy(tool)
        if policy is None or policy.concurrency is not None:
            return policy
        heavy = self.tools[tool].cost in ("solve", "prove")
        cores = max(1, (os.cpu_count() or 1) // self.context.settings.threads)
        return scheduler.Policy(cores if heavy else None, policy.timeout, policy.retries)

    async def _decide(self, history: History) -> Decision:
        try:
            return await self.strategy.join(self.context, history)
        except errors.ToolFailed as error:
            return Decision("replan", reason=f"the joiner failed: {error}")

    async def _before_the_end(self, history: History, exhausted: str) -> Decision:
        """A fixed plan may have come to an answer before the budget ran out; no model is asked for that."""
        if self.strategy.fixed:
            found = await self.strategy.join(self.context, history)
            if found.action == "finish":
                return found
        return Decision("stop", reason=exhausted)

    async def _check(self, history: History, decision: Decision) -> dict[str, Any]:
        """What the checker says to a claim: seconds, and why it was rejected, if it was."""
        self.context.progress("checking the certificate")
        began, started = self.clock(), time.perf_counter()
        rejected: str | None = None
        try:
            claim = assemble.claim(self.context, history, decision.candidates)
            await self.context.offload(certificates.check, claim.model_dump(mode="json"))
        except errors.CertificateRejected as error:
            rejected = str(error)
        except (KeyError, TypeError, ValueError) as error:  # an output that only looks like an answer
            rejected = f"{type(error).__name__}: {error}"
        seconds = time.perf_counter() - started
        return {"start": began, "seconds": seconds, "rejected": rejected, "inputs": list(decision.candidates)}

    def _left(self) -> float | None:
        budget = self.context.settings.budget_seconds
        return None if budget is None else max(0.0, budget - self.clock())

    def _save(self) -> None:
        self.journal.spend(self.context.job.id, self.context.models.usage, self.clock())

    def fatal(self, task: str) -> bool:
        """Whether a task ended with an error that somebody else has to mend before it is tried again."""
        return task in self._fatal


def read(state: State) -> History:
    """The rounds of a state as objects."""
    return History(
        Round(
            number=document["number"],
            tasks=[jobs.Task.model_validate(task) for task in document["tasks"]],
            outcomes=[jobs.TaskOutcome.model_validate(outcome) for outcome in document["outcomes"]],
            problems=document["problems"],
            decision=_read_decision(document["decision"]),
        )
        for document in state.get("rounds", [])
    )


def _written(done: Round) -> dict[str, Any]:
    return {
        "number": done.number,
        "tasks": [task.model_dump(mode="json") for task in done.tasks],
        "outcomes": [outcome.model_dump(mode="json") for outcome in done.outcomes],
        "problems": done.problems,
        "decision": None,
    }


def _decision(decision: Decision) -> dict[str, Any]:
    return {
        "action": decision.action,
        "reason": decision.reason,
        "candidates": list(decision.candidates),
    }


def _read_decision(document: dict[str, Any] | None) -> Decision | None:
    if document is None:
        return None
    return Decision(document["action"], document["reason"], tuple(document["candidates"]))
