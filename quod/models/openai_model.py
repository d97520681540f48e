"""Any endpoint that speaks OpenAI's chat-completions protocol: OpenAI, vLLM, llama.cpp, Ollama, …"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from quod import errors
from quod.models import base, endpoint, failures, wire
from quod.settings import Settings

if TYPE_CHECKING:
    import openai


class OpenAIModel:
    """A model at `url`, for any number of event loops.

    `timeout` in seconds for one reply; `retries` after a broken connection or status 408, 409, 429 or 5xx,
    with the waiting time that the endpoint asks for, else growing from half a second to eight; at most
    `concurrency` calls to the URL at once, all models of the event loop together. A reply has at most
    `max_tokens` tokens unless the request says otherwise. `admit` is called when a call has waited for its
    turn and may raise, so that a budget which ran out meanwhile stops the call.
    """

    def __init__(
        self,
        url: str,
        model: str,
        api_key: str | None = None,
        *,
        timeout: float = 120.0,
        retries: int = 2,
        concurrency: int = 8,
        max_tokens: int = 4096,
        admit: Callable[[], None] = lambda: None,
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise errors.Misconfigured(
                f"QUOD_MODEL_URL: {url!r} is not a URL such as http://localhost:8000/v1", setting="model_url"
            )
        if "?" in url or "#" in url:
            raise errors.Misconfigured(
                "QUOD_MODEL_URL: a base URL has no query; paths are appended to it", setting="model_url"
            )
        self.url, self.name = url, model
        self._key, self._timeout, self._retries = api_key, timeout, retries
        self._concurrency, self._max_tokens = concurrency, max_tokens
        self._admit = admit
        self._failures = failures.Translator(url, model, api_key)

    @classmethod
    def from_settings(cls, settings: Settings) -> OpenAIModel:
        """The default model of the settings. Raises Misconfigured naming the variable that is missing."""
        if not settings.model_url:
            raise errors.Misconfigured(
                "QUOD_MODEL_URL is not set; give the base URL of an OpenAI-compatible endpoint, "
                "for example http://localhost:8000/v1",
                setting="model_url",
            )
        if not settings.model:
            raise errors.Misconfigured(
                "QUOD_MODEL is not set; give the name of the model at the endpoint", setting="model"
            )
        key = settings.api_key.get_secret_value() if settings.api_key else None
        return cls.with_limits(settings.model_url, settings.model, key, settings)

    @classmethod
    def with_limits(
        cls,
        url: str,
        model: str,
        api_key: str | None,
        settings: Settings,
        admit: Callable[[], None] = lambda: None,
    ) -> OpenAIModel:
        """A model with the time, retries, concurrency and length that the settings give."""
        return cls(
            url,
            model,
            api_key,
            timeout=settings.model_timeout,
            retries=settings.model_retries,
            concurrency=settings.model_concurrency,
            max_tokens=settings.max_tokens,
            admit=admit,
        )

    async def complete(self, request: base.Request, on_text: base.OnText | None = None) -> base.Reply:
        """One chat completion; see `ChatModel.complete`."""
        shared = endpoint.at(self.url)
        dialect = shared.dialect(self.name)
        async with shared.slots.held(self._concurrency):
            self._admit()
            while True:
                used = dataclasses.replace(dialect)
                try:
                    return await self._call(request, on_text, used)
                except failures.Refused as error:
                    if request.schema is not None and _blames_schema(str(error)):
                        request = dataclasses.replace(request, schema=None)
                        continue
                    async with shared.learning:
                        learned = await self._learned(str(error), request, used, dialect)
                    if not learned:
                        raise

    async def aclose(self) -> None:
        """Close the connections of this event loop that no other model uses; its end closes the rest."""
        await endpoint.at(self.url).release(self)

    async def _call(
        self, request: base.Request, on_text: base.OnText | None, dialect: endpoint.Dialect
    ) -> base.Reply:
        import openai

        arguments = wire.body(request, self.name, self._max_tokens, dialect)
        create: Any = (await self._client()).chat.completions.create
        try:
            if on_text is None:
                return wire.reply(await create(**arguments))
            if dialect.stream_usage:
                arguments["stream_options"] = {"include_usage": True}
            stream = await create(**arguments, stream=True)
            async with asyncio.timeout(self._timeout), stream as chunks:
                return await wire.streamed(chunks, on_text)
        except wire.ListenerFailed as failed:
            raise failed.error from None
        except (openai.OpenAIError, wire.BrokenOff, TimeoutError, ValueError) as error:
            raise self._failures.translated(error) from self._failures.cause(error)

    async def _learned(
        self, said: str, request: base.Request, used: endpoint.Dialect, dialect: endpoint.Dialect
    ) -> bool:
        """Whether a refusal of a call as in `used` is about something that can be said in another way."""
        if "stream_options" in said and used.stream_usage:
            dialect.stream_usage = False
        elif "max_completion_tokens" in said and "too large" not in said and used.length == "max_tokens":
            dialect.length = "max_completion_tokens"
        elif request.schema is None:
            return False
        elif used.grammar == "structured_outputs" and "structured_outputs" in said:
            dialect.grammar = "none"
        elif used.grammar == "response_format" and any(name in said.lower() for name in _RESPONSE_FORMAT):
            if dialect.grammar == "response_format":  # else another call has learned it meanwhile
                known = "structured_outputs" in said or await self._is_vllm()
                dialect.grammar = "structured_outputs" if known else "none"
        else:
            return False
        return True

    async def _is_vllm(self) -> bool:
        import openai

        try:
            listed = await (await self._client()).models.list()
            return any(getattr(model, "owned_by", None) == "vllm" for model in listed.data)
        except (openai.OpenAIError, AttributeError, TypeError, ValueError):
            return False

    async def _client(self) -> openai.AsyncOpenAI:
        shared = endpoint.at(self.url)
        return await shared.client(self, self._key, self._timeout, self._retries)


_RESPONSE_FORMAT = ("response_format", "response format", "json_schema", "json schema")
_WRONG_SCHEMA = ("invalid schema", "provided json schema", "json schema conversion")
"""In messages of OpenAI, vLLM and llama.cpp about one schema."""


def _blames_schema(said: str) -> bool:
    """Whether an endpoint that takes schemas cannot take this one; replies are validated in any case."""
    return any(words in said.lower() for words in _WRONG_SCHEMA)
