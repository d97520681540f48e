"""Independent checking of certificates: `check(document)` decides, with no solver, model or network.

The package expands a formulation with its own code and replays the evidence in exact rational arithmetic;
programs run again in the sandbox. It imports nothing of the parts that make certificates, and trusts nothing
in the document.
"""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Callable
from typing import Any

import pydantic

from quod import errors
from quod.certificates import budget, computation, conjunction, optimization, reading, statements
from quod.certificates.answers import answer_keys
from quod.certificates.statements import COVERS, DOES_NOT_COVER
from quod.certificates.verdict import Verdict

__all__ = ["COVERS", "DOES_NOT_COVER", "KINDS", "Verdict", "answer_keys", "check"]

_FIELDS = ("kind", "strength", "claim", "evidence", "covers", "does_not_cover")


@dataclasses.dataclass(frozen=True)
class _Kind:
    """A kind of certificate: the kind of job it belongs to, and its check of a certificate and its result."""

    job: str
    check: Callable[[dict[str, Any], dict[str, Any] | None, budget.Budget], Verdict]
    formulation: bool = True
    """Whether it is about a formulation; the others have none."""


def _computation(certificate: dict[str, Any], result: dict[str, Any] | None, used: budget.Budget) -> Verdict:
    return computation.check(certificate, result)


def _conjunction(certificate: dict[str, Any], result: dict[str, Any] | None, used: budget.Budget) -> Verdict:
    kinds = {name: kind.job for name, kind in KINDS.items() if name != "conjunction"}
    return conjunction.check(certificate, result, functools.partial(_settled, used=used), kinds)


KINDS = {
    "optimality": _Kind("optimize", optimization.optimality),
    "infeasibility": _Kind("optimize", optimization.infeasibility),
    "unboundedness": _Kind("optimize", optimization.unboundedness),
    "computation": _Kind("compute", _computation, formulation=False),
    "conjunction": _Kind("auto", _conjunction, formulation=False),
}
"""A later kind is one module and one line here."""


def check(document: Any) -> Verdict:
    """Check a certificate, or a solved result with its certificate (JSON objects, or the types of
    `quod.jobs`).

    Returns the verdict on an accepted one. Raises CertificateRejected, saying what failed and where, for
    evidence
    that does not prove the claim and for malformed certificates; InvalidInput for what is neither of the two;
    Misconfigured when a program would have to run and nothing here can isolate it.
    """
    started = time.perf_counter()
    try:
        if isinstance(document, pydantic.BaseModel):
            document = document.model_dump(mode="json")
        if isinstance(document, dict) and "status" in document:
            verdict = _result(document, budget.Budget())
        elif isinstance(document, dict) and "evidence" in document:
            verdict = _certificate(document, None, budget.Budget())
        else:
            raise errors.InvalidInput(
                "neither a certificate nor a result: it has no 'evidence' and no 'status'"
            )
    except (RecursionError, MemoryError):
        raise errors.CertificateRejected("the certificate is too large or too deep to be checked") from None
    except ValueError as error:  # of pydantic for what is nested too deeply, of Python for too long a number
        raise errors.CertificateRejected(f"the certificate cannot be read: {error}"[:200]) from None
    return dataclasses.replace(verdict, seconds=time.perf_counter() - started)


def _result(result: dict[str, Any], used: budget.Budget) -> Verdict:
    """A result: solved, with a certificate that proves what its answer says."""
    if result["status"] != "solved":
        reading.reject("status", f"a result that is {reading.shown(result['status'])} carries no certificate")
    if result.get("certificate") is None:
        reading.reject("certificate", "the result says 'solved' but carries no certificate")
    return _settled(result["certificate"], result, used)


def _settled(certificate: Any, result: dict[str, Any] | None, used: budget.Budget) -> Verdict:
    """A certificate and, where there is one, the result that it has to settle."""
    verdict = _certificate(certificate, result, used)
    if result is None:
        return verdict
    if result.get("kind") != KINDS[verdict.kind].job:
        reading.reject("kind", f"a certificate of {verdict.kind} does not settle a job of this kind")
    if result.get("termination") != certificate["claim"].get("termination"):
        reading.reject("termination", "is not what the certificate claims")
    return verdict


def _certificate(certificate: Any, result: dict[str, Any] | None, used: budget.Budget) -> Verdict:
    reading.mapping(certificate, "certificate", _FIELDS, ("formulation",))
    kind = reading.word(certificate["kind"], "kind", KINDS)
    if KINDS[kind].formulation:
        reading.mapping(certificate, "certificate", ("formulation",), None)
    elif certificate.get("formulation") is not None:
        reading.reject("formulation", f"a certificate of {kind} is about none")
    strength = reading.text(certificate["strength"], "strength")
    statements.check(kind, strength, certificate["covers"], certificate["does_not_cover"])
    return KINDS[kind].check(certificate, result, used)
