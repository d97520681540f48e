"""Exceptions of quod, arranged by who has to act.

* QuodError
  - InvalidInput          the caller: the problem, formulation, file or option is wrong (exit 2, HTTP 4xx)
  - Misconfigured         the operator: a setting or an installed part is missing (exit 3)
  - ToolFailed            the planner: a solver, prover or program failed; shown to it, it may replan (exit 1)
  - LimitExceeded         a budget ran out; carries `kind`, `value` and `limit` (exit 1)
  - Unavailable           nobody: try again later (exit 4)
  - CertificateRejected   the checker: the evidence does not prove the claim (exit 1)

The docstring of a class is its default message.
"""

from __future__ import annotations

import inspect

_UNITS = {"memory_mb": "MiB of memory", "cpu_seconds": "seconds of CPU time"}
"""Of kinds of limits, for people."""


class QuodError(Exception):
    """Something went wrong in quod."""

    exit_code = 1
    job: str | None = None
    """The job that can go on (`quod resume`) when the cause is mended."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or inspect.getdoc(type(self)) or type(self).__name__)


class InvalidInput(QuodError):
    """The input is not valid."""

    exit_code = 2

    def __init__(self, message: str | None = None, *, field: str | None = None) -> None:
        self.field = field
        super().__init__(f"{field}: {message}" if field and message else message)


class Misconfigured(QuodError):
    """A setting is missing or wrong."""

    exit_code = 3

    def __init__(self, message: str | None = None, *, setting: str | None = None) -> None:
        self.setting = setting
        super().__init__(message)


class ToolFailed(QuodError):
    """A tool failed."""

    def __init__(self, message: str | None = None, *, tool: str | None = None) -> None:
        self.tool = tool
        super().__init__(message)


class LimitExceeded(QuodError):
    """A limit was exceeded.

    `kind` names the limit (`seconds`, `memory_mb`, `tokens`, …); `value` is what was used (None when
    it could not be read), `limit` what was allowed, both in the unit that `kind` names.
    """

    def __init__(self, kind: str, value: float | None, limit: float, message: str | None = None) -> None:
        self.kind, self.value, self.limit = kind, value, limit
        used = "" if value is None else f" ({value:g} used)"
        unit = _UNITS.get(kind, kind)
        super().__init__(message or f"the limit of {limit:g} {unit} was exceeded{used}")


class Unavailable(QuodError):
    """A service did not answer; try again later."""

    exit_code = 4


class CertificateRejected(QuodError):
    """The evidence does not prove the claim."""
