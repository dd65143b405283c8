"""The small world of acting.py, new for each test."""

from __future__ import annotations

import pytest

from dr_console.runs import executor
from tests.runs import acting


@pytest.fixture(autouse=True)
def _leaves_waiting_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that is to be tried again is left there, so that a test can look at it."""
    monkeypatch.setattr(executor, "WAITS_ITSELF_SECONDS", -1.0)


@pytest.fixture
def world() -> acting.World:
    return acting.new_world()
