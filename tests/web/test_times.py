"""Times are in UTC, with the person's own beside them; lengths of time are short and rounded down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone, translation

from dr_console.web import times

HALF_PAST_TWO = datetime(2025, 1, 10, 14, 30, 12, tzinfo=UTC)


def test_somebody_who_lives_by_utc_sees_one_time():
    with timezone.override("UTC"):
        assert times.moment(HALF_PAST_TWO) == '<time datetime="2025-01-10T14:30:12Z">2025-01-10 14:30 UTC</time>'


def test_everybody_else_sees_their_own_beside_it():
    with timezone.override("Asia/Shanghai"):
        assert "2025-01-10 14:30 UTC" in times.moment(HALF_PAST_TWO)
        assert "(22:30 your time)" in times.moment(HALF_PAST_TWO)


def test_the_own_date_is_shown_where_it_is_another_one():
    with timezone.override("Asia/Shanghai"):
        assert "(2025-01-11 01:30 your time)" in times.moment(HALF_PAST_TWO + timedelta(hours=3))


def test_a_time_given_in_another_zone_is_the_same_moment():
    tokyo = HALF_PAST_TWO.astimezone(timezone.get_fixed_timezone(540))
    assert times.moment(tokyo) == times.moment(HALF_PAST_TWO)


def test_a_feed_shows_the_time_of_day_and_keeps_the_rest_on_hover():
    with timezone.override("Asia/Shanghai"):
        assert times.time_of_day(HALF_PAST_TWO) == (
            '<time datetime="2025-01-10T14:30:12Z" title="2025-01-10 14:30:12 UTC (22:30 your time)">14:30</time>'
        )


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(days=34, hours=3), "34 days ago"),
        (timedelta(hours=5, minutes=59), "5\xa0hours ago"),
        (timedelta(minutes=-15), "in 15\xa0minutes"),
        (timedelta(days=-3), "in 3 days"),
    ],
)
def test_roughly_how_long_ago(time_machine, length, text):
    time_machine.move_to(HALF_PAST_TWO, tick=False)
    assert f">{text}<" in times.ago(HALF_PAST_TWO - length)


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (0, "0 s"),
        (0.9, "0 s"),
        (45, "45 s"),
        (60, "1 min"),
        (61, "1 min 1 s"),
        (timedelta(minutes=15), "15 min"),
        (timedelta(hours=1, minutes=5, seconds=59), "1 h 5 min"),
        (timedelta(hours=1, seconds=59), "1 h"),
        (timedelta(days=2, hours=3, minutes=4), "2 d 3 h"),
        (timedelta(seconds=-130), "−2 min 10 s"),
    ],
)
def test_a_length_of_time_names_its_two_largest_units(length, text):
    with translation.override("en"):
        assert times.duration(length) == text


@pytest.mark.parametrize(
    ("length", "text"),
    [(0, "0:00"), (12, "0:12"), (timedelta(minutes=1, seconds=48.9), "1:48"), (3723, "1:02:03"), (-130, "−2:10")],
)
def test_a_running_clock_shows_every_second(length, text):
    assert times.clock(length) == text
