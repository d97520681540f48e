"""All settings of quod in one object, read from `QUOD_*` environment variables and `.env`.

An argument given in code or on the command line wins over the environment, which wins over the default.
"""

from __future__ import annotations

from pathlib import Path

import pydantic
import pydantic_settings

from quod import errors


class Settings(pydantic_settings.BaseSettings):
    """One field per setting; the environment name is `QUOD_` plus the field name in capitals."""

    model_config = pydantic_settings.SettingsConfigDict(
        env_prefix="QUOD_", env_file=".env", extra="ignore", env_ignore_empty=True
    )

    drafter: str = "template"
    """Who proposes formulations: `template` (no model), `openai`, `gold` (benchmarks only)."""

    model_url: str | None = None
    """Base URL of an OpenAI-compatible endpoint, for example `http://localhost:8000/v1`."""
    model: str | None = None
    """Name of the model at that endpoint."""
    api_key: pydantic.SecretStr | None = None
    """Key for the endpoint; local servers usually need none."""
    model_timeout: float = pydantic.Field(120.0, gt=0)
    """Seconds to wait for one model reply."""
    samples: int = pydantic.Field(1, ge=1, le=32)
    """How many formulations a model drafts for one text; they are compared, disagreement is a warning."""
    repair_rounds: int = pydantic.Field(3, ge=0, le=20)
    """How often a model may correct its formulation after parser, unit, coverage or solver messages."""

    time_limit: float = pydantic.Field(60.0, gt=0)
    """Wall-clock seconds for one solve."""
    memory_limit_mb: int = pydantic.Field(4096, ge=64)
    """Address space of a solver process in MiB."""
    threads: int = pydantic.Field(1, ge=1)
    """Threads a solver may use."""
    gap: float = pydantic.Field(0.0, ge=0)
    """Relative gap at which a MILP search may stop; a positive gap weakens the certificate to `rigorous`."""
    node_limit: int = pydantic.Field(20000, ge=1)
    """Nodes of the certifying branch and bound before the certificate falls back to a weaker strength."""
    certify_size_limit: int = pydantic.Field(200_000, ge=1)
    """Nonzeros above which no exact certificate is attempted."""

    data_dir: Path = Path("~/.local/share/quod")
    """Where quod keeps what it has to keep."""


def load(**overrides: object) -> Settings:
    """Settings from the environment with `overrides` on top (None means: not given).

    Raises Misconfigured, naming the variable, when a value does not fit.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "?"
        message = f"QUOD_{name.upper()}: {first['msg']} (got {first['input']!r})"
        if name in given:
            raise errors.InvalidInput(message, field=name) from None
        raise errors.Misconfigured(message, setting=name) from None
