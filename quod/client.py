"""The Python client. Embedded: nothing to start, everything runs in this process and its children."""

from __future__ import annotations

import types
from pathlib import Path
from typing import Any

from quod import certificates, documents, jobs, settings
from quod.agents import optimize, trace


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
        progress: trace.Progress | None = None,
    ) -> Result:
        """Solve an optimization problem given in words (`text`), as a `formulation`, or both.

        `base_dir` is where the data files that a formulation names are looked for. `progress` is called
        with a short line when a step starts. A problem that could not be solved is not an exception but a
        result whose `status` says so. Raises InvalidInput, Misconfigured or Unavailable.
        """
        job = jobs.Job(kind=jobs.Kind.OPTIMIZE, input=text or "", formulation=formulation)
        result = optimize.run_job(job, self.settings, base_dir=base_dir, progress=progress)
        return Result(**dict(result))

    def check(self, document: Result | jobs.Result | dict[str, Any] | str | Path) -> certificates.Verdict:
        """Check a result or certificate: an object, a JSON-like dict, or the path of a file.

        Raises CertificateRejected with what failed and where.
        """
        if isinstance(document, str | Path):
            document = documents.read_json(document)
        elif isinstance(document, jobs.Result):
            document = document.model_dump(mode="json")
        return certificates.check(document)
