"""The state of a plan that runs: what waits for what, which calls run, and how each ended."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Coroutine, Iterable
from typing import Any, Literal, Protocol

from quod import errors, jobs
from quod.agents import attempts, cycles, references
from quod.agents.attempts import Policy
from quod.agents.plan_problems import PlanProblem

Item = jobs.Task | PlanProblem
Call = Callable[[jobs.Task, dict[str, Any]], Awaitable[Any]]
Policies = Callable[[str], Policy | None]
Recall = Callable[[jobs.Task], jobs.TaskOutcome | None]
BUDGETS = frozenset({"tokens", "cost", "calls"})
"""Kinds of LimitExceeded that mean the whole job; "seconds" may be one tool's own."""


class Journal(Protocol):
    """Is told what happens, in order; must not block. What it raises ends the run."""

    def planned(self, task: jobs.Task) -> None:
        """A task of the plan was read."""

    def started(self, task: jobs.Task) -> None:
        """Its inputs exist and its first attempt begins."""

    def finished(self, outcome: jobs.TaskOutcome) -> None:
        """It ended, or will never start; tasks that need it start after this."""


class _Queue:
    """Calls of one tool: how many run, and who waits for a place."""

    def __init__(self, policy: Policy | None) -> None:
        self.policy = policy or Policy()
        self.running = 0
        self.ready: deque[str] = deque()

    @property
    def full(self) -> bool:
        return self.policy.concurrency is not None and self.running >= self.policy.concurrency


class Dataflow:
    """One run of `quod.agents.scheduler`; `over` is done when nothing is left to do, or with an exception."""

    def __init__(
        self,
        call: Call,
        policies: Policies,
        finished: dict[str, jobs.TaskOutcome],
        journal: Journal | None,
        clock: Callable[[], float],
        recall: Recall | None = None,
    ) -> None:
        self.call, self.policies, self.journal, self.clock = call, policies, journal, clock
        self.recall = recall
        self.tasks: dict[str, jobs.Task] = {}
        self.outcomes = finished
        self.problems: list[PlanProblem] = []
        self.exhausted: errors.LimitExceeded | None = None
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.values = {key: each.value for key, each in finished.items() if each.outcome == "ok"}
        self.inputs: dict[str, list[str]] = {}
        self.waiting: dict[str, int] = {}
        """Of each task that has not ended or started: how many of its inputs have not ended."""
        self.dependants: dict[str, list[str]] = {}
        self.queues: dict[str, _Queue] = {}
        self.active: set[asyncio.Task[None]] = set()

    # Reading the plan

    async def read(self, plan: AsyncIterable[Item] | Iterable[Item]) -> None:
        """Take in the tasks as they come; after the last one, end those that can never start."""
        if isinstance(plan, AsyncIterable):
            async with contextlib.AsyncExitStack() as stack:
                if isinstance(plan, AsyncGenerator):
                    await stack.enter_async_context(contextlib.aclosing(plan))
                async for item in plan:
                    self._accept(item)
        else:
            for item in plan:
                self._accept(item)
                await asyncio.sleep(0)
        for key in list(self.waiting):
            unknown = [
                each for each in self.inputs[key] if each not in self.tasks and each not in self.outcomes
            ]
            if unknown and key in self.waiting:
                names = ", ".join(unknown)
                self._fail(key, f"it needs task {names}, which is not in the plan; refer to a task that is")
        self._end_cycles()

    def _accept(self, item: Item) -> None:
        if isinstance(item, PlanProblem):
            self.problems.append(item)
            if item.task is None or item.task in self.tasks:
                return
            if self.recall is not None or item.task not in self.outcomes:
                self.values.pop(item.task, None)  # of an earlier plan
                self._register(jobs.Task(id=item.task, tool=item.tool or "?"), [])
                self._fail(item.task, item.message)
            return
        if item.id in self.tasks:
            message = f"task {item.id} is already in the plan; give each task an id of its own"
            self.problems.append(PlanProblem(message, task=item.id, tool=item.tool))
            return
        try:
            needed = list(dict.fromkeys([*references.find(item.arguments), *item.depends_on]))
            problem = "it refers to itself" if item.id in needed else None
        except (errors.InvalidInput, RecursionError) as error:
            needed, problem = [], attempts.describe(error)
        self._register(item, needed)
        if self._known(item):
            self._release(item.id)
            return
        if problem:
            self._fail(item.id, problem)
            return
        failed = next((each for each in needed if self._failed(each)), None)
        if failed is not None:
            self._skip(item.id, failed)
            self._release(item.id)
            return
        missing = [each for each in needed if each not in self.outcomes]
        for each in missing:
            self.dependants.setdefault(each, []).append(item.id)
        self.waiting[item.id] = len(missing)
        if not missing:
            self._ready(item.id)

    def _known(self, task: jobs.Task) -> bool:
        """Whether the task has ended before; with `recall`, an earlier one of the same id is another task."""
        if self.recall is None:
            return task.id in self.outcomes
        self.outcomes.pop(task.id, None)
        self.values.pop(task.id, None)
        ended = self.recall(task)
        if ended is None:
            return False
        self.outcomes[task.id] = ended
        if ended.outcome == "ok":
            self.values[task.id] = ended.value
        return True

    def _register(self, task: jobs.Task, needed: list[str]) -> None:
        self.tasks[task.id] = task
        self.inputs[task.id] = needed
        if self.journal:
            self.journal.planned(task)

    def _failed(self, key: str) -> bool:
        return key in self.outcomes and self.outcomes[key].outcome != "ok"

    def _end_cycles(self) -> None:
        live = [key for key in self.tasks if key not in self.waiting and key not in self.outcomes]
        blocked = dict.fromkeys(cycles.blocked(self.waiting, self.dependants, live))
        for key in blocked:
            if key not in self.waiting:
                continue
            cycle = cycles.one(key, self.inputs, lambda each: each in blocked and each in self.waiting)
            names = " → ".join([*cycle, cycle[0]])
            for each in cycle:
                error = errors.InvalidInput(f"tasks wait for each other ({names}); break the cycle")
                self._record(each, "error", attempts.Ended(error=error))
            for each in cycle:
                self._release(each)

    # Starting and ending tasks

    def _ready(self, key: str) -> None:
        del self.waiting[key]
        tool = self.tasks[key].tool
        if tool not in self.queues:
            self.queues[tool] = _Queue(self.policies(tool))
        self.queues[tool].ready.append(key)
        self._launch(self.queues[tool])

    def _launch(self, queue: _Queue) -> None:
        while queue.ready and not queue.full and not self.over.done():
            queue.running += 1
            self.spawn(self._execute(queue.ready.popleft(), queue))

    async def _execute(self, key: str, queue: _Queue) -> None:
        task, start = self.tasks[key], self.clock()
        if self.journal:
            self.journal.started(task)
        try:
            arguments = references.resolve(task.arguments, self.values)
        except (errors.InvalidInput, RecursionError) as error:
            ended = attempts.Ended(error=error)
        else:
            ended = await attempts.attempt(lambda: self.call(task, arguments), queue.policy)
        if self.over.done():
            return  # what a call makes of its cancellation is no outcome
        queue.running -= 1
        self._record(key, "error" if ended.error else "ok", ended, start)
        self._release(key)
        self._launch(queue)

    def _fail(self, key: str, message: str) -> None:
        self._record(key, "error", attempts.Ended(error=errors.InvalidInput(message)))
        self._release(key)

    def _skip(self, key: str, failed: str) -> None:
        reason = errors.ToolFailed(f"not run: task {failed} did not succeed")
        self._record(key, "skipped", attempts.Ended(error=reason))

    def _record(
        self,
        key: str,
        outcome: Literal["ok", "error", "skipped"],
        ended: attempts.Ended,
        start: float | None = None,
    ) -> None:
        self.waiting.pop(key, None)
        end = self.clock()
        error = ended.error
        limit = error if isinstance(error, errors.LimitExceeded) else None
        if limit and limit.kind in BUDGETS:
            self.exhausted = self.exhausted or limit
        if outcome == "ok":
            self.values[key] = ended.value
        self.outcomes[key] = jobs.TaskOutcome(
            task=key,
            tool=self.tasks[key].tool,
            outcome=outcome,
            value=ended.value,
            error=attempts.describe(error) if error else None,
            error_type=type(error).__name__ if error and outcome == "error" else None,
            limit=limit.kind if limit else None,
            inputs=self.inputs[key],
            start=end if start is None else start,
            end=end,
            attempts=ended.attempts,
        )
        if self.journal:
            self.journal.finished(self.outcomes[key])

    def _release(self, key: str) -> None:
        """Start or skip what waited for `key`; by a list, since chains are longer than the stack is deep."""
        ended = deque([key])
        while ended:
            key = ended.popleft()
            for each in self.dependants.pop(key, ()):
                if each not in self.waiting:
                    continue
                if self._failed(key):
                    self._skip(each, key)
                    ended.append(each)
                else:
                    self.waiting[each] -= 1
                    if not self.waiting[each]:
                        self._ready(each)

    # Running coroutines

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run `work` beside the others; the run is over with its first exception or with the last of all."""
        task = asyncio.get_running_loop().create_task(work)
        self.active.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self.active.discard(task)
        error = None if task.cancelled() else task.exception()  # looked at, or asyncio says that nobody did
        if self.over.done():
            return
        if task.cancelled():
            self.over.cancel()
        elif error:
            self.over.set_exception(error)
        elif not self.active:
            self.over.set_result(None)

    async def abandon(self) -> None:
        """Cancel what still runs and wait for its end, also when the caller is cancelled meanwhile."""
        for task in self.active:
            task.cancel()
        cancelled = False
        while self.active:
            try:
                await asyncio.wait(self.active)
            except asyncio.CancelledError:
                cancelled = True
        if cancelled:
            raise asyncio.CancelledError
