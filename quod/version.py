"""The version of quod, in one place; `pyproject.toml` reads it."""

from __future__ import annotations

VERSION = "0.1.0"
