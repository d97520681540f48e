"""The sentences in which a certificate may say what it covers, and must say what it does not.

Producers copy them; the checker refuses a certificate that claims more or conceals a gap.
"""

from __future__ import annotations

from typing import Any

from quod.certificates import reading

FEASIBLE = (
    "the point satisfies every bound, every integrality condition and every row of the formulation, exactly"
)
ATTAINED = "the objective has the claimed value at the point, exactly"
BEST = "no point that satisfies the formulation has a better objective value"
BOUNDED = "no point that satisfies the formulation has an objective value better than the claimed bound"
EMPTY = "no point satisfies the formulation"
UNLIMITED = "the objective improves without limit along the ray from the point"
NEARLY_FEASIBLE = (
    "the point satisfies the bounds, integrality conditions and rows of the formulation within the tolerance"
)
NEARLY_ATTAINED = "the objective has the claimed value at the point, within the tolerance"

REPEATED = "the program, run again in a sandbox, ends well with exactly the claimed output and value"
EVERY_PART = "each part holds as its own certificate says"

READING = "that the formulation says what the words say"
CLOSURE = (
    "strict comparisons over real columns, or with abs, min, max or nonlinear terms: "
    "their closure (<=, >=) is taken"
)
SOLVER = "that no other point does better: that is the solver's word"

PROGRAM = "that the program computes what the words ask"
REPETITION = (
    "that the program gives the same on every run, on other machines and under other versions of Python"
)
ISOLATION = "what the sandbox does not keep from the program while it runs (quod doctor lists it)"
WHOLE = "that the parts together answer what the words ask"

COVERS: dict[tuple[str, str], tuple[str, ...]] = {
    ("optimality", "exact"): (FEASIBLE, ATTAINED, BEST),
    ("optimality", "rigorous"): (FEASIBLE, ATTAINED, BOUNDED),
    ("optimality", "numeric"): (NEARLY_FEASIBLE, NEARLY_ATTAINED),
    ("infeasibility", "exact"): (EMPTY,),
    ("unboundedness", "exact"): (FEASIBLE, UNLIMITED),
    ("computation", "tested"): (REPEATED,),
    ("conjunction", "exact"): (EVERY_PART,),
    ("conjunction", "rigorous"): (EVERY_PART,),
    ("conjunction", "numeric"): (EVERY_PART,),
    ("conjunction", "tested"): (EVERY_PART,),
}
"""By kind and strength: what the evidence proves."""


def _gaps(kind: str, strength: str) -> tuple[str, ...]:
    if kind == "computation":
        return (PROGRAM, REPETITION, ISOLATION)
    if kind == "conjunction":
        return (WHOLE,)
    return (READING, CLOSURE, SOLVER) if strength == "numeric" else (READING, CLOSURE)


DOES_NOT_COVER: dict[tuple[str, str], tuple[str, ...]] = {key: _gaps(*key) for key in COVERS}
"""By kind and strength: what must be said not to be proved."""


def check(kind: str, strength: str, covers: Any, does_not_cover: Any) -> None:
    """Raises CertificateRejected when the certificate claims more than its evidence or conceals a gap."""
    known = (kind, strength)
    if known not in COVERS:
        possible = " or ".join(s for k, s in COVERS if k == kind)
        reading.reject("strength", f"{strength!r} does not exist for {kind}; possible: {possible}")
    claimed = [reading.text(line, "covers") for line in reading.array(covers, "covers")]
    conceded = [
        reading.text(line, "does_not_cover") for line in reading.array(does_not_cover, "does_not_cover")
    ]
    if not claimed:
        reading.reject("covers", "is empty")
    for line in claimed:
        if line not in COVERS[known]:
            reading.reject(
                "covers", f"{line[:200]!r} is not what this certificate proves ({kind}, {strength})"
            )
    for line in DOES_NOT_COVER[known]:
        if line not in conceded:
            reading.reject("does_not_cover", f"must say: {line}")
