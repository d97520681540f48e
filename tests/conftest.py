"""Shared fixtures."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests see the defaults, whatever QUOD_* variables the developer has set."""
    for name in list(os.environ):
        if name.startswith("QUOD_"):
            monkeypatch.delenv(name)
