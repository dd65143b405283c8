"""A page that went to nobody, a ladder that ran out, a rotation with a hole: each is loud."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now

from incidents.models import Escalation, EscalationEvent, Rotation
from incidents.queries import alarms
from tests import make

pytestmark = pytest.mark.django_db

Status = Escalation.Status


@pytest.fixture
def home(client):
    client.force_login(make.user("vera", role="viewer"))
    return lambda: client.get(reverse("home")).content.decode()


def climb(status, **fields):
    return Escalation.objects.create(
        incident=make.incident(title="Tokyo is dark", **fields), number=1, severity="P0", snapshot={}, status=status
    )


@pytest.mark.parametrize(
    ("status", "said"),
    [(Status.EXHAUSTED, "Nobody answers for P0"), (Status.EXHAUSTED_NOBODY, "Nobody could be paged for P0")],
)
def test_a_ladder_that_ran_out_is_for_every_page(status, said):
    found = climb(status)
    [alarm] = alarms.ladders_that_ran_out()
    assert alarm.words.startswith(said)
    assert alarm.url == reverse("incidents:detail", args=[found.incident.reference])


@pytest.mark.parametrize("status", [Status.ACTIVE, Status.ACKNOWLEDGED, Status.STOPPED])
def test_one_that_is_being_climbed_is_not(status):
    climb(status)
    assert alarms.ladders_that_ran_out() == []


def test_one_that_should_have_gone_on_and_cannot_is_for_every_page():
    """One step that goes wrong each time stops its ladder, and the engine looks as well as ever."""
    climb(Status.ACTIVE)
    Escalation.objects.update(next_at=now() - timedelta(seconds=61))
    assert [one.words for one in alarms.ladders_that_ran_out()] == [
        "Escalations that should have gone on more than a minute ago: 1."
    ]


def test_a_page_that_went_to_nobody_is_loud_at_home(home):
    found = climb(Status.ACTIVE)
    EscalationEvent.objects.create(escalation=found, kind=EscalationEvent.Kind.NOBODY_AT_LEVEL, said={})
    assert "went to nobody, and the next level was paged. Tokyo is dark" in home()
    assert alarms.ladders_that_ran_out() == []


def test_a_rotation_without_anybody_is_loud_at_home(home):
    make.plan()
    assert "Nobody is on call" not in home()
    Rotation.objects.current().update(participants=[])
    assert "Nobody is on call for “" in home()


def test_a_drill_is_loud_too_and_said_to_be_one():
    climb(Status.EXHAUSTED, is_practice=True)
    assert [alarm.is_practice for alarm in alarms.ladders_that_ran_out()] == [True]


def test_its_panel_comes_by_itself(client):
    client.force_login(make.user("vera", role="viewer"))
    climb(Status.EXHAUSTED)
    page = client.get(reverse("alarms-panel")).content.decode()
    assert 'id="alarms"' in page
    assert "Somebody has to do something now" not in page  # every page says that already
