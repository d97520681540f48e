"""The certificate of a job of several questions: one certificate for each, all of them accepted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from quod import errors
from quod.certificates import computation, reading
from quod.certificates.verdict import Verdict

Document = dict[str, Any]
Check = Callable[[Document, Document | None], Verdict]

MAX_PARTS = 16
"""Questions in one certificate."""
MAX_SECONDS = 360.0
"""What the time limits of its programs may come to together, as the checker allows them."""
MAX_QUESTION = 1_000_000
"""Characters of a question."""
STRENGTHS = ("exact", "rigorous", "numeric", "cross_checked", "tested")
"""Strongest first; the whole is as strong as its weakest part."""
_ANSWER = ("question", "termination", "answer")


def check(
    certificate: Document, result: Document | None, part_check: Check, kinds: Mapping[str, str]
) -> Verdict:
    """Check every part with `part_check`; `kinds` are the kinds a part may have, with their kinds of job.

    Raises CertificateRejected naming the part, Misconfigured where a part cannot be judged here.
    """
    parts = _parts(certificate, kinds)
    answers = _answers(result, parts, kinds) if result is not None else [None] * len(parts)
    verdicts = []
    for number, (part, answer) in enumerate(zip(parts, answers, strict=True), 1):
        try:
            verdicts.append(part_check(part["certificate"], answer))
        except errors.CertificateRejected as error:
            reading.reject(f"part {number}", str(error))
    weakest = max((verdict.strength for verdict in verdicts), key=STRENGTHS.index)
    if certificate["strength"] != weakest:
        reading.reject("strength", f"is {certificate['strength']}, but that of the weakest part is {weakest}")
    lines = tuple(
        f"{part['question'][:200]}: {line}"
        for part, verdict in zip(parts, verdicts, strict=True)
        for line in verdict.summary
    )
    return Verdict(certificate["kind"], weakest, lines, {"parts": len(parts)})


def _parts(certificate: Document, kinds: Mapping[str, str]) -> list[Document]:
    """The parts, each with the claim that the whole repeats."""
    evidence = reading.mapping(certificate["evidence"], "evidence", ("parts",))
    parts = reading.array(evidence["parts"], "evidence.parts")
    if not 2 <= len(parts) <= MAX_PARTS:
        reading.reject("evidence.parts", f"holds {len(parts)} parts; 2 to {MAX_PARTS} are checked")
    claim = reading.mapping(certificate["claim"], "claim", ("termination", "parts"))
    reading.word(claim["termination"], "claim.termination", ("combined",))
    claims = reading.array(claim["parts"], "claim.parts")
    if len(claims) != len(parts):
        reading.reject("claim.parts", f"holds {len(claims)} claims for {len(parts)} parts")
    seconds = 0.0
    for number, (part, claimed) in enumerate(zip(parts, claims, strict=True), 1):
        where = f"part {number}"
        reading.mapping(part, where, ("question", "certificate"))
        if len(reading.text(part["question"], f"{where}, question")) > MAX_QUESTION:
            reading.reject(f"{where}, question", f"has more than {MAX_QUESTION} characters")
        own = reading.mapping(part["certificate"], where, ("kind", "claim", "evidence"), None)
        reading.word(own["kind"], f"{where}, kind", kinds)
        if not computation.same(claimed, own["claim"]):
            reading.reject("claim.parts", f"claim {number} is not what the certificate of that part claims")
        seconds += _seconds(own, where)
    if seconds > MAX_SECONDS:
        reading.reject(
            "evidence.parts", f"the programs may take {seconds:g} s; at most {MAX_SECONDS:g} are given"
        )
    return parts


def _seconds(certificate: Document, where: str) -> float:
    if certificate["kind"] != "computation":
        return 0.0
    evidence = reading.mapping(certificate["evidence"], f"{where}, evidence", ("limits",), None)
    return float(computation.allowed(evidence["limits"]).seconds)


def _answers(result: Document, parts: list[Document], kinds: Mapping[str, str]) -> list[Document]:
    """For each part a result of its own, made of what the answer says about it."""
    answer = reading.mapping(result.get("answer"), "answer", ("parts",))
    shown = reading.array(answer["parts"], "answer.parts")
    if len(shown) != len(parts):
        reading.reject("answer.parts", f"holds {len(shown)} answers for {len(parts)} parts")
    results = []
    for number, (item, part) in enumerate(zip(shown, parts, strict=True), 1):
        where = f"answer.parts, {number}"
        reading.mapping(item, where, _ANSWER)
        if item["question"] != part["question"]:
            reading.reject(where, "the question is not that of the certificate's part")
        own = part["certificate"]
        results.append(
            {
                "status": "solved",
                "kind": kinds[own["kind"]],
                "termination": item["termination"],
                "answer": item["answer"],
                "certificate": own,
            }
        )
    return results
