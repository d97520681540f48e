"""What model calls cost, from a dated table of published prices and from the user's own."""

from __future__ import annotations

import importlib.resources
import json
import urllib.parse
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import pydantic

from quod import documents, errors, jobs

Dollars = Annotated[Decimal, pydantic.Field(ge=0, allow_inf_nan=False)]
_MILLION = Decimal(1_000_000)


class Price(pydantic.BaseModel):
    """US dollars per million tokens; cached input costs as much as other input where it has no own price.

    The price holds for requests of at most `up_to_input_tokens`, where that is given; some providers charge
    more for longer ones.
    """

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    input: Dollars
    output: Dollars
    cached_input: Dollars | None = None
    up_to_input_tokens: int | None = pydantic.Field(None, ge=1)

    def cost(self, usage: jobs.Usage) -> Decimal | None:
        """Of one call, exact; None where the endpoint reported no tokens or the price does not hold.

        Reasoning tokens are part of the output and cost what it costs.
        """
        if usage.input_tokens == 0 and usage.output_tokens == 0:
            return None
        if self.up_to_input_tokens is not None and usage.input_tokens > self.up_to_input_tokens:
            return None
        cached = min(usage.cached_tokens, usage.input_tokens)
        cached_price = self.input if self.cached_input is None else self.cached_input
        fresh = (usage.input_tokens - cached) * self.input
        return (fresh + cached * cached_price + usage.output_tokens * self.output) / _MILLION


class Entry(Price):
    """The price of `model` at `host` (with its port, where the URL has one), published on the day `as_of`."""

    host: str = pydantic.Field(min_length=1)
    model: str = pydantic.Field(min_length=1)
    as_of: date
    source: str


class Table(pydantic.BaseModel):
    """A file of prices; `as_of` and `source` hold for entries without their own."""

    model_config = pydantic.ConfigDict(extra="forbid")

    as_of: date
    source: str
    prices: list[Entry]

    @pydantic.model_validator(mode="before")
    @classmethod
    def _inherited(cls, document: object) -> object:
        if isinstance(document, dict) and isinstance(document.get("prices"), list):
            shared = {name: document[name] for name in ("as_of", "source") if name in document}
            entries = [{**shared, **e} if isinstance(e, dict) else e for e in document["prices"]]
            return {**document, "prices": entries}
        return document


class Prices:
    """Prices of models by host and name; of several tables the first that knows a model counts."""

    def __init__(self, tables: Sequence[Table]) -> None:
        self._entries: dict[tuple[str, str], Entry] = {}
        for table in tables:
            for entry in table.prices:
                self._entries.setdefault((entry.host.lower(), entry.model), entry)

    def find(self, url: str, model: str) -> Entry | None:
        """The price of `model` at the endpoint `url`; None when it is unknown."""
        return self._entries.get((urllib.parse.urlsplit(url).netloc.rpartition("@")[2].lower(), model))


def load(path: Path | None = None) -> Prices:
    """quod's own table, after the one at `path` if given. Raises Misconfigured when that cannot be read."""
    own = importlib.resources.files("quod.models").joinpath("prices.json").read_text(encoding="utf-8")
    tables = [Table.model_validate(json.loads(own, parse_float=Decimal))]
    return Prices([_table(path), *tables] if path is not None else tables)


def _table(path: Path) -> Table:
    try:
        document = documents.read_json(path.expanduser())
        table = Table.model_validate(document)
    except errors.InvalidInput as error:
        raise errors.Misconfigured(f"QUOD_PRICES: {error}", setting="prices") from None
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        message = f"QUOD_PRICES: {path}: {place}: {first['msg']} (docs/models.md shows such a file)"
        raise errors.Misconfigured(message, setting="prices") from None
    seen: set[tuple[str, str]] = set()
    for entry in table.prices:
        if (entry.host.lower(), entry.model) in seen:
            message = f"QUOD_PRICES: {path}: {entry.model!r} at {entry.host} has two prices; leave one"
            raise errors.Misconfigured(message, setting="prices")
        seen.add((entry.host.lower(), entry.model))
    return table
