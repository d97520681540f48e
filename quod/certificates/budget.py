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
_NAME_CHARACTERS = 32


class Budget:
    """What one document has used, all its parts together. Its methods raise CertificateRejected past the
    limit."""

    def __init__(self) -> None:
        self.steps, self.size = 0, 0

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

    def line(self, characters: int, lines: int = 1) -> None:
        """Count columns or rows, by the length of their names."""
        self.keep(lines * (2 + characters // _NAME_CHARACTERS))
