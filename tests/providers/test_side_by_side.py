"""Looks at once: in order, heard by whoever listens, and failing as one after the other would."""

from __future__ import annotations

import threading
import time
from contextvars import ContextVar

import pytest

from dr_console.providers.side_by_side import MOST_AT_ONCE, side_by_side

_said: ContextVar[str] = ContextVar("said", default="")


def test_answers_come_in_the_order_of_the_things():
    def look(seconds: float) -> float:
        time.sleep(seconds)
        return seconds

    assert side_by_side(look, [0.05, 0.02, 0.0]) == [0.05, 0.02, 0.0]


def test_they_are_under_way_at_once():
    together = threading.Barrier(MOST_AT_ONCE, timeout=5)
    assert len(side_by_side(lambda _thing: together.wait(), range(MOST_AT_ONCE))) == MOST_AT_ONCE


def test_what_stands_around_it_holds_in_each():
    _said.set("dry")
    assert side_by_side(lambda _thing: _said.get(), [1, 2]) == ["dry", "dry"]


def test_the_first_of_the_things_that_fails_is_told():
    def look(thing: int) -> int:
        if thing:
            raise LookupError(thing)
        return thing

    with pytest.raises(LookupError, match="1"):
        side_by_side(look, [0, 1, 2])


@pytest.mark.parametrize("things", [[], [1]])
def test_one_needs_no_thread(things):
    assert side_by_side(lambda _thing: threading.current_thread(), things) == [threading.main_thread()] * len(things)
