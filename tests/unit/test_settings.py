"""Settings come from the environment; a wrong one is named."""

from __future__ import annotations

import pytest

from quod import errors, settings


def test_environment_and_overrides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUOD_TIME_LIMIT", "7")
    assert settings.load().time_limit == 7
    assert settings.load(time_limit=9).time_limit == 9
    assert settings.load(time_limit=None).time_limit == 7


def test_wrong_environment_is_the_operators_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUOD_THREADS", "many")
    with pytest.raises(errors.Misconfigured, match="QUOD_THREADS"):
        settings.load()


def test_wrong_argument_is_the_callers_fault() -> None:
    with pytest.raises(errors.InvalidInput, match="time_limit"):
        settings.load(time_limit=-1)


def test_key_is_never_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUOD_API_KEY", "very-secret")
    assert "very-secret" not in repr(settings.load())


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("QUOD_ROLES__CODER__URLL", "x", "QUOD_ROLES__CODER__URLL"),
        ("QUOD_ROLES__POET__MODEL", "x", "QUOD_ROLES__POET"),
        ("QUOD_BUDGET_TOKENS", "-1", "QUOD_BUDGET_TOKENS"),
    ],
)
def test_the_variable_that_is_wrong_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(errors.Misconfigured, match=f"{says}: "):
        settings.load()
