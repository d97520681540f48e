from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from quod import errors, jobs
from quod.agents import journal

JOB = jobs.Job(id="job_a", input="words")
TASK = jobs.Task(id="1", tool="solve", arguments={"draft": "$0"})
DONE = jobs.TaskOutcome(task="1", tool="solve", outcome="ok", value={"x": "1/3"})


def test_what_was_written_is_there_for_the_next_process(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    first = journal.Journal(path)
    first.begin(JOB, {"drafter": "template"})
    rows = first.round("job_a", 1)
    rows.planned(TASK)
    rows.started(TASK)
    rows.finished(DONE)
    rows.complete(["1"], ["line 2 cannot be read"])
    first.spend("job_a", jobs.Usage(model_calls=2), 1.5)
    first.close()
    second = journal.Journal(path)
    assert second.load("job_a") == (JOB, {"drafter": "template"})
    assert second.round("job_a", 1).plan() == ([TASK], ["line 2 cannot be read"])
    assert second.round("job_a", 1).ended() == {"1": (TASK, DONE)}
    assert second.spent("job_a") == (jobs.Usage(model_calls=2), 1.5)
    assert second.unfinished() == ["job_a"]
    second.close()


def test_a_plan_that_is_not_complete_is_made_again() -> None:
    rows = journal_of("job_a").round("job_a", 1)
    rows.planned(TASK)
    assert rows.plan() is None


def test_a_task_that_is_planned_otherwise_loses_its_outcome() -> None:
    rows = journal_of("job_a").round("job_a", 1)
    rows.planned(TASK)
    rows.finished(DONE)
    rows.planned(TASK)
    assert rows.ended() == {"1": (TASK, DONE)}
    rows.planned(TASK.model_copy(update={"tool": "explain"}))
    assert rows.ended() == {}


def test_tasks_of_a_plan_that_was_given_up_are_not_in_the_next_one() -> None:
    rows = journal_of("job_a").round("job_a", 1)
    given_up = TASK.model_copy(update={"id": "7"})
    for task in (given_up, TASK):
        rows.planned(task)
    rows.complete(["1"], [])
    assert rows.plan() == ([TASK], [])


def test_rounds_do_not_mix() -> None:
    kept = journal_of("job_a")
    kept.round("job_a", 1).planned(TASK)
    kept.round("job_a", 1).finished(DONE)
    assert kept.round("job_a", 2).ended() == {}


def test_a_job_that_ended_keeps_its_result_and_is_forgotten_later(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = journal_of("job_a")
    result = jobs.Result(
        id="job_a", kind=jobs.Kind.OPTIMIZE, status=jobs.Status.UNSOLVED, termination=jobs.Termination.UNKNOWN
    )
    kept.finish(result)
    assert kept.result("job_a") == result
    assert kept.unfinished() == []
    now = journal.time.time()
    monkeypatch.setattr(journal.time, "time", lambda: now + journal.KEPT_SECONDS + 1)
    kept.begin(JOB.model_copy(update={"id": "job_b"}), {})
    with pytest.raises(errors.InvalidInput, match="no job 'job_a'"):
        kept.result("job_a")
    assert kept.round("job_a", 1).ended() == {}


def test_an_id_cannot_begin_twice() -> None:
    kept = journal_of("job_a")
    with pytest.raises(errors.InvalidInput, match="resume it"):
        kept.begin(JOB, {})


def test_only_one_process_runs_a_job(tmp_path: Path) -> None:
    """The lock is let go by a process that is killed, and only then."""
    path = tmp_path / "jobs.sqlite"
    program = (
        "import sys, pathlib; from quod.agents import journal\n"
        f"kept = journal.Journal(pathlib.Path({str(path)!r}))\n"
        "with kept.held('job_a'): print('held', flush=True); sys.stdin.read()"
    )
    kept = journal.Journal(path)
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(errors.InvalidInput, match="another process"), kept.held("job_a"):
            pass
        process.kill()
        process.communicate()
    with kept.held("job_a"):
        pass
    kept.close()


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    path.write_text("this is no database, though it has the name of one" * 50)
    with pytest.raises(errors.Misconfigured, match="QUOD_DATA_DIR"):
        journal.Journal(path)


def test_a_file_of_another_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    journal.Journal(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {journal.VERSION + 1}")
    with pytest.raises(errors.Misconfigured, match="another version"):
        journal.Journal(path)


def journal_of(job_id: str) -> journal.Journal:
    kept = journal.Journal()
    kept.begin(JOB.model_copy(update={"id": job_id}), {})
    return kept
