"""quod: problems in words or formal notation in, answers with certificates out."""

from __future__ import annotations

from quod.client import Client, Result
from quod.errors import (
    CertificateRejected,
    InvalidInput,
    LimitExceeded,
    Misconfigured,
    QuodError,
    ToolFailed,
    Unavailable,
)

__version__ = "0.1.0"

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
