"""Where the states of the planner graph are kept between its steps."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import AsyncIterator
from typing import Any

from quod import errors
from quod.agents import journal
from quod.settings import Settings

# Before LangGraph is imported: a checkpoint may only hold plain data, no objects that reading would build.
os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")

BUSY_SECONDS = 30


@contextlib.asynccontextmanager
async def saver(settings: Settings) -> AsyncIterator[Any]:
    """The checkpointer that `settings.checkpoints` names.

    Raises Misconfigured when it cannot be reached or is not installed.
    """
    kind = settings.checkpoints
    if kind == "none":
        from langgraph.checkpoint.memory import InMemorySaver

        yield InMemorySaver(serde=_plain())
    elif kind == "sqlite":
        async with _sqlite(settings) as found:
            yield found
    elif kind.startswith(("postgres://", "postgresql://")):
        async with _postgres(kind) as found:
            yield found
    else:
        raise errors.Misconfigured(
            "QUOD_CHECKPOINTS: write sqlite, none, or a postgresql:// URL", setting="checkpoints"
        )


def _plain() -> Any:
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

    return JsonPlusSerializer(pickle_fallback=False, allowed_msgpack_modules=None)


@contextlib.asynccontextmanager
async def _sqlite(settings: Settings) -> AsyncIterator[Any]:
    import aiosqlite
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

    path = settings.data_dir.expanduser() / "checkpoints.sqlite"
    async with contextlib.AsyncExitStack() as stack:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            connection = await stack.enter_async_context(aiosqlite.connect(path, timeout=BUSY_SECONDS))
            await connection.execute(f"PRAGMA busy_timeout = {1000 * BUSY_SECONDS}")
            found = AsyncSqliteSaver(connection, serde=_plain())
            await found.setup()
        except (OSError, sqlite3.Error) as error:
            raise journal.unusable(path, error) from None
        yield found


@contextlib.asynccontextmanager
async def _postgres(url: str) -> AsyncIterator[Any]:
    try:
        from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
    except ImportError:
        raise errors.Misconfigured(
            "checkpoints in PostgreSQL need an extra: pip install 'quod[postgres]'", setting="checkpoints"
        ) from None
    import psycopg

    try:
        async with AsyncPostgresSaver.from_conn_string(url, serde=_plain()) as found:
            await found.setup()
            yield found
    except psycopg.OperationalError as error:
        raise errors.Unavailable(f"QUOD_CHECKPOINTS: PostgreSQL cannot be reached: {error}") from None
