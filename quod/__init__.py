"""quod: problems in words or formal notation in, answers with certificates out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from quod.errors import (
    CertificateRejected,
    InvalidInput,
    LimitExceeded,
    Misconfigured,
    QuodError,
    ToolFailed,
    Unavailable,
)
from quod.version import VERSION

if TYPE_CHECKING:
    from quod.client import Client, Result

__version__ = VERSION

__all__ = [
    "CertificateRejected",
    "Client",
    "InvalidInput",
    "LimitExceeded",
    "Misconfigured",
    "QuodError",
    "Result",
    "ToolFailed",
    "Unavailable",
    "__version__",
]


def __getattr__(name: str) -> Any:
    """Import the client on first use: the solver children and the checker start without it."""
    if name in ("Client", "Result"):
        from quod import client

        return getattr(client, name)
    raise AttributeError(f"module 'quod' has no attribute {name!r}")
