"""Shared fixtures."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Started in the background of a script, which ignores interrupts; what is tested here must not.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Tests see the defaults, whatever QUOD_* variables the developer has set, and keep their jobs apart."""
    for name in list(os.environ):
        if name.startswith("QUOD_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("QUOD_DATA_DIR", str(_data_dir(tmp_path_factory)))


def _data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for each process of a test run: a database for each test would cost more than the test."""
    return tmp_path_factory.getbasetemp() / "quod-data"
