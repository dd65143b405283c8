"""When is the next drill, and how did the last one go?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils.timezone import now

from drills.models import Drill, DrillCalendar
from drills.queries import findings, last_drill, upcoming
from tests import make

pytestmark = pytest.mark.django_db


def drill(state: str, *, days_ago: int) -> Drill:
    at = now() - timedelta(days=days_ago)
    return Drill.objects.create(calendar=DrillCalendar.objects.get(), state=state, starts_at=at, ended_at=at)


def test_the_next_drill_is_the_first_wednesday_at_two(time_machine):
    time_machine.move_to("2026-11-22 12:00 +0000", tick=False)
    make.plan()
    assert upcoming()[0].next_at == datetime(2026, 12, 2, 2, tzinfo=UTC)


def test_participants_are_named():
    make.plan()
    assert upcoming()[0].participants
    assert "on-call" not in upcoming()[0].participants


def test_the_last_drill_is_the_one_that_ended_last():
    make.plan()
    drill("failed", days_ago=40)
    newest = drill("passed", days_ago=2)
    assert last_drill() == newest


def test_an_untested_plan_is_not_ready():
    make.plan()
    assert findings()[0].state == "unknown"


def test_a_drill_that_passed_lately_is_proof():
    make.plan()
    drill("passed", days_ago=20)
    assert findings() == []


@pytest.mark.parametrize(("state", "days_ago"), [("failed", 3), ("passed", 36)])
def test_a_failed_or_old_one_is_none(state, days_ago):
    make.plan()
    drill(state, days_ago=days_ago)
    assert findings()


def test_a_plan_without_drills_fails():
    assert findings()[0].state == "failed"
