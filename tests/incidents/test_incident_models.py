"""The rules of one incident."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from incidents.models import Incident
from tests import make

pytestmark = pytest.mark.django_db

HALF_PAST_TWO = datetime(2025, 1, 10, 14, 30, tzinfo=UTC)


def test_an_incident_has_a_time_of_resolution_exactly_when_it_is_resolved():
    for fields in ({"status": "resolved"}, {"resolved_at": HALF_PAST_TWO}):
        with pytest.raises(IntegrityError), transaction.atomic():
            make.incident(**fields)


def test_open_ones_and_real_ones():
    happening = make.incident()
    make.incident(status="resolved", resolved_at=HALF_PAST_TWO)
    practice = make.incident(is_practice=True)
    assert set(Incident.objects.open()) == {happening, practice}
    assert list(Incident.objects.open().real()) == [happening]


def test_the_plans_sample_lasted_fifteen_minutes():
    over = HALF_PAST_TWO + timedelta(minutes=15)
    sample = make.incident(started_at=HALF_PAST_TWO, status="resolved", resolved_at=over)
    assert sample.duration == timedelta(minutes=15)


def test_an_open_incident_lasts_until_now(time_machine):
    time_machine.move_to(HALF_PAST_TWO + timedelta(minutes=3), tick=False)
    assert make.incident(started_at=HALF_PAST_TWO).duration == timedelta(minutes=3)


@pytest.mark.parametrize(
    ("now", "then", "may"),
    [
        ("open", "mitigated", True),
        ("open", "resolved", True),
        ("mitigated", "open", True),
        ("resolved", "open", True),
        ("resolved", "mitigated", False),
        ("open", "open", False),
    ],
)
def test_what_may_follow(now, then, may):
    assert Incident(status=now).can_become(Incident.Status(then)) is may
