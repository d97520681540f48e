"""All settings of quod in one object, read from `QUOD_*` environment variables and `.env`.

An argument given in code or on the command line wins over the environment, which wins over the default.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pydantic
import pydantic_settings

from quod import errors

Role = Literal["planner", "decomposer", "formulator", "prover", "coder", "joiner"]
"""What a model is asked to do; each role can have an endpoint of its own."""


class Endpoint(pydantic.BaseModel):
    """Where the model of one role is; what is None is taken from the default endpoint."""

    model_config = pydantic.ConfigDict(extra="forbid")

    url: str | None = None
    model: str | None = None
    api_key: pydantic.SecretStr | None = None


class Settings(pydantic_settings.BaseSettings):
    """One field per setting; the environment name is `QUOD_` plus the field name in capitals."""

    model_config = pydantic_settings.SettingsConfigDict(
        env_prefix="QUOD_",
        env_nested_delimiter="__",
        env_file=".env",
        extra="ignore",
        env_ignore_empty=True,
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
    model_concurrency: int = pydantic.Field(8, ge=1)
    """Calls to one endpoint at the same time."""
    model_retries: int = pydantic.Field(2, ge=0, le=10)
    """How often a call is repeated after a broken connection or status 408, 409, 429 or 5xx."""
    max_tokens: int = pydantic.Field(4096, ge=1)
    """Tokens of one model reply; a longer one counts as not understood."""
    roles: dict[Role, Endpoint] = {}
    """Endpoints of single roles: QUOD_ROLES__DECOMPOSER__MODEL=small; what is not given is the default's
    (its key only for the same host)."""
    prices: Path | None = None
    """A JSON file of prices that is used before quod's own dated table."""
    cache: Literal["off", "on", "replay"] = "off"
    """Replies of models: `on` keeps and reuses them, `replay` uses nothing else and fails on a miss."""
    cache_file: Path | None = None
    """SQLite file of the cache; `cache.sqlite` in `data_dir` when it is not given."""

    budget_tokens: int | None = pydantic.Field(None, ge=0)
    """Tokens, in and out together, that one job may use."""
    budget_cost: float | None = pydantic.Field(None, ge=0)
    """US dollars that one job may cost; needs prices for every model that it uses."""
    budget_calls: int | None = pydantic.Field(None, ge=0)
    """Model calls that one job may make."""
    budget_seconds: float | None = pydantic.Field(None, gt=0)
    """Wall-clock seconds that one job may take."""

    strategy: Literal["compiler", "react", "decompose", "vote"] = "compiler"
    """How a model plans: a graph at once, one call after another, by sub-questions, by majority."""
    plan_format: Literal["text", "json"] = "text"
    """How a model writes plans: LLMCompiler's lines (run while they stream) or one JSON document."""
    max_replans: int = pydantic.Field(2, ge=0, le=20)
    """How often a job may plan again."""
    max_steps: int = pydantic.Field(12, ge=1, le=100)
    """Tool calls of one `react` round, turns of one `compute` job."""
    examples: Path | None = None
    """JSONL of solved steps, used beside quod's own, to show a model an example of what it does."""
    example_threshold: float = pydantic.Field(0.6, ge=0, le=1)
    """Cosine similarity from which on a solved step is shown; 1 shows none."""
    always_examples: bool = False
    """Whether a sound first formulation is written again beside examples, too: one model call more."""
    fits: Path | None = None
    """A report of `quod bench algorithms` on the model in use; it says how large pieces of long texts are."""
    checkpoints: str = "sqlite"
    """Where jobs are kept while they run: `sqlite` (in `data_dir`), `none`, or a postgresql:// URL."""

    sandbox: Literal["auto", "bubblewrap", "landlock", "none"] = "auto"
    """Where generated code runs; `none` runs it without any isolation."""

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
        place = "__".join(str(part) for part in first["loc"] if part != "[key]") or "?"
        message = f"QUOD_{place.upper()}: {first['msg']} (got {first['input']!r})"
        if name in given:
            raise errors.InvalidInput(message, field=name) from None
        raise errors.Misconfigured(message, setting=name) from None
