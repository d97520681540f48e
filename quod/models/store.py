"""The SQLite file that keeps replies: JSON in, JSON out, shared by any number of processes."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pydantic

from quod import errors, jobs
from quod.models import base

VERSION = 1
"""Of the layout of the file, kept in its `user_version`."""
BUSY_SECONDS = 30.0

_LAYOUT = """
CREATE TABLE IF NOT EXISTS replies (
    question TEXT NOT NULL, url TEXT NOT NULL, sample INTEGER NOT NULL,
    request TEXT NOT NULL, reply TEXT NOT NULL, created TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (question, url, sample)
) WITHOUT ROWID
"""


@dataclass(frozen=True)
class Found:
    """A kept reply and the URL that gave it."""

    url: str
    reply: base.Reply


class _Kept(pydantic.BaseModel):
    """A reply as it stands in the file; its usage is what it cost when it was made."""

    model_config = pydantic.ConfigDict(extra="forbid")

    text: str
    finish_reason: str
    usage: jobs.Usage


class Store:
    """Replies by question (a hash), URL and sample number; with `readonly` nothing is written.

    Each operation opens the file anew, so a store has nothing to close and may be used from any thread.
    """

    def __init__(self, path: Path, *, readonly: bool = False) -> None:
        self.path = path.expanduser()
        self._readonly = readonly

    def find(self, question: str, sample: int) -> list[Found]:
        """The replies to one question, of every URL.

        Raises Misconfigured when the file cannot be used, Unavailable when others hold it for too long.
        """
        with self._opened() as connection:
            rows = connection.execute(
                "SELECT url, reply FROM replies WHERE question = ? AND sample = ? ORDER BY url",
                (question, sample),
            ).fetchall()
        return [Found(url, self._reply(text)) for url, text in rows]

    def put(self, question: str, url: str, sample: int, request: str, reply: base.Reply) -> None:
        """Keep a reply; one that is there already stays. Raises as `find` does."""
        kept = _Kept(text=reply.text, finish_reason=reply.finish_reason, usage=reply.usage)
        row = (question, url, sample, request, json.dumps(kept.model_dump(mode="json")))
        with self._opened() as connection, connection:
            connection.execute(
                "INSERT OR IGNORE INTO replies (question, url, sample, request, reply) "
                "VALUES (?, ?, ?, ?, ?)",
                row,
            )

    @contextlib.contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            with contextlib.closing(self._connect()) as connection:
                yield connection
        except sqlite3.OperationalError as error:
            if "locked" in str(error) or "busy" in str(error):
                raise errors.Unavailable(f"{self.path} is in use by others: {error}") from None
            raise self._unusable(f"cannot be used: {error}; name another file in QUOD_CACHE_FILE") from None
        except sqlite3.DatabaseError as error:
            raise self._unusable(f"is damaged or no cache: {error}") from None
        except OSError as error:
            raise self._unusable(f"cannot be used: {error.strerror}") from None

    def _connect(self) -> sqlite3.Connection:
        if self._readonly:
            return self._reading()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS)
        give_up = time.monotonic() + BUSY_SECONDS
        try:
            while not self._prepared(connection):
                if time.monotonic() > give_up:
                    raise errors.Unavailable(f"{self.path} is in use by others")
                time.sleep(0.01)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepared(self, connection: sqlite3.Connection) -> bool:
        """Make the layout if there is none; False when another process is just about to.

        SQLite does not wait when two turn on WAL at once: one of them is told that the file is locked.
        """
        try:
            if self._is_new(connection):
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("BEGIN IMMEDIATE")
                with connection:
                    connection.execute(_LAYOUT)
                    connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.execute("PRAGMA synchronous = NORMAL")
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                return False
            raise
        return True

    def _reading(self) -> sqlite3.Connection:
        if not self.path.exists():
            raise self._unusable("does not exist; record it with QUOD_CACHE=on")
        address = f"file:{urllib.parse.quote(str(self.path.absolute()))}"
        connection = sqlite3.connect(f"{address}?mode=ro", uri=True, timeout=BUSY_SECONDS)
        try:
            new = self._is_new(connection)
        except sqlite3.OperationalError:  # in a folder that cannot be written, where WAL has no room
            connection.close()
            connection = sqlite3.connect(f"{address}?immutable=1", uri=True)
            new = self._is_new(connection)
        except BaseException:
            connection.close()
            raise
        if new:
            connection.close()
            raise self._unusable("is empty; record it with QUOD_CACHE=on")
        return connection

    def _is_new(self, connection: sqlite3.Connection) -> bool:
        # One statement sees one state of a file that another process may be making.
        version, tables = connection.execute(
            "SELECT (SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_master)"
        ).fetchone()
        if version != VERSION and (version or tables):
            raise self._unusable(f"is another program's file, or a cache of another version ({version})")
        return not version

    def _unusable(self, problem: str) -> errors.Misconfigured:
        if "damaged" in problem or "another" in problem:
            problem += "; delete it, or name another file in QUOD_CACHE_FILE"
        return errors.Misconfigured(f"the cache {self.path} {problem}", setting="cache_file")

    def _reply(self, text: str) -> base.Reply:
        try:
            kept = _Kept.model_validate_json(text)
        except pydantic.ValidationError:
            raise self._unusable("is damaged: a reply in it cannot be read") from None
        return base.Reply(text=kept.text, finish_reason=kept.finish_reason, usage=kept.usage)
