"""Whether somebody answers at a vendor now, and when that changes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from incidents.vendor_hours import opening

TOKYO = "Mon-Fri 09:00-18:00 Asia/Tokyo"
NIGHTS = "Mon-Fri 22:00-06:00 UTC"
WEEKEND = "Sat-Mon 08:00-24:00 UTC"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "at", "is_open", "changes_at"),
    [
        (TOKYO, "2026-11-23 00:00", True, "2026-11-23 09:00"),  # Monday, 09:00 there
        (TOKYO, "2026-11-22 23:59", False, "2026-11-23 00:00"),
        (TOKYO, "2026-11-23 09:00", False, "2026-11-24 00:00"),
        (TOKYO, "2026-11-28 03:00", False, "2026-11-30 00:00"),  # Saturday
        (NIGHTS, "2026-11-24 05:59", True, "2026-11-24 06:00"),
        (NIGHTS, "2026-11-28 05:59", True, "2026-11-28 06:00"),  # Friday's night
        (NIGHTS, "2026-11-28 06:00", False, "2026-11-30 22:00"),
        (WEEKEND, "2026-11-23 12:00", True, "2026-11-24 00:00"),  # Monday
        (WEEKEND, "2026-11-24 00:00", False, "2026-11-28 08:00"),
        ("Sat-Sun 00:00-24:00 UTC", "2026-11-28 05:00", True, "2026-11-30 00:00"),  # one opening, not two
        ("Wed 10:00-11:00 UTC", "2026-11-25 11:00", False, "2026-12-02 10:00"),
    ],
)
def test_it_is_told_by_the_clock_on_their_wall(hours, at, is_open, changes_at):
    found = opening(hours, utc(at))
    assert found
    assert (found.is_open, found.changes_at) == (is_open, utc(changes_at))


@pytest.mark.parametrize("hours", ["24/7", "Mon-Sun 00:00-24:00 Asia/Tokyo"])
def test_whoever_always_answers_never_closes(hours):
    found = opening(hours, utc("2026-11-23 12:00"))
    assert found
    assert found.is_open
    assert found.changes_at is None


def test_a_vendor_without_hours_is_not_said_to_be_open():
    assert opening("", utc("2026-11-23 12:00")) is None
