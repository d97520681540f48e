"""What an accepted check says: the kind, the strength, and what was found, in words and numbers."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Verdict:
    """An accepted certificate. A rejected one is the exception `errors.CertificateRejected`."""

    kind: str
    strength: str
    summary: tuple[str, ...]
    """Lines for people: what holds, and what was taken on trust."""
    counts: dict[str, int]
    """Sizes: columns, rows, nonzeros, leaves, …"""
    seconds: float = 0.0
    """Wall-clock time of the check."""
