from __future__ import annotations

import json
import pathlib
from collections.abc import Sequence
from typing import Any

import pytest

from quod import errors, jobs, settings
from quod.bench import engine, nl4opt, worker
from quod.solvers.drafters import base

QUESTIONS = ["Bake 1 lamp.", "Run 2 ferries.", "Plant 3 oaks.", "Sell 4 loaves.", "Press 5 litres."]


@pytest.fixture(autouse=True)
def data(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "data.json"
    path.write_text(
        json.dumps([{"question": q, "results": {"z": "10"}, "index": i} for i, q in enumerate(QUESTIONS)])
    )
    return path


class Pipeline:
    """Stands in for the pipeline where only the harness is tested: answers every problem with 10."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.texts: list[str] = []
        self.stop_after = stop_after

    def __call__(
        self, job: jobs.Job, settings: settings.Settings, drafters: Sequence[base.Drafter]
    ) -> jobs.Result:
        if len(self.texts) == self.stop_after:
            raise KeyboardInterrupt
        self.texts.append(job.input)
        return jobs.Result(
            id=job.id,
            kind=jobs.Kind.OPTIMIZE,
            status=jobs.Status.SOLVED,
            termination=jobs.Termination.OPTIMAL,
            answer={"objective": "10"},
        )


def run(
    pipeline: Pipeline, folder: pathlib.Path, resume: str | None = "kept", **options: Any
) -> dict[str, Any]:
    kept = folder / resume if resume else None
    return nl4opt.run_nl4opt(
        folder / "data.json", resume=kept, solve=pipeline, progress=lambda line: None, **options
    )


def test_an_interrupted_run_continues_where_it_stopped(tmp_path: pathlib.Path) -> None:
    first, second, third = Pipeline(stop_after=2), Pipeline(), Pipeline()
    with pytest.raises(KeyboardInterrupt):
        run(first, tmp_path)
    lines = (tmp_path / "kept" / engine.RECORDS).read_text().splitlines()
    assert len(lines) == 2
    report = run(second, tmp_path)
    assert len(second.texts) == 3
    assert not set(first.texts) & set(second.texts)
    assert report["n"] == report["solved"] == 5
    assert run(third, tmp_path) == report
    assert third.texts == []


def test_a_line_cut_short_is_worked_on_again(tmp_path: pathlib.Path) -> None:
    run(Pipeline(), tmp_path)
    path = tmp_path / "kept" / engine.RECORDS
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    again = Pipeline()
    assert run(again, tmp_path)["n"] == 5
    assert len(again.texts) == 1
    last = path.read_text().splitlines()[-1]
    assert json.loads(last)["record"]["id"] == "4"


def test_kept_problems_of_other_settings_are_not_taken(tmp_path: pathlib.Path) -> None:
    run(Pipeline(), tmp_path)
    other = Pipeline()
    run(other, tmp_path, overrides={"time_limit": 5.0})
    assert len(other.texts) == 5


def test_a_folder_that_cannot_be_written_is_bad_input(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(errors.InvalidInput, match="cannot be written"):
        run(Pipeline(), tmp_path, "file/folder")


def test_the_first_problems_only(tmp_path: pathlib.Path) -> None:
    pipeline = Pipeline()
    assert run(pipeline, tmp_path, None, limit=2)["n"] == 2
    assert len(pipeline.texts) == 2


def test_a_broken_problem_costs_only_itself(data: pathlib.Path) -> None:
    class Broken(Pipeline):
        def __call__(
            self, job: jobs.Job, settings: settings.Settings, drafters: Sequence[base.Drafter]
        ) -> jobs.Result:
            if "ferries" in job.input:
                raise ZeroDivisionError("inside")
            if "oaks" in job.input:
                raise errors.InvalidInput("not readable")
            return super().__call__(job, settings, drafters)

    lines: list[str] = []
    report = nl4opt.run_nl4opt(data, solve=Broken(), progress=lines.append)
    assert (report["solved"], report["failed"]) == (3, 2)
    assert any("1: failed (error)" in line for line in lines)


def test_failed_problems_are_tried_again(tmp_path: pathlib.Path) -> None:
    class Killed(Pipeline):
        def __call__(
            self, job: jobs.Job, settings: settings.Settings, drafters: Sequence[base.Drafter]
        ) -> jobs.Result:
            if "oaks" in job.input:
                raise errors.ToolFailed("killed from outside")
            return super().__call__(job, settings, drafters)

    assert run(Killed(), tmp_path)["failed"] == 1
    again = Pipeline()
    assert run(again, tmp_path)["failed"] == 0
    assert again.texts == ["Plant 3 oaks."]


@pytest.mark.parametrize("error", [errors.Misconfigured("no key"), errors.Unavailable("down")])
def test_what_concerns_every_problem_ends_the_run(data: pathlib.Path, error: errors.QuodError) -> None:
    def broken(job: jobs.Job, settings: settings.Settings, drafters: Sequence[base.Drafter]) -> jobs.Result:
        raise error

    with pytest.raises(type(error)):
        nl4opt.run_nl4opt(data, solve=broken, progress=lambda line: None)


def test_processes_report_errors_of_every_problem() -> None:
    items = [worker.Item(i, str(i), "", "Bake 3 cakes.", None, None, None, False) for i in range(2)]
    with pytest.raises(errors.Misconfigured, match="QUOD_MODEL_URL"):
        engine.run(items, settings.load(drafter="openai"), jobs=2, progress=lambda line: None)
