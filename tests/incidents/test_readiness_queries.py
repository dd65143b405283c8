"""What of the plan would fail us today."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.timezone import now

from incidents.models import About, Contact, FailoverPlan, Rotation, ServiceEndpoint
from incidents.queries.readiness import findings
from tests import make

pytestmark = pytest.mark.django_db


def whats() -> str:
    return "\n".join(f"{finding.state} {finding.what} {finding.why}" for finding in findings())


def test_placeholders_of_the_built_in_plan_are_found_and_named():
    make.plan()
    assert "still placeholders" in whats()
    assert Contact.objects.get(key="cto").name in whats()


def test_a_contact_without_a_channel_cannot_be_reached():
    make.plan()
    Contact.objects.get(key="cto").channels.all().delete()
    assert "1 contact has no channel" in whats()


def test_many_names_are_cut_short():
    make.plan()
    make.more_entries(9)
    assert "more" in whats()


def test_a_rotation_with_nobody_in_it_is_found():
    make.plan()
    Rotation.objects.update(participants=[])
    assert "Nobody takes part" in whats()


def test_no_rotation_at_all_is_found():
    make.plan()
    Rotation.objects.update(retired_at=now())
    assert "There is no on-call rotation" in whats()


def test_a_service_that_nobody_asks_for_its_health_is_found():
    make.plan()
    ServiceEndpoint.objects.update(retired_at=now())
    assert "has no health endpoint" in whats()


def test_a_plan_without_failover_is_found():
    make.plan()
    FailoverPlan.objects.update(retired_at=now())
    assert "There is no failover plan" in whats()


def test_an_overdue_review_names_the_owner():
    make.plan()
    About.objects.update(reviewed_on=now().date() - timedelta(days=1000), review_every_days=30, owner_en="Grace")
    assert "review was due" in whats()
    assert "Grace" in whats()


def test_failures_come_first():
    make.plan()
    states = [finding.state for finding in findings()]
    assert states == sorted(states, key=lambda state: state != "failed")
