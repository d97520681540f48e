"""The models of one job: which model plays which role, and what they used together."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping

from quod import errors, jobs
from quod.models import base, openai_model
from quod.settings import Endpoint, Role, Settings


class Models:
    """The models that `settings` name, by role; one object for each job.

    `overrides` puts a model in the place of that of a role, `"*"` in the place of all others.
    """

    def __init__(self, settings: Settings, *, overrides: Mapping[str, base.ChatModel] | None = None) -> None:
        self._settings = settings
        self._overrides = dict(overrides or {})
        self._opened: dict[tuple[str, str, str | None], openai_model.OpenAIModel] = {}
        self._usage = jobs.Usage()

    @property
    def usage(self) -> jobs.Usage:
        """All that the models used so far, and what was added."""
        return self._usage

    def add_usage(self, usage: jobs.Usage) -> None:
        """Count what was used elsewhere, for example before a job was resumed."""
        self._usage += usage

    def configured(self, role: Role) -> bool:
        """Whether there is a model for `role`."""
        chosen = self._endpoint(role)
        return self._override(role) is not None or bool(chosen.url and chosen.model)

    def get(self, role: Role) -> base.ChatModel:
        """The model for `role`. Raises Misconfigured naming the setting that is missing."""
        return _Counted(self._override(role) or self._open(role), self)

    async def aclose(self) -> None:
        """Close all connections of this event loop."""
        for model in self._opened.values():
            await model.aclose()

    def _override(self, role: Role) -> base.ChatModel | None:
        return self._overrides.get(role) or self._overrides.get("*")

    def _open(self, role: Role) -> openai_model.OpenAIModel:
        chosen = self._endpoint(role)
        if not chosen.url:
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
        secret = chosen.api_key.get_secret_value() if chosen.api_key else None
        place = (chosen.url, chosen.model, secret)
        if place not in self._opened:
            self._opened[place] = openai_model.OpenAIModel.with_limits(*place, self._settings)
        return self._opened[place]

    def _endpoint(self, role: Role) -> Endpoint:
        """Of `role`, completed from the default; the default's key only goes to the default's host."""
        own, settings = self._settings.roles.get(role, Endpoint()), self._settings
        url = own.url or settings.model_url
        key = own.api_key
        if key is None and (own.url is None or _host(own.url) == _host(settings.model_url or "")):
            key = settings.api_key
        return Endpoint(url=url, model=own.model or settings.model, api_key=key)


class _Counted:
    def __init__(self, model: base.ChatModel, models: Models) -> None:
        self.name = model.name
        self._model, self._models = model, models

    async def complete(self, request: base.Request, on_text: base.OnText | None = None) -> base.Reply:
        reply = await self._model.complete(request, on_text)
        self._models.add_usage(reply.usage)
        return reply


def _host(url: str) -> tuple[str, str]:
    parts = urllib.parse.urlsplit(url)
    return parts.scheme, parts.netloc.lower()
