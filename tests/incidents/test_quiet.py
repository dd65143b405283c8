"""When a contact is not woken for what can wait until morning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils.timezone import now

from incidents.models import Contact
from incidents.queries.quiet import end_of_quiet, quiet_until

NIGHT = "22:00-07:00"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "ends"),
    [
        ("2026-11-23 13:59", None),  # 21:59 in Shanghai
        ("2026-11-23 14:00", "2026-11-23 23:00"),
        ("2026-11-23 20:00", "2026-11-23 23:00"),
        ("2026-11-23 22:59", "2026-11-23 23:00"),
        ("2026-11-23 23:00", None),
    ],
)
def test_a_night_goes_over_midnight_in_their_own_zone(at, ends):
    found = end_of_quiet(NIGHT, "Asia/Shanghai", utc(at))
    assert found == (utc(ends) if ends else None)


def test_hours_within_a_day():
    assert end_of_quiet("12:00-13:30", "UTC", utc("2026-11-23 12:10")) == utc("2026-11-23 13:30")
    assert end_of_quiet("12:00-13:30", "UTC", utc("2026-11-23 13:30")) is None


@pytest.mark.parametrize(
    ("at", "ends"),
    [
        # Berlin: clocks go forward at 02:00 on 29 March, back at 03:00 on 25 October.
        ("2026-03-28 21:30", "2026-03-29 05:00"),
        ("2026-10-24 20:30", "2026-10-25 06:00"),
    ],
    ids=["short night", "long night"],
)
def test_a_night_in_which_clocks_are_changed_ends_by_the_clock_on_the_wall(at, ends):
    assert end_of_quiet(NIGHT, "Europe/Berlin", utc(at)) == utc(ends)


def test_hours_that_end_in_the_hour_that_comes_twice_end_once():
    asked = [utc("2026-10-25 00:20") + timedelta(minutes=10 * step) for step in range(12)]
    quiet = [bool(end_of_quiet("01:00-02:30", "Europe/Berlin", at)) for at in asked]
    assert quiet == sorted(quiet, reverse=True)  # once they have ended, they do not begin again


def test_hours_that_the_clocks_leave_out_still_end():
    at = utc("2026-03-29 00:45")  # 01:45 in Berlin; 02:30 does not exist that night
    assert end_of_quiet("01:30-02:30", "Europe/Berlin", at) == utc("2026-03-29 01:30")


@pytest.mark.parametrize(("severity", "waits"), [("P0", False), ("P1", False), ("P2", True), ("P3", True), ("", False)])
def test_only_what_can_wait_waits(severity, waits):
    contact = Contact(key="wei", time_zone="UTC", quiet_hours="00:00-23:59")
    at = now().replace(hour=3, minute=0)
    assert (quiet_until(contact, severity, at) is not None) == waits


def test_whoever_has_no_quiet_hours_is_told_at_once():
    assert quiet_until(Contact(key="wei", time_zone="UTC"), "P3", now()) is None
