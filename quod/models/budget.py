"""Budgets of one job: tokens, money, calls and wall-clock time, checked before each model call."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from quod import errors, jobs
from quod.models import base, pricing
from quod.settings import Settings

_UNITS = {"cost": "US dollars", "calls": "model calls"}


@dataclass(frozen=True)
class Limits:
    """What one job may use; None is no limit. Tokens count in and out together, `cost` is in US dollars."""

    tokens: int | None = None
    cost: Decimal | None = None
    calls: int | None = None
    seconds: float | None = None

    @classmethod
    def from_settings(cls, settings: Settings) -> Limits:
        """The `budget_…` settings."""
        cost = settings.budget_cost
        return cls(
            tokens=settings.budget_tokens,
            cost=None if cost is None else Decimal(str(cost)),
            calls=settings.budget_calls,
            seconds=settings.budget_seconds,
        )


class Budget:
    """Counts what a job uses and refuses the call that would begin beyond a limit.

    Calls are reserved before they begin, so there are never more than allowed, also at the same time.
    Tokens and money are known after a call: those in flight together can end above the limit, none begins
    there, not even one that waited for its turn. `elapsed` are the seconds that the job ran before, when it
    is resumed.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        elapsed: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limits = limits or Limits()
        self.usage = jobs.Usage()
        self.on_spend: Callable[[], None] = lambda: None
        """Called after every reply that was counted, so that it can be written down."""
        self._calls = 0
        self._cost = Decimal(0)
        self._unknown = False
        self._clock = clock
        self._began = clock() - elapsed

    def add(self, usage: jobs.Usage) -> None:
        """Count what was used elsewhere."""
        self._calls += usage.model_calls
        self._count(usage, None if usage.cost is None else Decimal(str(usage.cost)))

    def remaining_seconds(self) -> float | None:
        """Wall-clock time that is left, not below 0; None without a limit."""
        if self.limits.seconds is None:
            return None
        return max(0.0, self.limits.seconds - (self._clock() - self._began))

    def reserve(self, price: pricing.Price | None) -> None:
        """Take one call. Raises LimitExceeded, or Misconfigured for a limit that cannot be kept."""
        if self.limits.cost is not None and price is None:
            raise errors.Misconfigured(
                "QUOD_BUDGET_COST is set, but the price of the model is unknown; name a file with its price "
                "in QUOD_PRICES",
                setting="prices",
            )
        self._refuse("calls", self._calls, self.limits.calls)
        self.check()
        self._calls += 1

    def check(self) -> None:
        """Whether a reserved call may still begin. Raises as `reserve` does."""
        limits, used = self.limits, self.usage
        if self._unknown and (limits.tokens is not None or limits.cost is not None):
            name = "tokens" if limits.tokens is not None else "cost"
            raise errors.Misconfigured(
                f"QUOD_BUDGET_{name.upper()} cannot be kept: a reply had no usage or no known price",
                setting=f"budget_{name}",
            )
        self._refuse("seconds", self._clock() - self._began, limits.seconds)
        self._refuse("tokens", used.input_tokens + used.output_tokens, limits.tokens)
        self._refuse("cost", float(self._cost), None if limits.cost is None else float(limits.cost))

    def spend(self, usage: jobs.Usage, price: pricing.Price | None) -> jobs.Usage:
        """Count a reply, and give its usage with its cost."""
        cost = Decimal(str(usage.cost)) if usage.cost is not None else price.cost(usage) if price else None
        self._count(usage, cost)
        self.on_spend()
        return usage.model_copy(update={"cost": None if cost is None else float(cost)})

    def out_of_time(self) -> errors.LimitExceeded:
        """The error for a call that the end of the time budget cut off."""
        used, limit = self._clock() - self._began, self.limits.seconds or 0.0
        message = f"the budget of {limit:g} seconds ended during a model call (QUOD_BUDGET_SECONDS)"
        return errors.LimitExceeded("seconds", used, limit, message)

    def _count(self, usage: jobs.Usage, cost: Decimal | None) -> None:
        silent = usage.input_tokens == 0 and usage.output_tokens == 0
        if usage.model_calls and ((self.limits.cost is not None and cost is None) or silent):
            self._unknown = True
        self._cost += cost or 0
        self.usage += usage.model_copy(update={"cost": None if cost is None else float(cost)})

    def _refuse(self, kind: str, value: float, limit: float | None) -> None:
        if limit is not None and value >= limit:
            used = f"{value:g} of {limit:g} {_UNITS.get(kind, kind)}"
            message = f"the budget of the job is used up: {used} (QUOD_BUDGET_{kind.upper()})"
            raise errors.LimitExceeded(kind, value, limit, message)


class Budgeted:
    """A model whose calls are paid from a budget."""

    def __init__(self, model: base.ChatModel, budget: Budget, price: pricing.Price | None = None) -> None:
        self.name = model.name
        self._model, self._budget, self._price = model, budget, price

    async def complete(self, request: base.Request, on_text: base.OnText | None = None) -> base.Reply:
        """See `ChatModel.complete`; a call is cut off when the time of the budget ends."""
        self._budget.reserve(self._price)
        try:
            async with asyncio.timeout(self._budget.remaining_seconds()) as deadline:
                reply = await self._model.complete(request, on_text)
        except TimeoutError:
            if deadline.expired():
                raise self._budget.out_of_time() from None
            raise
        usage = self._budget.spend(reply.usage, self._price)
        return base.Reply(text=reply.text, finish_reason=reply.finish_reason, usage=usage)
