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
    ) -> None:
        self.call, self.policies, self.journal, self.clock = call, policies, journal, clock
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
                self._end(
                    key, "error", f"it needs task {names}, which is not in the plan; refer to a task that is"
                )
        self._end_cycles()

    def _accept(self, item: Item) -> None:
        if isinstance(item, PlanProblem):
            self.problems.append(item)
            if item.task is not None and item.task not in self.tasks and item.task not in self.outcomes:
                self._register(jobs.Task(id=item.task, tool=item.tool or "?"), [])
                self._end(item.task, "error", item.message)
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
        known = item.id in self.outcomes
        self._register(item, needed)
        if known:
            return
        if problem:
            self._end(item.id, "error", problem)
            return
        failed = next((each for each in needed if self._failed(each)), None)
        if failed is not None:
            self._end(item.id, "skipped", f"not run: task {failed} did not succeed")
            return
        missing = [each for each in needed if each not in self.outcomes]
        for each in missing:
            self.dependants.setdefault(each, []).append(item.id)
        self.waiting[item.id] = len(missing)
        if not missing:
            self._ready(item.id)

    def _register(self, task: jobs.Task, needed: list[str]) -> None:
        self.tasks[task.id] = task
        self.inputs[task.id] = needed
        if self.journal:
            self.journal.planned(task)

    def _failed(self, key: str) -> bool:
        return key in self.outcomes and self.outcomes[key].outcome != "ok"

    def _end_cycles(self) -> None:
        live = [key for key in self.tasks if key not in self.waiting and key not in self.outcomes]
        for key in cycles.blocked(self.waiting, self.dependants, live):
            if key not in self.waiting:
                continue
            cycle = cycles.one(key, self.inputs, self.waiting)
            names = " → ".join([*cycle, cycle[0]])
            for each in cycle:
                self._record(each, "error", f"tasks wait for each other ({names}); break the cycle")
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
            ended = attempts.Ended(error=attempts.describe(error), attempts=0)
        else:
            ended = await attempts.attempt(lambda: self.call(task, arguments), queue.policy)
        if self.over.done():
            return  # what a call makes of its cancellation is no outcome
        self.exhausted = self.exhausted or ended.exhausted
        queue.running -= 1
        if ended.error is None:
            self.values[key] = ended.value
        self._record(
            key, "ok" if ended.error is None else "error", ended.error, ended.value, start, ended.attempts
        )
        self._release(key)
        self._launch(queue)

    def _end(self, key: str, outcome: Literal["error", "skipped"], error: str) -> None:
        self._record(key, outcome, error)
        self._release(key)

    def _record(
        self,
        key: str,
        outcome: Literal["ok", "error", "skipped"],
        error: str | None,
        value: Any = None,
        start: float | None = None,
        attempts: int = 0,
    ) -> None:
        self.waiting.pop(key, None)
        end = self.clock()
        self.outcomes[key] = jobs.TaskOutcome(
            task=key,
            tool=self.tasks[key].tool,
            outcome=outcome,
            value=value,
            error=error,
            inputs=self.inputs[key],
            start=end if start is None else start,
            end=end,
            attempts=attempts,
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
                    self._record(each, "skipped", f"not run: task {key} did not succeed")
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
        if self.over.done():
            return
        if task.cancelled():
            self.over.cancel()
        elif error := task.exception():
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
