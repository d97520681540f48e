"""What a job has done so far, written down while it runs, so that a crash in the middle costs nothing twice.

A row is written when a job begins, when a task is planned, when it starts and when it has ended, each before
anybody uses the outcome. A task whose end is written is never run again; one that was running when the
process died is. SQLite with a write-ahead log: what was written survives the death of the process at any
point (the death of the machine may take the last moments).
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from quod import errors, jobs

KEPT_SECONDS = 30 * 24 * 3600
"""How long the journal of a job is kept after its last change."""

BUSY_SECONDS = 30.0
"""How long to wait for another process that writes."""
VERSION = 1
"""Of the tables; a file of another version is left alone."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    job TEXT PRIMARY KEY, document TEXT NOT NULL, settings TEXT NOT NULL, usage TEXT NOT NULL,
    elapsed REAL NOT NULL, result TEXT, updated REAL NOT NULL);
CREATE TABLE IF NOT EXISTS rounds (
    job TEXT NOT NULL REFERENCES runs ON DELETE CASCADE, round INTEGER NOT NULL, tasks TEXT NOT NULL,
    problems TEXT NOT NULL, PRIMARY KEY (job, round));
CREATE TABLE IF NOT EXISTS tasks (
    job TEXT NOT NULL REFERENCES runs ON DELETE CASCADE, round INTEGER NOT NULL, task TEXT NOT NULL,
    document TEXT NOT NULL, starts INTEGER NOT NULL DEFAULT 0, outcome TEXT,
    PRIMARY KEY (job, round, task));
"""


class Journal:
    """The journal of all jobs in one SQLite file, or of this process alone when `path` is None."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch(mode=0o600)  # texts of problems are nobody else's business
            self.connection = sqlite3.connect(
                path or ":memory:", timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._open()
        except (OSError, sqlite3.Error) as error:
            raise unusable(path, error) from None

    def _open(self) -> None:
        """Processes that make one file at the same time fail without waiting, so they try again."""
        until = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                self.connection.execute("PRAGMA journal_mode = WAL")
                self.connection.execute("PRAGMA synchronous = NORMAL")
                self.connection.execute("PRAGMA foreign_keys = ON")
                return self._make_tables()
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > until:
                    raise
                time.sleep(0.05)

    def _make_tables(self) -> None:
        (version,) = self.connection.execute("PRAGMA user_version").fetchone()
        if version not in (0, VERSION):
            raise errors.Misconfigured(
                f"QUOD_DATA_DIR: {self.path} was written by another version of quod; name another folder, "
                "or remove the file if no job in it shall go on",
                setting="data_dir",
            )
        if version != VERSION:
            script = f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;"
            self.connection.executescript(script)

    def close(self) -> None:
        """Forget the connection; what was written stays."""
        self.connection.close()

    def begin(self, job: jobs.Job, settings: dict[str, Any]) -> list[str]:
        """Write down a new job and the settings that it runs under (no secrets).

        Returns the jobs that are forgotten on this occasion.
        """
        old = time.time() - KEPT_SECONDS
        gone = self.connection.execute("DELETE FROM runs WHERE updated < ? RETURNING job", (old,))
        forgotten = [row[0] for row in gone]
        try:
            self.connection.execute(
                "INSERT INTO runs VALUES (?, ?, ?, ?, 0, NULL, ?)",
                (job.id, job.model_dump_json(), json.dumps(settings), "{}", time.time()),
            )
        except sqlite3.IntegrityError:
            raise errors.InvalidInput(f"there is a job {job.id} already; resume it", field="id") from None
        return forgotten

    def forget(self, job_id: str) -> None:
        """Remove a job and its tasks."""
        self.connection.execute("DELETE FROM runs WHERE job = ?", (job_id,))

    def has_ended_tasks(self, job_id: str) -> bool:
        """Whether going on with the job saves anything."""
        row = self.connection.execute(
            "SELECT 1 FROM tasks WHERE job = ? AND outcome IS NOT NULL", (job_id,)
        ).fetchone()
        return row is not None

    def load(self, job_id: str) -> tuple[jobs.Job, dict[str, Any]]:
        """A job and its settings. Raises InvalidInput when there is none of this id."""
        found = self._run(job_id, "document, settings")
        return jobs.Job.model_validate_json(found[0]), json.loads(found[1])

    def result(self, job_id: str) -> jobs.Result | None:
        """The result of a job that has ended."""
        (document,) = self._run(job_id, "result")
        return jobs.Result.model_validate_json(document) if document else None

    def spent(self, job_id: str) -> tuple[jobs.Usage, float]:
        """What the job has used, and the seconds it ran, in all its attempts so far."""
        usage, elapsed = self._run(job_id, "usage, elapsed")
        return jobs.Usage.model_validate_json(usage), elapsed

    def spend(self, job_id: str, usage: jobs.Usage, elapsed: float) -> None:
        """Write down what the job has used."""
        self.connection.execute(
            "UPDATE runs SET usage = ?, elapsed = ?, updated = ? WHERE job = ?",
            (usage.model_dump_json(), elapsed, time.time(), job_id),
        )

    def finish(self, result: jobs.Result) -> None:
        """Write down the end of a job."""
        self.connection.execute(
            "UPDATE runs SET result = ?, updated = ? WHERE job = ?",
            (result.model_dump_json(), time.time(), result.id),
        )

    def unfinished(self) -> list[str]:
        """Ids of the jobs that have begun and not ended, oldest first."""
        rows = self.connection.execute("SELECT job FROM runs WHERE result IS NULL ORDER BY rowid")
        return [row[0] for row in rows]

    @contextlib.contextmanager
    def held(self, job_id: str) -> Iterator[None]:
        """Nobody else may run the job meanwhile; a process that dies lets go.

        Raises InvalidInput when another process runs it.
        """
        if self.path is None:
            yield
            return
        folder = self.path.with_name("locks")
        name = folder / f"{job_id}.lock"
        with contextlib.ExitStack() as stack:
            try:
                folder.mkdir(exist_ok=True)
                file = stack.enter_context(name.open("w"))
            except OSError as error:
                raise unusable(folder, error) from None
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise errors.InvalidInput(f"job {job_id} runs in another process", field="id") from None
            yield
            name.unlink(missing_ok=True)

    def round(self, job_id: str, number: int) -> RoundJournal:
        """The journal of one plan."""
        return RoundJournal(self, job_id, number)

    def _run(self, job_id: str, columns: str) -> Any:
        found = self.connection.execute(f"SELECT {columns} FROM runs WHERE job = ?", (job_id,)).fetchone()
        if found is None:
            known = ", ".join(self.unfinished()[-5:]) or "none"
            raise errors.InvalidInput(
                f"there is no job {job_id!r} here; unfinished ones are: {known}", field="id"
            )
        return found


def unusable(path: Path | None, error: Exception) -> errors.Misconfigured:
    """That jobs cannot be kept where the settings say."""
    return errors.Misconfigured(
        f"QUOD_DATA_DIR: jobs cannot be kept in {path}: {error}; name a folder that can be written, "
        "or set QUOD_CHECKPOINTS=none to run without",
        setting="data_dir",
    )


class RoundJournal:
    """What the scheduler reports of one plan, and what an earlier attempt at it has left."""

    def __init__(self, journal: Journal, job_id: str, number: int) -> None:
        self._journal, self._key = journal, (job_id, number)
        self._connection = journal.connection

    def planned(self, task: jobs.Task) -> None:
        """A task of the plan is known. One that was planned otherwise before loses its old outcome."""
        document = task.model_dump_json()
        self._connection.execute(
            "INSERT INTO tasks (job, round, task, document) VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET outcome = NULL, document = excluded.document "
            "WHERE document != excluded.document",
            (*self._key, task.id, document),
        )

    def complete(self, tasks: list[str], problems: list[str]) -> None:
        """The plan has ended: these tasks, in this order; `problems` are what could not be read in it."""
        self._connection.execute(
            "INSERT OR REPLACE INTO rounds VALUES (?, ?, ?, ?)",
            (*self._key, json.dumps(tasks), json.dumps(problems)),
        )

    def reopen(self, task: jobs.Task) -> None:
        """A task that had ended has other inputs now: its outcome is void."""
        self._connection.execute(
            "UPDATE tasks SET outcome = NULL WHERE job = ? AND round = ? AND task = ?",
            (*self._key, task.id),
        )

    def started(self, task: jobs.Task) -> None:
        """A task begins to run."""
        self._connection.execute(
            "UPDATE tasks SET starts = starts + 1 WHERE job = ? AND round = ? AND task = ?",
            (*self._key, task.id),
        )

    def finished(self, outcome: jobs.TaskOutcome) -> None:
        """A task has ended; from here on it is never run again."""
        self._connection.execute(
            "UPDATE tasks SET outcome = ? WHERE job = ? AND round = ? AND task = ?",
            (outcome.model_dump_json(), *self._key, outcome.task),
        )

    def plan(self) -> tuple[list[jobs.Task], list[str]] | None:
        """The tasks and problems of a plan that is complete; None when it must be made (again)."""
        found = self._connection.execute(
            "SELECT tasks, problems FROM rounds WHERE job = ? AND round = ?", self._key
        ).fetchone()
        if found is None:
            return None
        rows = self._connection.execute(
            "SELECT task, document FROM tasks WHERE job = ? AND round = ?", self._key
        )
        tasks = {name: jobs.Task.model_validate_json(document) for name, document in rows}
        return [tasks[name] for name in json.loads(found[0])], json.loads(found[1])

    def ended(self) -> dict[str, tuple[jobs.Task, jobs.TaskOutcome]]:
        """The tasks that have ended, by id."""
        rows = self._connection.execute(
            "SELECT document, outcome FROM tasks WHERE job = ? AND round = ? AND outcome IS NOT NULL",
            self._key,
        )
        pairs = [
            (jobs.Task.model_validate_json(task), jobs.TaskOutcome.model_validate_json(outcome))
            for task, outcome in rows
        ]
        return {task.id: (task, outcome) for task, outcome in pairs}
