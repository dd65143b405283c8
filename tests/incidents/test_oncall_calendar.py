"""Weeks as bars: where each day, each turn and the present moment stand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.oncall_calendar import Turn, midnight, monday, weeks

MONDAY = date(2026, 11, 23)
AT = datetime(2026, 11, 23, 12, tzinfo=UTC)


def percent(text: str) -> float:
    assert text.endswith("%")
    return float(text[:-1])


def turn(start: str, end: str, name: str = "Ada") -> Turn:
    begins, ends = (datetime.fromisoformat(one).replace(tzinfo=UTC) for one in (start, end))
    return Turn(begins, ends, name)


def test_a_turn_lies_where_it_is():
    (week,) = weeks([turn("2026-11-24", "2026-11-25T12:00")], first=MONDAY, count=1, zone=UTC, at=AT)
    (bar,) = week.bars
    assert percent(bar.left) == pytest.approx(100 / 7, abs=0.001)
    assert percent(bar.width) == pytest.approx(150 / 7, abs=0.001)
    assert (bar.comes_before, bar.goes_on) == (False, False)


def test_a_turn_of_two_weeks_has_a_bar_in_each():
    first, second = weeks([turn("2026-11-22", "2026-12-02")], first=MONDAY, count=2, zone=UTC, at=AT)
    assert [(bar.left, bar.width, bar.comes_before, bar.goes_on) for bar in first.bars] == [
        ("0.000%", "100.000%", True, True)
    ]
    assert [(bar.left, bar.comes_before, bar.goes_on) for bar in second.bars] == [("0.000%", True, False)]


def test_turns_of_other_weeks_are_left_out():
    ended_with_it = turn("2026-11-20", "2026-11-23")
    (week,) = weeks([ended_with_it, turn("2026-11-30", "2026-12-01")], first=MONDAY, count=1, zone=UTC, at=AT)
    assert week.bars == []


def test_now_and_today_are_marked_in_the_week_that_has_them():
    first, second = weeks([], first=MONDAY, count=2, zone=ZoneInfo("Asia/Tokyo"), at=AT)
    assert percent(first.now) == pytest.approx(100 * 21 / 168, abs=0.001)
    assert [day.is_today for day in first.days] == [True, *[False] * 6]
    assert second.now == ""
    assert not any(day.is_today for day in second.days)


def test_the_day_on_which_clocks_go_back_is_an_hour_wider():
    zone = ZoneInfo("Europe/Berlin")
    (week,) = weeks([], first=date(2026, 10, 19), count=1, zone=zone, at=AT)
    hours = [round(percent(day.width) * 169 / 100) for day in week.days]
    assert hours == [24] * 6 + [25]
    assert week.ends_at - week.starts_at == timedelta(hours=169)
    assert week.last_day == date(2026, 10, 25)


def test_a_night_without_midnight_begins_when_the_clocks_do():
    assert midnight(date(2026, 3, 29), ZoneInfo("Asia/Beirut")) == datetime(2026, 3, 28, 22, tzinfo=UTC)


def test_the_monday_of_a_day():
    assert [monday(MONDAY + timedelta(days=days)) for days in (0, 6, 7)] == [MONDAY, MONDAY, date(2026, 11, 30)]


@settings(max_examples=40, deadline=None)
@given(
    minutes=st.integers(-300 * 24 * 60, 400 * 24 * 60),
    hours=st.integers(1, 2000),
    zone=st.sampled_from(["UTC", "Asia/Tokyo", "Europe/Berlin", "America/Los_Angeles", "Australia/Lord_Howe"]),
)
def test_bars_and_days_never_leave_their_week(minutes, hours, zone):
    start = AT + timedelta(minutes=minutes)
    first = start.astimezone(ZoneInfo(zone)).date()
    one = Turn(start, start + timedelta(hours=hours), "Ada")
    drawn = weeks([one], first=first, count=3, zone=ZoneInfo(zone), at=AT)
    for week in drawn:
        assert sum(percent(day.width) for day in week.days) == pytest.approx(100, abs=0.01)
        for bar in week.bars:
            assert percent(bar.left) >= 0
            assert percent(bar.left) + percent(bar.width) <= 100.002
    assert sum(len(week.bars) for week in drawn) >= 1
