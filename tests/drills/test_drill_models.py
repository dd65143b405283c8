"""Drills as rows."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction

from drills.models import Drill, DrillCalendar
from tests import make

pytestmark = pytest.mark.django_db


def test_one_due_time_of_a_calendar_fires_once():
    version = make.plan()
    calendar = DrillCalendar.objects.get()
    at = datetime(2026, 12, 2, 2, tzinfo=UTC)
    drill = Drill.objects.create(calendar=calendar, plan_version=version, starts_at=at)
    assert drill.state == Drill.State.SCHEDULED
    with pytest.raises(IntegrityError), transaction.atomic():
        Drill.objects.create(calendar=calendar, plan_version=version, starts_at=at)


def test_a_drill_keeps_its_calendar_when_the_plan_drops_it():
    version = make.plan()
    drill = Drill.objects.create(
        calendar=DrillCalendar.objects.get(), plan_version=version, starts_at=datetime(2026, 12, 2, 2, tzinfo=UTC)
    )
    DrillCalendar.objects.update(retired_at=datetime(2026, 12, 3, tzinfo=UTC))
    drill.refresh_from_db()
    assert drill.calendar.name == "Monthly drill"
    assert not DrillCalendar.objects.current().exists()
