"""When a drill is due."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from drills.schedule import next_occurrences, parse


@dataclass(frozen=True)
class Calendar:
    rule: str = "FREQ=MONTHLY;BYDAY=1WE"
    starts_on: date = date(2024, 1, 1)
    starts_at: str = "02:00"
    time_zone: str = "UTC"


def first_wednesday(year: int, month: int) -> date:
    """By the printed calendar: the third column of the first week that has one."""
    weeks = calendar.monthcalendar(year, month)
    return date(year, month, weeks[0][2] or weeks[1][2])


def test_240_first_wednesdays_from_2024_to_2043():
    expected = [
        datetime(day.year, day.month, day.day, 2, tzinfo=UTC)
        for year in range(2024, 2044)
        for month in range(1, 13)
        for day in [first_wednesday(year, month)]
    ]
    assert next_occurrences(Calendar(), after=datetime(2023, 12, 31, tzinfo=UTC), count=240) == expected


def test_each_of_the_240_is_the_next_one_until_its_own_moment():
    every = next_occurrences(Calendar(), after=datetime(2023, 12, 31, tzinfo=UTC), count=241)
    for at, following in zip(every, every[1:], strict=False):
        assert next_occurrences(Calendar(), after=at - timedelta(microseconds=1)) == [at]
        assert next_occurrences(Calendar(), after=at) == [following]


@pytest.mark.parametrize(
    "zone", ["Asia/Shanghai", "America/New_York", "Europe/Berlin", "Pacific/Kiritimati", "Pacific/Apia"]
)
def test_in_any_zone_it_is_that_day_and_that_time_there(zone):
    found = next_occurrences(
        Calendar(starts_at="09:30", time_zone=zone), after=datetime(2024, 1, 1, tzinfo=UTC), count=240
    )
    assert len(found) == 240
    for at in found:
        there = at.astimezone(ZoneInfo(zone))
        assert (there.date(), f"{there:%H:%M}") == (first_wednesday(there.year, there.month), "09:30")
        assert at.tzinfo is UTC


def test_a_change_to_summer_time_moves_it_by_an_hour_in_utc():
    weekly = Calendar(rule="FREQ=WEEKLY;BYDAY=SU", starts_at="09:00", time_zone="Europe/Berlin")
    found = next_occurrences(weekly, after=datetime(2026, 3, 20, tzinfo=UTC), count=2)
    assert found == [datetime(2026, 3, 22, 8, tzinfo=UTC), datetime(2026, 3, 29, 7, tzinfo=UTC)]


def test_a_time_that_the_clocks_skip_comes_an_hour_later_by_the_clock():
    weekly = Calendar(rule="FREQ=WEEKLY;BYDAY=SU", starts_at="02:30", time_zone="Europe/Berlin")
    (at,) = next_occurrences(weekly, after=datetime(2026, 3, 28, tzinfo=UTC))
    assert at == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert f"{at.astimezone(ZoneInfo('Europe/Berlin')):%H:%M}" == "03:30"


def test_a_time_that_the_clocks_show_twice_comes_once():
    weekly = Calendar(rule="FREQ=WEEKLY;BYDAY=SU", starts_at="02:30", time_zone="Europe/Berlin")
    found = next_occurrences(weekly, after=datetime(2026, 10, 24, tzinfo=UTC), count=2)
    assert found == [datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 11, 1, 1, 30, tzinfo=UTC)]


def test_a_day_that_a_zone_skipped_does_not_make_a_moment_come_twice():
    daily = Calendar(rule="FREQ=DAILY", starts_on=date(2011, 12, 1), time_zone="Pacific/Apia")
    found = next_occurrences(daily, after=datetime(2011, 12, 28, tzinfo=UTC), count=4)
    assert [at.day for at in found] == [28, 29, 30, 31]


def test_a_drill_of_the_29th_of_february_waits_for_a_leap_year():
    yearly = Calendar(rule="FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29")
    found = next_occurrences(yearly, after=datetime(2026, 1, 1, tzinfo=UTC), count=2)
    assert [at.date() for at in found] == [date(2028, 2, 29), date(2032, 2, 29)]


def test_intervals_count_from_the_first_day():
    fortnightly = Calendar(rule="FREQ=WEEKLY;INTERVAL=2;BYDAY=WE", starts_on=date(2025, 1, 1))
    found = next_occurrences(fortnightly, after=datetime(2025, 1, 1, 2, tzinfo=UTC), count=2)
    assert [at.date() for at in found] == [date(2025, 1, 15), date(2025, 1, 29)]


def test_nothing_comes_before_the_first_day_or_after_the_last():
    ends = Calendar(rule="FREQ=MONTHLY;BYDAY=1WE;COUNT=2", starts_on=date(2025, 1, 2))
    found = next_occurrences(ends, after=datetime(2020, 1, 1, tzinfo=UTC), count=5)
    assert [at.date() for at in found] == [date(2025, 2, 5), date(2025, 3, 5)]
    assert next_occurrences(ends, after=datetime(2026, 1, 1, tzinfo=UTC)) == []


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "every Wednesday",
        "FREQ=HOURLY",
        "FREQ=SECONDLY;COUNT=3",
        "BYDAY=1WE",
        "FREQ=MONTHLY;BYDAY=1XX",
        "FREQ=MONTHLY;BYHOUR=3",
        "FREQ=MONTHLY;BYMONTHDAY=42",
        "FREQ=MONTHLY;INTERVAL=0",
        "FREQ=MONTHLY;BYSETPOS=0;BYDAY=WE",
        "FREQ=MONTHLY;UNTIL=20200101",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTHDAY=31",
        "RRULE:FREQ=MONTHLY",
        "FREQ=MONTHLY\nFREQ=DAILY",
        "FREQ=DAILY;BYDAY=MO;FREQ=MONTHLY",
        "FREQ=MONTHLY;COUNT=0",
        "FREQ=MONTHLY;INTERVAL=123456789",
    ],
)
def test_what_is_no_rule_of_days_is_refused(rule):
    with pytest.raises(ValueError, match=".*"):
        parse(rule, starts_on=date(2025, 1, 1))


@hypothesis_settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(
        ["FREQ=MONTHLY;BYDAY=1WE", "FREQ=WEEKLY;BYDAY=MO,FR", "FREQ=DAILY;INTERVAL=3", "FREQ=MONTHLY;BYMONTHDAY=-1"]
    ),
    st.times().map(lambda clock: f"{clock:%H:%M}"),
    st.sampled_from(["UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia", "Asia/Tehran"]),
    st.integers(0, 26 * 365 * 86400).map(lambda seconds: datetime(2009, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)),
)
def test_occurrences_are_later_than_asked_rise_and_do_not_depend_on_how_many_are_asked_for(rule, clock, zone, after):
    one = Calendar(rule=rule, starts_on=date(2008, 1, 1), starts_at=clock, time_zone=zone)
    found = next_occurrences(one, after=after, count=5)
    assert len(found) == 5
    assert found == sorted(set(found))
    assert found[0] > after
    assert next_occurrences(one, after=after) == found[:1]
    assert next_occurrences(one, after=found[1], count=3) == found[2:]
