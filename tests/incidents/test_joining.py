"""What a person declared first and the console sees then is one incident, however many probes see it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.timezone import now

from dr_console.notifications.models import Delivery
from dr_console.runs.models import Run
from incidents.models import Incident, Service, Severity
from incidents.services import incident as incidents
from incidents.services import lifecycle
from incidents.services.merging import merge
from tests import make
from tests.incidents import alerting
from tests.incidents.considering import Console, console
from tests.incidents.seeing import TOKYO, World

__all__ = ["console"]

pytestmark = pytest.mark.django_db


def declared(service="api", **facts):
    found = Service.objects.filter(key=service).first()
    incident, _is_new = incidents.declare(
        title="Checkout answers with errors", severity=Severity.P2, service=found, by=make.user(), **facts
    )
    return incident


@pytest.mark.parametrize("service", ["api", ""])
def test_the_consoles_own_joins_it_and_starts_what_the_plan_says(console: Console, service):
    incident = declared(service)
    console.watcher.world = World(lost={TOKYO})
    console.rounds(8)
    joined = Incident.objects.get()
    assert (joined.pk, joined.words) == (incident.pk, "Checkout answers with errors")
    assert (joined.severity, joined.failure, joined.origin) == ("P0", "region_failure", "person")
    assert joined.started_at <= incident.started_at
    assert list(joined.runs.all()) == [Run.objects.get()]
    said = [entry.words for entry in joined.timeline.all()]
    assert sum("The console sees it too: Region failure" in words for words in said) == 1
    assert Delivery.objects.filter(about=joined.reference, payload__event="worse", channel="phone").exists()


def test_its_recovery_is_seen_as_that_of_its_own(console: Console):
    incident = declared()
    console.watcher.world = World(name_broken={"api.example.com"})
    console.rounds(6)
    assert Incident.objects.get().failure == "unsure"
    console.watcher.world = World()
    console.rounds(5)
    incident.refresh_from_db()
    assert (incident.status, incident.recovered_at is not None) == ("mitigated", True)


@pytest.mark.parametrize(
    "facts",
    [{"is_practice": True}, {"started_at": now() - timedelta(days=400)}],
    ids=["a drill", "long ago"],
)
def test_what_is_about_something_else_is_left_alone(console: Console, facts):
    incident = declared(**facts)
    console.watcher.world = World(lost={TOKYO})
    console.rounds(3)
    assert Incident.objects.count() == 2
    assert Incident.objects.get(pk=incident.pk).dedup_key == ""


def test_what_is_over_is_not_joined(console: Console):
    lifecycle.resolve(declared(), by=make.user("bob"))
    console.watcher.world = World(lost={TOKYO})
    console.rounds(3)
    assert Incident.objects.count() == 2


def test_what_was_merged_goes_on_where_it_was_merged_into(console: Console):
    console.watcher.world = World(lost={TOKYO})
    console.rounds(3)
    own, person = Incident.objects.get(), make.incident(reference="INC-2020-001", title="Checkout is down")
    merge(own, person, by=make.user())
    console.rounds(3)
    assert Incident.objects.count() == 2
    assert Incident.objects.open().get() == person


def test_what_an_alert_told_of_first_is_the_same_incident(console: Console, client):
    made = alerting.source()
    alerting.call(client, made, alerting.message(alerting.alert(service="api") | {"startsAt": now().isoformat()}))
    incident = Incident.objects.get()
    console.watcher.world = World(lost={TOKYO})
    console.rounds(8)
    joined = Incident.objects.get()
    assert (joined.pk, joined.origin, joined.failure) == (incident.pk, "alert", "region_failure")
    assert joined.runs.count() == 1
    # Health checks see it now: that its alert clears does not mean that it is over.
    over = alerting.alert(service="api", status="resolved") | {"endsAt": now().isoformat()}
    alerting.call(client, made, alerting.message(over))
    joined.refresh_from_db()
    assert joined.status == "open"
    assert joined.timeline.filter(said__text="None of its alerts fires any more.").exists()
