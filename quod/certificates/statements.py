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

READING = "that the formulation says what the words say"
CLOSURE = (
    "strict comparisons over real columns, or with abs, min, max or nonlinear terms: "
    "their closure (<=, >=) is taken"
)
SOLVER = "that no other point does better: that is the solver's word"

COVERS: dict[tuple[str, str], tuple[str, ...]] = {
    ("optimality", "exact"): (FEASIBLE, ATTAINED, BEST),
    ("optimality", "rigorous"): (FEASIBLE, ATTAINED, BOUNDED),
    ("optimality", "numeric"): (NEARLY_FEASIBLE, NEARLY_ATTAINED),
    ("infeasibility", "exact"): (EMPTY,),
    ("unboundedness", "exact"): (FEASIBLE, UNLIMITED),
}
"""By kind and strength: what the evidence proves."""

DOES_NOT_COVER: dict[tuple[str, str], tuple[str, ...]] = {
    key: (READING, CLOSURE, *((SOLVER,) if key[1] == "numeric" else ())) for key in COVERS
}
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
