"""The small world of acting.py, new for each test."""

from __future__ import annotations

import pytest

from tests.runs import acting


@pytest.fixture
def world() -> acting.World:
    return acting.new_world()
