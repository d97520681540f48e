"""The Python client. Embedded: nothing to start, everything runs in this process and its children."""

from __future__ import annotations

import types
from pathlib import Path
from typing import Any

from quod import certificates, documents, jobs, settings
from quod.agents import context
from quod.agents import run as running


class Result(jobs.Result):
    """A job's outcome that can re-check itself."""

    def check(self) -> certificates.Verdict:
        """Re-check the certificate from scratch, with no solver and no model.

        Raises CertificateRejected when there is none or when it does not prove the answer.
        """
        return certificates.check(self.model_dump(mode="json"))

    def save(self, path: str | Path) -> None:
        """Write the result as JSON, the file that `quod check` reads."""
        Path(path).write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")


class Client:
    """Solve problems and check certificates.

    >>> with Client() as quod:
    ...     result = quod.solve("A bakery …")
    ...     result.status, result.answer, result.check()

    Keyword arguments override the settings (`Client(time_limit=10, drafter="openai")`).
    """

    def __init__(self, **overrides: Any) -> None:
        self.settings = settings.load(**overrides)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: types.TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release what the client holds; an embedded client holds nothing between calls."""

    def solve(
        self,
        text: str | None = None,
        *,
        formulation: dict[str, Any] | None = None,
        base_dir: str | Path | None = None,
        progress: context.Progress = context.silent,
    ) -> Result:
        """Solve an optimization problem given in words (`text`), as a `formulation`, or both.

        `base_dir` is where the data files that a formulation names are looked for. `progress` is called
        with a short line when a step starts. A problem that could not be solved is not an exception but a
        result whose `status` says so. Raises InvalidInput, Misconfigured or Unavailable.
        """
        job = jobs.Job(kind=jobs.Kind.OPTIMIZE, input=text or "", formulation=formulation)
        return self.run(job, base_dir=base_dir, progress=progress)

    def compute(self, question: str, *, progress: context.Progress = context.silent) -> Result:
        """Answer a question by a program that a language model writes and a sandbox runs.

        The certificate holds the program and its output; checking it runs the program again. Raises
        Misconfigured without a model, InvalidInput or Unavailable.
        """
        return self.run(jobs.Job(kind=jobs.Kind.COMPUTE, input=question), progress=progress)

    def ask(self, text: str, *, progress: context.Progress = context.silent) -> Result:
        """Do what `text` asks for, whatever kind of job that is, or several kinds together.

        A language model plans the job where one is set; without one the text is read as an optimization
        problem. Raises as `solve` does.
        """
        return self.run(jobs.Job(kind=jobs.Kind.AUTO, input=text), progress=progress)

    def run(
        self,
        job: jobs.Job,
        *,
        base_dir: str | Path | None = None,
        parts: running.Parts | None = None,
        progress: context.Progress = context.silent,
    ) -> Result:
        """Run a job of any kind; `parts` replaces drafters, models or tools that the settings name."""
        result = running.run_job(job, self.settings, base_dir=base_dir, parts=parts, progress=progress)
        return Result(**dict(result))

    def plan(self, job: jobs.Job) -> jobs.Plan:
        """The first plan of a job, which is not run. Raises as `solve` does."""
        return running.plan_job(job, self.settings)

    def resume(
        self,
        job_id: str,
        *,
        parts: running.Parts | None = None,
        progress: context.Progress = context.silent,
    ) -> Result:
        """Go on with a job of this machine whose process died; the result of one that has ended.

        What had ended is not run again. Raises InvalidInput for an unknown job, else as `solve` does.
        """
        return Result(**dict(running.resume(job_id, self.settings, parts=parts, progress=progress)))

    def unfinished(self) -> list[str]:
        """Ids of the jobs of this machine that have begun and not ended, oldest first."""
        return running.unfinished(self.settings)

    def check(self, document: Result | jobs.Result | dict[str, Any] | str | Path) -> certificates.Verdict:
        """Check a result or certificate: an object, a JSON-like dict, or the path of a file.

        Raises CertificateRejected with what failed and where.
        """
        if isinstance(document, str | Path):
            document = documents.read_json(document)
        elif isinstance(document, jobs.Result):
            document = document.model_dump(mode="json")
        return certificates.check(document)
