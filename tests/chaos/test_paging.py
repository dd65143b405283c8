"""Pagers killed, clocks that are wrong, a database that goes away: each level is paged once, in order (I1–I5, I7)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chaos.test_kills import DATABASE, report_of

pytestmark = pytest.mark.processes


def paged(*options: str) -> Any:
    """What `python -m tests.chaos.paging` reports."""
    report = report_of("tests.chaos.paging", *options, *(["--database", DATABASE] if DATABASE else []))
    assert report["ran out"] == report["climbs"]
    return report


def test_i4_however_often_pagers_are_killed_every_page_goes_out_once():
    report = paged("--climbs", "4", "--kills", "20", "--seed", "7")
    assert report["violations"] == []
    assert report["kills"] == 20


def test_i5_two_pagers_whose_clocks_are_a_minute_apart_page_once():
    assert paged("--climbs", "3", "--ahead", "30")["violations"] == []


def test_i6_without_redis_every_page_goes_out_once():
    assert paged("--climbs", "3", "--without-redis")["violations"] == []


def test_i7_what_was_overdue_when_the_database_came_back_fires_once():
    assert paged("--climbs", "3", "--outage", "3")["violations"] == []
