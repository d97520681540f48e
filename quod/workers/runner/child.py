"""The child's half of `runner.call`: reads one request, answers with reports and one value or error.

Messages are framed (one byte of kind, eight bytes of length) and travel on a pipe of their own, so that
nothing a library prints can corrupt them.
"""

from __future__ import annotations

import importlib
import os
import pickle
import struct
import sys
import traceback
from typing import Any

from quod import errors
from quod.workers.runner import confine

HEADER = struct.Struct(">cQ")
VALUE, ERROR, REPORT = KINDS = (b"V", b"E", b"R")
_RESERVE = 1 << 20

_reply_fd: int | None = None


def report(message: Any) -> None:
    """Send a picklable message to the `on_report` of `runner.call`; elsewhere this does nothing."""
    if _reply_fd is not None:
        _send(REPORT, pickle.dumps(message))


def environment() -> dict[str, str]:
    """The parent's environment with numerical libraries kept to one thread: idle ones cost address space."""
    kept = dict(os.environ)
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        kept.setdefault(name, "1")
    return kept


def main() -> None:
    """Entry of the child process; never returns."""
    global _reply_fd
    *numbers, request_fd, reply_fd = (int(text) for text in sys.argv[2:])
    confine.confine(*numbers)
    os.dup2(2, 1)
    os.set_inheritable(reply_fd, False)
    _reply_fd = reply_fd
    reserve = bytearray(_RESERVE)
    try:
        with os.fdopen(request_fd, "rb") as stream:
            name, arguments = pickle.load(stream)
        kind, payload = VALUE, pickle.dumps(_resolve(name)(*arguments), protocol=pickle.HIGHEST_PROTOCOL)
    except BaseException as error:
        del reserve
        kind, payload = ERROR, pickle.dumps(_described(error))
    _send(kind, payload)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # no exit handlers: a library that crashes while unloading must not take the answer with it


def _resolve(name: str) -> Any:
    module, _, path = name.partition(":")
    found: Any = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    return found


def _described(error: BaseException) -> dict[str, Any]:
    if isinstance(error, errors.QuodError):
        return {"class": type(error).__name__, "message": str(error), "state": dict(error.__dict__)}
    if isinstance(error, MemoryError):
        return {"class": "MemoryError", "message": "", "state": {}}
    last = "".join(traceback.format_exception(error)).strip().splitlines()[-6:]
    return {"class": "", "message": "\n".join(last), "state": {}}


def _send(kind: bytes, payload: bytes) -> None:
    assert _reply_fd is not None
    rest = memoryview(HEADER.pack(kind, len(payload)) + payload)
    while rest:
        rest = rest[os.write(_reply_fd, rest[: 1 << 20]) :]
