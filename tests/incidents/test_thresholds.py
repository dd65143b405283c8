"""The pure rules of thresholds: no clock, no database; examples, and properties of every course of events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.thresholds import (
    STALE,
    UNSEEN,
    Gap,
    Observation,
    Reading,
    Rule,
    Standing,
    State,
    judge,
    least_for_percentile,
    reading_of,
    share_of,
)

START = datetime(2026, 11, 22, 14, 30, tzinfo=UTC)
STEP = timedelta(seconds=5)
AVAILABILITY = Rule(below=True, limit=99.5, window=timedelta(minutes=5), ideal=100)
SLOW = Rule(below=False, limit=200, window=timedelta(minutes=1))
few = settings(max_examples=60, deadline=None)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def course(
    rule: Rule, values: list[float | None], *, begin: Standing | None = None, at: datetime = START
) -> list[State]:
    """The states that follow when these values are read, one every five seconds."""
    standing, states = begin or Standing(), []
    for value in values:
        standing = judge(standing, Reading(value, 100), rule, at)
        states.append(standing.state)
        at += STEP
    return states


def breached(at: datetime = START) -> Standing:
    return judge(Standing(), Reading(900, 100), SLOW, at)


def test_what_was_never_measured_is_unknown():
    standing = judge(Standing(), Reading(None, gap=Gap.NOTHING), AVAILABILITY, START)
    assert standing.state is State.UNKNOWN
    assert standing.since == START


def test_the_limit_itself_is_still_within():
    assert course(AVAILABILITY, [99.5, 99.49]) == [State.WELL, State.BREACHED]
    assert course(SLOW, [200, 200.1]) == [State.WELL, State.BREACHED]


def test_a_breach_ends_after_a_whole_window_well_within():
    states = course(SLOW, [900] + [100] * 13)
    assert states[:13] == [State.BREACHED] * 13
    assert states[13] is State.WELL


def test_just_within_the_limit_it_takes_three_windows():
    states = course(SLOW, [900] + [195] * 37)
    assert states.index(State.WELL) == 37


def test_one_bad_reading_begins_the_window_anew():
    states = course(SLOW, [900] + [100] * 12 + [900] + [100] * 12)
    assert set(states) == {State.BREACHED}


def test_what_is_unknown_does_not_end_a_breach_and_begins_its_window_anew():
    states = course(SLOW, [900] + [100] * 11 + [None] + [100] * 12)
    assert set(states) == {State.BREACHED}
    assert course(SLOW, [900] + [None] * 100)[-1] is State.BREACHED


def test_what_was_good_and_is_not_measured_any_more_is_unknown():
    assert course(SLOW, [100, None]) == [State.WELL, State.UNKNOWN]


def test_a_clock_that_jumps_ahead_ends_nothing():
    standing = judge(breached(), Reading(100, 9), SLOW, START + STEP)
    standing = judge(standing, Reading(100, 9), SLOW, START + timedelta(days=1))
    assert standing.state is State.BREACHED
    assert standing.good_since == START + timedelta(days=1)


def test_a_clock_that_is_set_back_ends_nothing_and_does_not_stop_the_judging():
    standing = judge(breached(), Reading(100, 9), SLOW, START + STEP)
    earlier = START - timedelta(hours=1)
    standing = judge(standing, Reading(100, 9), SLOW, earlier)
    assert (standing.state, standing.at, standing.since) == (State.BREACHED, earlier, earlier)
    for count in range(1, 13):
        standing = judge(standing, Reading(100, 9), SLOW, earlier + count * STEP)
    assert standing.state is State.WELL


def test_a_reading_that_comes_late_changes_nothing():
    before = breached()
    assert judge(before, Reading(1, 9), SLOW, START) is before
    assert judge(before, Reading(1, 9), SLOW, START - seconds(20)) is before


def test_since_stays_while_the_state_does():
    first = breached()
    assert judge(first, Reading(950, 9), SLOW, START + STEP).since == START


@pytest.mark.parametrize(
    ("rule", "relief"),
    [(AVAILABILITY, 99.55), (SLOW, 180), (Rule(below=True, limit=100, window=seconds(60)), 110)],
)
def test_the_margin_is_a_tenth_of_the_way_to_the_good_side(rule, relief):
    assert rule.relief == pytest.approx(relief)


# What a window says -------------------------------------------------------------------------------


def observed(*pairs: tuple[float, float], by: str = "") -> list[Observation]:
    return [Observation(START - seconds(ago), value, by=by) for ago, value in pairs]


def test_the_mean_is_weighted_by_what_each_stands_for():
    rule = Rule(below=False, limit=1, window=seconds(60))
    observations = [Observation(START, 10, count=1), Observation(START - STEP, 0, count=9)]
    assert reading_of(observations, rule, START) == Reading(1.0, 10)


def test_without_a_window_the_newest_counts_by_itself():
    rule = Rule(below=True, limit=100, window=seconds(60), by_itself=True)
    assert reading_of(observed((50, 999), (3, 40)), rule, START) == Reading(40, 1)


def test_too_few_say_nothing():
    rule = Rule(below=True, limit=100, window=seconds(60), least=3)
    assert reading_of(observed((1, 5), (2, 5)), rule, START) == Reading(None, 2, Gap.TOO_FEW)


def test_one_value_that_stands_for_many_is_enough():
    rule = Rule(below=False, limit=1, window=seconds(60), least=3)
    assert reading_of([Observation(START, 0.4, count=12_000)], rule, START) == Reading(0.4, 12_000)


def test_what_stopped_two_minutes_ago_says_nothing_of_now():
    ago = STALE.total_seconds() + 1
    assert reading_of(observed((ago, 100)), AVAILABILITY, START) == Reading(None, 1, Gap.STOPPED)


def test_neither_the_future_nor_what_lies_before_the_window_counts():
    assert reading_of(observed((-1, 5), (60, 5)), SLOW, START) == Reading(None, gap=Gap.NOTHING)


def test_a_share_needs_ten_checks_and_two_failures():
    assert share_of(0, 0, of_failures=True) == Reading(None, gap=Gap.NOTHING)
    assert share_of(9, 9, of_failures=True) == Reading(None, 9, Gap.TOO_FEW)
    assert share_of(20, 1, of_failures=True) == Reading(0, 20)
    assert share_of(20, 2, of_failures=True) == Reading(10, 20)
    assert share_of(20, 2, of_failures=False) == Reading(90, 20)


def test_a_percentile_needs_as_many_as_it_has_to_tell_apart():
    assert [least_for_percentile(percent) for percent in (50, 95, 99)] == [10, 20, 100]


# Properties ---------------------------------------------------------------------------------------

values = st.floats(min_value=0, max_value=2000) | st.none()
moments = st.lists(
    st.tuples(st.floats(min_value=-100, max_value=400), st.floats(0, 1e6), st.integers(1, 9)), max_size=20
)
# Mostly the five seconds between two rounds; sometimes a late one, a hole, or a clock that was set.
jumps = st.sampled_from([5.0, 5.0, 5.0, 5.0, 0.0, -3.0, 29.0, 31.0, 3600.0, -3600.0])


@few
@given(moments, st.randoms(use_true_random=False))
def test_order_and_doubles_make_no_difference(found, random):
    observations = [Observation(START - seconds(ago), value, count) for ago, value, count in found]
    again = observations + observations[: len(observations) // 2]
    random.shuffle(again)
    assert reading_of(again, AVAILABILITY, START) == reading_of(observations, AVAILABILITY, START)


@few
@given(moments)
def test_a_mean_lies_among_what_was_measured(found):
    observations = [Observation(START - seconds(ago), value, count) for ago, value, count in found]
    reading = reading_of(observations, AVAILABILITY, START)
    assert (reading.value is None) == (reading.gap is not None)
    if reading.value is not None:
        measured = [seen.value for seen in observations]
        assert min(measured) - 1e-6 <= reading.value <= max(measured) + 1e-6 * max(measured)


@few
@given(st.lists(st.tuples(values, jumps), max_size=60))
def test_only_a_whole_window_of_good_readings_without_a_hole_ends_a_breach(steps):
    """Whatever happens: who claims that all is well again has seen a window of it."""
    standing, at, good_from, last = Standing(), START, None, None
    for value, jump in steps:
        at += seconds(jump)
        before, standing = standing, judge(standing, Reading(value, 10), SLOW, at)
        if standing is before:
            continue
        hole = last is not None and not timedelta() < at - last <= UNSEEN
        good = value is not None and value <= SLOW.limit
        good_from = (at if hole or good_from is None else good_from) if good else None
        last = at
        assert (standing.state is State.WELL) <= good
        if before.state is State.BREACHED and standing.state is State.WELL:
            assert good_from is not None
            assert at - good_from >= SLOW.window


@few
@given(st.lists(st.floats(0, 2000), min_size=1, max_size=80))
def test_a_value_that_swings_around_the_limit_is_told_of_once_a_window(readings):
    states = course(SLOW, readings)
    begun = sum(
        now is State.BREACHED and before is not State.BREACHED
        for before, now in zip([None, *states], states, strict=False)
    )
    whole_windows = len(readings) * STEP // SLOW.window
    assert begun <= whole_windows + 1


@few
@given(st.lists(st.tuples(values, jumps), max_size=40))
def test_to_tell_a_reading_twice_changes_nothing(steps):
    standing, at = Standing(), START
    for value, jump in steps:
        at += seconds(jump)
        standing = judge(standing, Reading(value, 10), SLOW, at)
        assert judge(standing, Reading(value, 10), SLOW, at) == standing
