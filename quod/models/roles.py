"""The models of one job: which model plays which role, and what they used together."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping

from quod import errors, jobs
from quod.models import base, budget, cache, openai_model, pricing, store
from quod.settings import Endpoint, Role, Settings


class Models:
    """The models that `settings` name, by role; one object for each job, with the budget of the job.

    `overrides` puts a model in the place of that of a role, `"*"` in the place of all others; such models
    are budgeted but not cached, and have the price of their attribute `price`, if any. `elapsed` are the
    seconds that the job ran before.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        overrides: Mapping[str, base.ChatModel] | None = None,
        elapsed: float = 0.0,
    ) -> None:
        self._settings = settings
        self._overrides = dict(overrides or {})
        self._opened: dict[tuple[str, str, str | None], openai_model.OpenAIModel] = {}
        self._prices: pricing.Prices | None = None
        self._cache: cache.Cache | None = None
        self.budget = budget.Budget(budget.Limits.from_settings(settings), elapsed=elapsed)

    @property
    def usage(self) -> jobs.Usage:
        """All that the models used so far, and what was added."""
        return self.budget.usage

    def add_usage(self, usage: jobs.Usage) -> None:
        """Count what was used elsewhere, for example before a job was resumed."""
        self.budget.add(usage)

    def configured(self, role: Role) -> bool:
        """Whether there is a model for `role`; when replies are replayed it needs no endpoint."""
        chosen, replay = self._endpoint(role), self._settings.cache == "replay"
        return self._override(role) is not None or bool(chosen.model and (chosen.url or replay))

    def get(self, role: Role) -> base.ChatModel:
        """The model for `role`. Raises Misconfigured naming the setting that is missing."""
        override = self._override(role)
        if override is not None:
            return budget.Budgeted(override, self.budget, getattr(override, "price", None))
        chosen, settings = self._endpoint(role), self._settings
        if not chosen.url and settings.cache != "replay":
            raise errors.Misconfigured(
                f"no endpoint for the {role}: set QUOD_MODEL_URL or QUOD_ROLES__{role.upper()}__URL to the "
                "base URL of an OpenAI-compatible endpoint, for example http://localhost:8000/v1",
                setting="model_url",
            )
        if not chosen.model:
            raise errors.Misconfigured(
                f"no model for the {role}: set QUOD_MODEL or QUOD_ROLES__{role.upper()}__MODEL to the name "
                "of the model at the endpoint",
                setting="model",
            )
        paid = self._paid(chosen) if settings.cache != "replay" else None
        if settings.cache == "off":
            assert paid is not None
            return paid
        return cache.Cached(
            chosen.model,
            chosen.url,
            paid,
            self._replies(),
            max_tokens=settings.max_tokens,
            count=self.budget.add,
        )

    async def aclose(self) -> None:
        """Close all connections of this event loop that no other job uses."""
        for model in self._opened.values():
            await model.aclose()

    def _paid(self, chosen: Endpoint) -> budget.Budgeted:
        """The model at the endpoint, with its price and the budget of the job."""
        assert chosen.url is not None
        assert chosen.model is not None
        secret = chosen.api_key.get_secret_value() if chosen.api_key else None
        where = (chosen.url, chosen.model, secret)
        if where not in self._opened:
            self._opened[where] = openai_model.OpenAIModel.with_limits(
                *where, self._settings, self.budget.check
            )
        if self._prices is None:
            self._prices = pricing.load(self._settings.prices)
        price = self._prices.find(chosen.url, chosen.model)
        return budget.Budgeted(self._opened[where], self.budget, price)

    def _replies(self) -> cache.Cache:
        if self._cache is None:
            settings = self._settings
            path = settings.cache_file or settings.data_dir / "cache.sqlite"
            self._cache = cache.Cache(store.Store(path, readonly=settings.cache == "replay"))
        return self._cache

    def _override(self, role: Role) -> base.ChatModel | None:
        return self._overrides.get(role) or self._overrides.get("*")

    def _endpoint(self, role: Role) -> Endpoint:
        """Of `role`, completed from the default; the default's key only goes to the default's host."""
        own, settings = self._settings.roles.get(role, Endpoint()), self._settings
        url = own.url or settings.model_url
        key = own.api_key
        if key is None and (own.url is None or _host(own.url) == _host(settings.model_url or "")):
            key = settings.api_key
        return Endpoint(url=url, model=own.model or settings.model, api_key=key)


def _host(url: str) -> tuple[str, str]:
    parts = urllib.parse.urlsplit(url)
    return parts.scheme, parts.netloc.lower()
