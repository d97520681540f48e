"""How much work and memory one formulation may cost: a few kilobytes can describe any amount of both."""

from __future__ import annotations

from quod.certificates import reading

MAX_STEPS = 30_000_000
"""Loop steps, conditions, operations and terms touched while a formulation is expanded, a microsecond or two
each. A nonzero of an ordinary model takes about fourteen."""
FACTOR = 3
"""Steps of a factor of a product, a power, a sign or an absolute value, beside those of its operands."""
MAX_SIZE = 4_000_000
"""What stays in memory: nonzeros, and two for each column and row; numbers of more than 128 bits and names of
more than 32 characters count more. Enough for two million nonzeros with a million rows and columns."""
MAX_TERMS = 50_000_000
"""Coefficients that the leaves of trees combine, about a microsecond each, beyond those that TERMS_PER_ENTRY
allows: a leaf of a few characters may combine a million."""
TERMS_PER_ENTRY = 2000
"""Coefficients that each leaf and each multiplier may add: work that grows with what was written."""
_NAME_CHARACTERS = 32


class Budget:
    """What one document has used, all its parts together. Its methods raise CertificateRejected past the
    limit."""

    def __init__(self) -> None:
        self.steps, self.size, self.terms = 0, 0, 0

    def step(self, count: int = 1) -> None:
        """Count work."""
        self.steps += count
        if self.steps > MAX_STEPS:
            reading.reject(
                "formulation",
                f"it takes more than {MAX_STEPS:,} steps to expand, which is this checker's limit",
            )

    def keep(self, count: int) -> None:
        """Count what stays in memory."""
        self.size += count
        if self.size > MAX_SIZE:
            reading.reject(
                "formulation",
                f"it expands to more than {MAX_SIZE:,} columns, rows and terms, "
                "which is this checker's limit",
            )

    def leaf(self, terms: int, entries: int) -> None:
        """Count what one leaf combines; `entries` are those of the document that say so."""
        self.terms += max(0, terms - TERMS_PER_ENTRY * entries)
        if self.terms > MAX_TERMS:
            reading.reject(
                "tree",
                f"its leaves combine more than {MAX_TERMS:,} coefficients, which is this checker's limit "
                "for a tree of this length",
            )

    def line(self, characters: int, lines: int = 1) -> None:
        """Count columns or rows, by the length of their names."""
        self.keep(lines * (2 + characters // _NAME_CHARACTERS))
