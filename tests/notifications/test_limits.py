"""How often one address may be addressed: the rules alone, held against GoAlert's own examples."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dr_console.notifications.limits import HOUR, PHONE, RULES, Rule, free_at

BEGAN = datetime(2015, 5, 1, tzinfo=UTC)
# When a telephone may ring if there is always something to say: minutes from the first.
RINGS = [0, 1, 2, 15, 26.25, 37.5, 48.75]


def minutes(number: float) -> datetime:
    return BEGAN + timedelta(minutes=number)


def greedy(rules: tuple[Rule, ...], count: int) -> list[datetime]:
    """When each of so many is said that all want to be said from the start."""
    said: list[datetime] = []
    for _number in range(count):
        said.append(free_at(rules, said, said[-1] if said else BEGAN))
    return said


def test_a_telephone_rings_as_often_as_goalert_lets_it():
    said: list[datetime] = []
    for moment in map(minutes, [*RINGS, 60, 75, 90, 105, 120, 135, 150, 165, 180, 181]):
        assert free_at(PHONE, said, moment) == moment
        said.append(moment)


def test_it_rings_no_sooner():
    assert greedy(PHONE, len(RINGS)) == [minutes(at) for at in RINGS]


def test_nothing_said_lately_holds_nothing_back():
    assert free_at(PHONE, [], BEGAN) == BEGAN
    assert free_at(PHONE, [BEGAN - 4 * HOUR], BEGAN) == BEGAN
    assert free_at((), [BEGAN], BEGAN) == BEGAN


def test_a_letter_a_minute():
    assert free_at(RULES["email"], [BEGAN], minutes(0.5)) == minutes(1)
    assert free_at(RULES["email"], [BEGAN], minutes(1)) == minutes(1)


@pytest.mark.parametrize("channel", sorted(RULES))
@settings(max_examples=50, deadline=None)
@given(waits=st.lists(st.integers(min_value=0, max_value=40), max_size=30))
def test_no_span_ever_has_more_than_its_rule_allows(channel, waits):
    rules, said, at = RULES[channel], [], BEGAN
    for wait in waits:
        at = free_at(rules, said, at + timedelta(minutes=wait))
        said.append(at)
        for rule in rules:
            assert sum(at - rule.per < moment <= at for moment in said) <= rule.count


@settings(max_examples=50, deadline=None)
@given(waits=st.lists(st.integers(min_value=0, max_value=40), max_size=20))
def test_the_moment_that_is_free_stays_free(waits):
    said, at = [], BEGAN
    for wait in waits:
        said.append(at := free_at(PHONE, said, at + timedelta(minutes=wait)))
    free = free_at(PHONE, said, at)
    assert free_at(PHONE, said, free) == free
    assert free_at(PHONE, said, at + 3 * HOUR) == at + 3 * HOUR, "all of them are too long ago by then"
