"""Any endpoint that speaks OpenAI's chat-completions protocol: OpenAI, vLLM, llama.cpp, Ollama, …"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quod import errors, jobs
from quod.models import base
from quod.settings import Settings


class _Refused(errors.ToolFailed):
    """The endpoint refused the request."""


class OpenAIModel:
    """A model at `url`; `timeout` in seconds for one call, `retries` for busy or broken connections."""

    def __init__(
        self, url: str, model: str, api_key: str | None = None, *, timeout: float = 120.0, retries: int = 2
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise errors.Misconfigured(
                f"QUOD_MODEL_URL: {url!r} is not a URL such as http://localhost:8000/v1", setting="model_url"
            )
        import openai  # a second of imports that only users of a model should pay

        self.url, self.model = url, model
        self._schema_supported = True
        # Local servers need no key, but the library insists on one.
        self._client = openai.OpenAI(
            base_url=url, api_key=api_key or "none", timeout=timeout, max_retries=retries
        )

    @classmethod
    def from_settings(cls, settings: Settings) -> OpenAIModel:
        """The model that the settings name. Raises Misconfigured naming the variable that is missing."""
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
        return cls(settings.model_url, settings.model, key, timeout=settings.model_timeout)

    def complete(
        self, messages: Sequence[base.Message], schema: Mapping[str, Any] | None = None
    ) -> base.Reply:
        """One chat completion; see `ChatModel.complete`."""
        if schema is not None and self._schema_supported:
            try:
                return self._call(messages, {"response_format": _response_format(schema)})
            except _Refused as error:
                if "response_format" not in str(error) and "json_schema" not in str(error):
                    raise
                self._schema_supported = False
        return self._call(messages, {})

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _call(self, messages: Sequence[base.Message], options: Mapping[str, Any]) -> base.Reply:
        import openai

        request: dict[str, Any] = {"model": self.model, "messages": [dict(m) for m in messages], **options}
        try:
            return _reply(self._client.chat.completions.create(**request))
        except (openai.OpenAIError, ValueError) as error:
            raise self._translated(error) from error

    def _translated(self, error: Exception) -> errors.QuodError:
        """The error of the library as the error of who has to act."""
        import openai

        if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
            return errors.Misconfigured(f"QUOD_API_KEY: {self._says(error)}", setting="api_key")
        if isinstance(error, openai.NotFoundError):
            message = f"QUOD_MODEL or QUOD_MODEL_URL: {self._says(error)} (model {self.model!r})"
            return errors.Misconfigured(message, setting="model")
        if isinstance(error, openai.APITimeoutError):
            return errors.Unavailable(f"{self.url} did not answer in time (QUOD_MODEL_TIMEOUT)")
        if isinstance(error, openai.APIConnectionError):
            return errors.Unavailable(f"{self.url} cannot be reached: {error.__cause__ or error}")
        if isinstance(error, openai.RateLimitError | openai.InternalServerError):
            return errors.Unavailable(self._says(error))
        kind = _Refused if isinstance(error, openai.BadRequestError) else errors.ToolFailed
        return kind(self._says(error), tool=self.model)

    def _says(self, error: Exception) -> str:
        status = getattr(error, "status_code", None)
        return f"{self.url} answered{f' {status}' if status else ''}: {str(error)[:500]}"


def _response_format(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "reply", "schema": dict(schema), "strict": False}}


def _reply(completion: Any) -> base.Reply:
    """Raises ValueError when the endpoint sent something else than a completion."""
    try:
        choice, usage = completion.choices[0], completion.usage
        text, finish_reason = choice.message.content, choice.finish_reason
    except (AttributeError, IndexError, TypeError):
        raise ValueError("the answer is not a chat completion") from None
    return base.Reply(
        text=text or "",
        finish_reason=finish_reason or "stop",
        usage=jobs.Usage(
            model_calls=1,
            input_tokens=(usage.prompt_tokens or 0) if usage else 0,
            output_tokens=(usage.completion_tokens or 0) if usage else 0,
        ),
    )
