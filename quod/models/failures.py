"""Errors of the `openai` library as the errors of who has to act; keys never appear in their messages."""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass, field

from quod import errors
from quod.models import wire


class Refused(errors.ToolFailed):
    """The endpoint refused the request."""


@dataclass(frozen=True)
class Translator:
    """Speaks for `model` at `url`; `secret` is blotted out wherever the endpoint repeats it."""

    url: str
    model: str
    secret: str | None = field(default=None, repr=False)

    def translated(self, error: Exception) -> errors.QuodError:
        """The error to raise instead of `error`."""
        import openai

        if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
            return errors.Misconfigured(f"QUOD_API_KEY: {self._says(error)}", setting="api_key")
        if isinstance(error, openai.NotFoundError):
            message = f"QUOD_MODEL or QUOD_MODEL_URL: {self._says(error)} (model {self.model!r})"
            return errors.Misconfigured(message, setting="model")
        if isinstance(error, openai.APITimeoutError | TimeoutError):
            return errors.Unavailable(f"{self.place} did not answer in time (QUOD_MODEL_TIMEOUT)")
        if isinstance(error, openai.APIConnectionError):
            return errors.Unavailable(f"{self.place} cannot be reached: {error.__cause__ or error}")
        if isinstance(error, wire.BrokenOff):
            return errors.Unavailable(f"{self.place}: {error}")
        if isinstance(error, openai.RateLimitError | openai.InternalServerError):
            return errors.Unavailable(self._says(error))
        if getattr(error, "status_code", None) in (408, 409):
            return errors.Unavailable(self._says(error))
        refused = isinstance(error, openai.BadRequestError | openai.UnprocessableEntityError)
        kind = Refused if refused else errors.ToolFailed
        return kind(self._says(error), tool=self.model)

    def cause(self, error: Exception) -> Exception | None:
        """`error` for the traceback, unless it would show the key there."""
        return None if self.secret and self.secret in str(error) else error

    @property
    def place(self) -> str:
        """The URL without what could be secret in it: a user, a password, a query."""
        parts = urllib.parse.urlsplit(self.url)
        return urllib.parse.urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))

    def _says(self, error: Exception) -> str:
        status = getattr(error, "status_code", None)
        said = str(error)
        if self.secret:
            said = said.replace(self.secret, "***")
        return f"{self.place} answered{f' {status}' if status else ''}: {said[:500]}"
