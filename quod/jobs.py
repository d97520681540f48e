"""The types every part of quod speaks: Job, Plan, Task, Event, Usage, Certificate, Result.

Exact numbers travel as text (`"40/3"`), approximate ones as JSON numbers. The JSON schemas in
`docs/schema/` are generated from this module.
"""

from __future__ import annotations

import enum
import secrets
from datetime import UTC, datetime
from typing import Any, Literal

import pydantic


class Model(pydantic.BaseModel):
    """Base of all types on the wire: unknown fields are refused."""

    model_config = pydantic.ConfigDict(extra="forbid")


class Kind(enum.StrEnum):
    """What a job asks for."""

    AUTO = "auto"
    OPTIMIZE = "optimize"
    PROVE = "prove"
    CODE = "code"
    COMPUTE = "compute"


class State(enum.StrEnum):
    """Where a job stands; `cancelling` is visible between the request and the end of its processes."""

    QUEUED = "queued"
    RUNNING = "running"
    CANCELLING = "cancelling"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Status(enum.StrEnum):
    """Coarse outcome of a job. `solved` implies an accepted certificate; `infeasible` is solved."""

    SOLVED = "solved"
    UNSOLVED = "unsolved"
    FAILED = "failed"


class Termination(enum.StrEnum):
    """Precise outcome of a job: of a solver in linopy's vocabulary, plus what can happen without one.

    `computed`: a program gave the answer; `combined`: all parts of a job of several kinds are solved;
    `budget_exhausted`: tokens, money, calls or time of the job ran out before anything was certified.
    """

    OPTIMAL = "optimal"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    INFEASIBLE_OR_UNBOUNDED = "infeasible_or_unbounded"
    SUBOPTIMAL = "suboptimal"
    TIME_LIMIT = "time_limit"
    ITERATION_LIMIT = "iteration_limit"
    MEMORY_LIMIT = "memory_limit"
    USER_INTERRUPT = "user_interrupt"
    INTERNAL_SOLVER_ERROR = "internal_solver_error"
    ERROR = "error"
    UNKNOWN = "unknown"
    NOT_UNDERSTOOD = "not_understood"
    NOT_CERTIFIED = "not_certified"
    COMPUTED = "computed"
    COMBINED = "combined"
    BUDGET_EXHAUSTED = "budget_exhausted"


class Strength(enum.StrEnum):
    """How strongly a certificate supports its claim, strongest first."""

    EXACT = "exact"
    RIGOROUS = "rigorous"
    NUMERIC = "numeric"
    CROSS_CHECKED = "cross_checked"
    TESTED = "tested"


class Certificate(Model):
    """Self-contained evidence for one claim; `quod check` needs nothing else."""

    kind: Literal["optimality", "infeasibility", "unboundedness", "computation", "conjunction"]
    strength: Strength
    claim: dict[str, Any]
    formulation: dict[str, Any] | None = None
    """What an optimization certificate is about; None for the other kinds."""
    evidence: dict[str, Any]
    covers: list[str]
    does_not_cover: list[str]


class TaskTrace(Model):
    """One tool call that a job made; `start` and `end` in seconds since the job began.

    `inputs` are the tasks whose outputs it used, `round` counts the plans of the job from 1.
    """

    task: str
    tool: str
    outcome: Literal["ok", "error", "skipped"]
    seconds: float
    detail: str | None = None
    start: float = 0.0
    end: float = 0.0
    inputs: list[str] = []
    round: int = 1


class Usage(Model):
    """What a job cost; tokens as the endpoint reports them, `cost` only where every price is known.

    `cached_tokens` are part of `input_tokens`, `reasoning_tokens` of `output_tokens`. Replies from quod's own
    cache cost nothing and are counted in `cached_replies` only. `cost` is in US dollars.
    """

    model_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    cached_replies: int = 0
    cost: float | None = None
    solver_seconds: float = 0.0
    checker_seconds: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        """Both together; the cost is unknown as soon as that of one with model calls is."""
        total = {name: getattr(self, name) + getattr(other, name) for name in _COUNTS}
        paid = [usage.cost for usage in (self, other) if usage.model_calls]
        cost = None if not paid or None in paid else sum(cost for cost in paid if cost is not None)
        return Usage(**total, cost=cost)


_COUNTS = [name for name in Usage.model_fields if name != "cost"]


class Task(Model):
    """One tool call of a plan; `"$3"` among the arguments stands for the output of task 3.

    `depends_on` names tasks that must have ended well before this one starts, beyond those it refers to.
    """

    id: str
    tool: str
    arguments: dict[str, Any] = {}
    depends_on: list[str] = []


class TaskOutcome(Model):
    """How one task ended. `value` is JSON; times in seconds since the job began.

    An `error` is data for the joiner; a task whose inputs failed is `skipped`. `error_type` is the class of
    the error, `limit` the kind of limit that was exceeded, if that was the error.
    """

    task: str
    tool: str
    outcome: Literal["ok", "error", "skipped"]
    value: Any = None
    error: str | None = None
    error_type: str | None = None
    limit: str | None = None
    inputs: list[str] = []
    start: float = 0.0
    end: float = 0.0
    attempts: int = 1


class Plan(Model):
    """A directed acyclic graph of tasks; `problems` are parts of it that could not be read."""

    tasks: list[Task] = []
    problems: list[str] = []


class Round(Model):
    """One plan of a job: its tasks, what the joiner decided after they ran, and why.

    `problems` are parts of the plan that could not be read.
    """

    number: int
    tasks: list[Task]
    problems: list[str] = []
    decision: Literal["finish", "replan", "stop"]
    reason: str = ""


class Result(Model):
    """Outcome of a job.

    `answer` of an `optimize` job: `objective` and `values` (exact text for exact certificates, numbers
    otherwise), `sense`, and where they differ `alternatives` under other conventions; of an infeasible one:
    `conflict` and `relaxations`.
    """

    id: str
    kind: Kind
    status: Status
    termination: Termination
    problem: str | None = None
    answer: dict[str, Any] | None = None
    certificate: Certificate | None = None
    candidate: dict[str, Any] | None = None
    """The best formulation of an unsolved job; a solved one carries its formulation in the certificate."""
    not_understood: list[str] = []
    solver: dict[str, Any] | None = None
    """Name, version, raw status and seconds of the solver that proposed the answer."""
    trace: list[TaskTrace] = []
    rounds: list[Round] = []
    """The plans of the job, in order: why it replanned, and how it ended."""
    history: list[dict[str, Any]] = []
    """What tasks tried before they came to their output: `task`, and what the tool tells of each attempt."""
    sandbox: dict[str, Any] | None = None
    """Where generated code ran, and what that place does not cover; None when no such code ran."""
    usage: Usage = Usage()
    warnings: list[str] = []


class Job(Model):
    """One request."""

    id: str = pydantic.Field(default_factory=lambda: new_id("job"))
    kind: Kind = Kind.AUTO
    input: str = ""
    """The problem in words."""
    formulation: dict[str, Any] | None = None
    """A formulation given by the caller; the words are then not read."""
    options: dict[str, Any] = {}
    state: State = State.QUEUED
    created_at: datetime = pydantic.Field(default_factory=lambda: datetime.now(UTC))


class Event(Model):
    """One line of a job's log; `sequence` counts from 1 without gaps within a job."""

    job: str
    sequence: int
    at: datetime
    type: str
    data: dict[str, Any] = {}


def new_id(prefix: str) -> str:
    """A fresh random identifier such as `job_5f2c…` (80 bits)."""
    return f"{prefix}_{secrets.token_hex(10)}"
