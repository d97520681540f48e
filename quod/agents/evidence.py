"""Certificates of what was computed in the sandbox, and of several questions together."""

from __future__ import annotations

import dataclasses
import math
import platform
from collections.abc import Sequence

from quod import certificates, jobs
from quod.certificates import conjunction as conjunctions
from quod.workers import sandbox

SPARE_SECONDS = 5
"""Added to twice the time that a program took, as its time limit when it is run again."""


def computation(program: str, stdin: str, run: sandbox.Run, limits: sandbox.Limits) -> jobs.Certificate:
    """That `program` gives the output and value of `run`, a run that ended well under `limits`."""
    key = ("computation", "tested")
    enough = 2 * math.ceil(run.seconds) + SPARE_SECONDS
    limits = dataclasses.replace(
        limits, seconds=min(limits.seconds, enough), cpu_seconds=min(limits.cpu_seconds, enough)
    )
    return jobs.Certificate(
        kind="computation",
        strength=jobs.Strength.TESTED,
        claim={"termination": "computed", "output": run.stdout, "value": run.value},
        evidence={
            "program": program,
            "stdin": stdin,
            "python": platform.python_version(),
            "sandbox": run.backend,
            "limits": dataclasses.asdict(limits),
        },
        covers=list(certificates.COVERS[key]),
        does_not_cover=list(certificates.DOES_NOT_COVER[key]),
    )


def conjunction(parts: Sequence[tuple[str, jobs.Certificate]]) -> jobs.Certificate:
    """That each question is answered as its certificate says; as strong as the weakest of them.

    The answer of its result is {"parts": [{"question", "termination", "answer"}]}, in the same order.
    """
    strengths = [certificate.strength.value for _, certificate in parts]
    weakest = max(strengths, key=conjunctions.STRENGTHS.index)
    key = ("conjunction", weakest)
    return jobs.Certificate(
        kind="conjunction",
        strength=jobs.Strength(weakest),
        claim={"termination": "combined", "parts": [certificate.claim for _, certificate in parts]},
        evidence={
            "parts": [
                {"question": question, "certificate": certificate.model_dump(mode="json")}
                for question, certificate in parts
            ]
        },
        covers=list(certificates.COVERS[key]),
        does_not_cover=list(certificates.DOES_NOT_COVER[key]),
    )
