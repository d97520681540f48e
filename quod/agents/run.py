"""Runs one job in this process and its children, and goes on with jobs that a crash interrupted."""

from __future__ import annotations

import contextlib
import dataclasses
import urllib.parse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from quod import errors, jobs, settings
from quod.agents import (
    checkpoints,
    context,
    history,
    journal,
    offload,
    registry,
    session,
    strategies,
)
from quod.agents.tools import formulate
from quod.models import base as chat
from quod.models import roles
from quod.settings import Settings
from quod.solvers import formulation, tables
from quod.solvers.drafters import base

RUNNABLE = (jobs.Kind.OPTIMIZE, jobs.Kind.COMPUTE, jobs.Kind.AUTO)
"""Kinds of jobs that can be run so far."""


@dataclasses.dataclass(frozen=True)
class Parts:
    """What a caller may put in the place of what the settings name.

    `drafters` read the words; `models` by role, `"*"` for all others; `tools` instead of the installed ones.
    """

    drafters: Sequence[base.Drafter] = ()
    models: Mapping[str, chat.ChatModel] | None = None
    tools: registry.Registry | None = None


def run_job(
    job: jobs.Job,
    chosen: Settings,
    *,
    base_dir: str | Path | None = None,
    parts: Parts | None = None,
    progress: context.Progress = context.silent,
) -> jobs.Result:
    """Run a job to its end.

    `base_dir` is where data files that a formulation names are looked for. A solver that fails, hangs or eats
    its memory is a result with status `failed` and the reason in `warnings`. Raises InvalidInput,
    Misconfigured or Unavailable.
    """
    job = prepared(job, chosen, base_dir)
    with _journal(chosen) as with_journal:
        forgotten = with_journal.begin(job, _kept(chosen))
        with with_journal.held(job.id):
            return _to_the_end(job, chosen, with_journal, parts, progress, forgotten)


def resume(
    job_id: str,
    chosen: Settings,
    *,
    parts: Parts | None = None,
    progress: context.Progress = context.silent,
) -> jobs.Result:
    """Go on with a job of this machine where it was when its process died; the result if it has ended.

    It is planned under the settings that it was begun with; what may have to be mended (`MENDABLE`:
    endpoints, keys, budgets, limits) is taken from `chosen` where it is set there. Tasks that had ended are
    not run again. Raises as `run_job` does, and InvalidInput for an unknown job.
    """
    with _journal(chosen) as with_journal:
        job, kept = with_journal.load(job_id)
        with with_journal.held(job_id):
            ended = with_journal.result(job_id)
            if ended is not None:
                return ended
            return _to_the_end(job, _restored(kept, chosen), with_journal, parts, progress)


def plan_job(
    job: jobs.Job, chosen: Settings, *, base_dir: str | Path | None = None, parts: Parts | None = None
) -> jobs.Plan:
    """The first plan of a job, which is not run. Raises as `run_job` does."""
    return offload.run_sync(_plan(prepared(job, chosen, base_dir), chosen, parts or Parts()))


def unfinished(chosen: Settings) -> list[str]:
    """Ids of the jobs of this machine that have begun and not ended."""
    with _journal(chosen) as with_journal:
        return with_journal.unfinished()


def prepared(job: jobs.Job, chosen: Settings, base_dir: str | Path | None) -> jobs.Job:
    """The job, complete in itself: data files read, formulation and text agreed. Raises InvalidInput."""
    if job.kind not in RUNNABLE:
        known = ", ".join(RUNNABLE)
        raise errors.InvalidInput(
            f"jobs of kind {job.kind} cannot be run yet; there are {known}", field="kind"
        )
    if job.formulation is None:
        formulate.check_text(job.input)
        return job
    given = formulation.parse(job.formulation)
    if given.text is None and job.input.strip():
        given = formulation.parse({**given.model_dump(), "text": job.input})
    elif job.input and given.text not in (None, job.input):
        raise errors.InvalidInput(
            "the formulation was read from another text; leave its text or the problem away", field="text"
        )
    return job.model_copy(update={"formulation": formulate.document(tables.load(given, base_dir))})


def _to_the_end(
    job: jobs.Job,
    chosen: Settings,
    with_journal: journal.Journal,
    parts: Parts | None,
    progress: context.Progress,
    forgotten: Sequence[str] = (),
) -> jobs.Result:
    """Run the job; one that failed is kept for `resume` only where going on can help."""
    try:
        return offload.run_sync(_run(job, chosen, with_journal, parts or Parts(), progress, forgotten))
    except errors.QuodError as error:
        if isinstance(error, errors.InvalidInput) or not with_journal.has_ended_tasks(job.id):
            with_journal.forget(job.id)
        elif chosen.checkpoints != "none":
            error.job = job.id
        raise


async def _plan(job: jobs.Job, chosen: Settings, parts: Parts) -> jobs.Plan:
    models = roles.Models(chosen, overrides=parts.models)
    found = jobs.Plan()
    try:
        around = context.Context(job, chosen, models, parts.drafters)
        strategy = strategies.choose(around, parts.tools or registry.Registry.discover())
        async for item in strategy.plan(around, history.History()):
            if isinstance(item, jobs.Task):
                found.tasks.append(item)
            else:
                found.problems.append(str(item))
    finally:
        await models.aclose()
    return found


async def _run(
    job: jobs.Job,
    chosen: Settings,
    with_journal: journal.Journal,
    parts: Parts,
    progress: context.Progress,
    forgotten: Sequence[str],
) -> jobs.Result:
    from quod.agents import graph  # a second of imports that most commands do without

    _, elapsed = with_journal.spent(job.id)
    models = roles.Models(chosen, overrides=parts.models, elapsed=elapsed)
    try:
        around = context.Context(job, chosen, models, parts.drafters, progress)
        one = session.Session(around, parts.tools or registry.Registry.discover(), with_journal)
        async with checkpoints.saver(chosen) as saver:
            state = await graph.run(one, saver)
            for name in (job.id, *forgotten):
                await saver.adelete_thread(name)  # the result is in the journal
    finally:
        await models.aclose()
    return jobs.Result.model_validate(state["result"])


def _journal(chosen: Settings) -> contextlib.closing[journal.Journal]:
    path = None if chosen.checkpoints == "none" else chosen.data_dir.expanduser() / "jobs.sqlite"
    return contextlib.closing(journal.Journal(path))


MENDABLE = frozenset(
    {
        "model_url", "model", "api_key", "roles", "model_timeout", "model_concurrency", "model_retries",
        "prices", "cache", "cache_file", "budget_tokens", "budget_cost", "budget_calls", "budget_seconds",
        "time_limit", "memory_limit_mb", "threads", "sandbox", "data_dir", "checkpoints",
    }
)  # fmt: skip
"""Settings that may be mended before a job goes on; all others decide what its plan is."""


def _kept(chosen: Settings) -> dict[str, Any]:
    """The settings without secrets, for going on under them."""
    document = chosen.model_dump(
        mode="json", exclude={"api_key", "checkpoints", "data_dir"}, exclude_none=True
    )
    for endpoint in [document, *document["roles"].values()]:
        endpoint.pop("api_key", None)
        for name in ("model_url", "url"):
            if name in endpoint:
                endpoint[name] = _without_password(endpoint[name])
    return document


def _without_password(url: str) -> str:
    parts = urllib.parse.urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _restored(kept: dict[str, Any], now: Settings) -> Settings:
    """What is set now, to mend what went wrong, wins over what was set when the job began."""
    mended = {name: getattr(now, name) for name in now.model_fields_set & MENDABLE}
    return settings.load(**{**kept, **mended})
