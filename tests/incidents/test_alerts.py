"""Whom alerts tell, by which channel and in which language: as the built-in plan says."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.timezone import now

from dr_console.notifications import delivery
from dr_console.notifications.models import Delivery
from dr_console.web.sentences import sentence
from incidents.models import ChannelKind, Contact, ContactChannel, Incident, Rotation, Service, Severity
from incidents.queries import recipients
from incidents.services import alerts, escalation
from tests import make
from tests.notifications.conftest import _people, people  # noqa: F401 (fixtures)

pytestmark = pytest.mark.django_db
SAID = sentence("Three probes in a row failed.")


@pytest.fixture(autouse=True)
def plan():
    make.plan()


def asked(**fields):
    rows = Delivery.objects.filter(**fields).order_by("pk")
    return [(row.channel, row.address, row.recipient) for row in rows]


def test_a_critical_incident_pages_and_calls_whoever_is_on_call():
    incident = make.incident(severity=Severity.P0)
    escalation.arm(incident, why=SAID)
    assert asked(about=incident.reference) == [
        ("pagerduty", "", "On-call engineer"),
        ("phone", "+1-555-0100", "On-call engineer"),
    ]
    page = Delivery.objects.get(channel="pagerduty")
    assert page.payload["key"] == f"incident:{incident.reference}"
    assert page.payload["urgency"] == "critical"
    assert page.subject == f"[SANDBOX] P0 {incident.reference}: API unavailable"
    assert page.topics == [incident.topic]


def test_a_medium_one_writes_to_the_development_team():
    escalation.arm(make.incident(severity=Severity.P2))
    assert [channel for channel, _address, _name in asked()] == ["slack", "email"]


def test_critical_tells_the_first_row_and_the_last_resort_whatever_the_severity():
    incident = make.incident(severity=Severity.P2)
    alerts.critical(incident, SAID, "run-1:failed", event=alerts.Event.FAILOVER_FAILED)
    assert {(channel, address) for channel, address, _name in asked()} == {
        ("pagerduty", ""),
        ("phone", "+1-555-0100"),
        ("slack", ""),
        ("email", "development@example.com"),
    }
    one = Delivery.objects.get(channel="email")
    assert one.subject == f"[SANDBOX] CRITICAL {incident.reference}: the failover failed"
    assert one.payload["urgency"] == "critical"


def test_told_twice_it_is_said_once():
    incident = make.incident()
    alerts.critical(incident, SAID, "run-1:failed")
    count = Delivery.objects.count()
    alerts.critical(incident, SAID, "run-1:failed")
    assert Delivery.objects.count() == count


@pytest.mark.parametrize(
    ("channel", "who"),
    [
        ("pagerduty", [("pagerduty", "", "On-call engineer")]),
        ("slack", [("slack", "", "Development team")]),
        ("email", [("email", "development@example.com", "Development team")]),
        ("phone", [("phone", "+1-555-0100", "On-call engineer")]),
    ],
)
def test_a_breach_goes_to_whoever_the_plan_has_for_the_channel(channel, who):
    alerts.on_channel(channel, alerts.Event.BREACH, said=SAID, dedup_key="breach:7")
    assert asked() == who
    one = Delivery.objects.get()
    assert (one.subject, one.body) == ("[SANDBOX] Three probes in a row failed.", "")


def test_a_breach_within_an_incident_says_itself_in_the_headline():
    incident = make.incident()
    alerts.on_channel("slack", "breach", said=SAID, dedup_key="breach:7", incident=incident)
    one = Delivery.objects.get()
    assert (one.subject, one.body) == (f"[SANDBOX] {incident.reference}: Three probes in a row failed.", "")


def test_the_end_of_a_breach_ends_its_page():
    alerts.on_channel("pagerduty", "breach", said=SAID, dedup_key="breach:7", key="breach:7")
    alerts.on_channel("pagerduty", "cleared", said=SAID, dedup_key="breach:7:over", key="breach:7")
    first, second = Delivery.objects.order_by("pk")
    assert (first.payload["key"], first.payload["action"]) == ("breach:7", "trigger")
    assert (second.payload["key"], second.payload["action"]) == ("breach:7", "resolve")


def test_a_breach_within_an_incident_does_not_end_the_incidents_page():
    incident = make.incident()
    alerts.on_channel("pagerduty", "cleared", said=SAID, dedup_key="breach:7:over", key="breach:7", incident=incident)
    assert Delivery.objects.get().payload["key"] == "breach:7"


def test_recovery_is_told_to_whoever_heard_of_it_and_nobody_is_called_for_it():
    at = now()
    incident = make.incident(started_at=at - timedelta(seconds=75), recovered_at=at)
    escalation.arm(incident)
    alerts.critical(incident, SAID, "x")
    alerts.recovered(incident)
    alerts.recovered(incident)
    over = Delivery.objects.filter(payload__event="recovered")
    assert sorted(over.values_list("channel", flat=True)) == ["email", "pagerduty", "pagerduty", "slack"]
    rang = Delivery.objects.filter(channel="pagerduty", payload__action="trigger")
    ended = over.filter(channel="pagerduty", payload__action="resolve")
    assert {one.payload["key"] for one in ended} == {one.payload["key"] for one in rang}, "each of its pages"
    assert over.get(channel="email").body == "Recovered 1 min 15 s after it began."


def test_recovery_is_said_in_words_also_where_people_were_only_paged_and_called():
    incident = make.incident()
    escalation.arm(incident)
    alerts.recovered(incident)
    over = Delivery.objects.filter(payload__event="recovered")
    assert sorted(over.values_list("channel", flat=True)) == ["pagerduty", "slack"]


def test_recovery_of_what_nobody_heard_of_is_told_to_the_first_row():
    alerts.recovered(make.incident(severity=Severity.P2))
    assert [channel for channel, _address, _name in asked()] == ["slack", "email"]


def test_each_is_told_in_their_own_language():
    Contact.objects.filter(key="development-team").update(language="zh-hans")
    alerts.recovered(make.incident(severity=Severity.P2, service=Service.objects.get(key="database")))
    one = Delivery.objects.get(channel="email")
    assert one.language == "zh-hans"
    assert "数据库" in str(one.payload["facts"])


def test_a_drill_is_marked():
    escalation.arm(make.incident(is_practice=True))
    assert all(one.subject.startswith("[DRILL] [SANDBOX] ") and one.is_practice for one in Delivery.objects.all())


def test_in_live_mode_nobody_calls_a_placeholder_and_the_timeline_says_so(settings):
    settings.DR_MODE = "live"
    incident = make.incident()
    escalation.arm(incident, why=SAID)
    escalation.arm(incident, why=SAID)
    assert [channel for channel, _address, _name in asked()] == ["pagerduty"]
    said = incident.timeline.get().words
    assert "On-call engineer was not told by phone: the address +1-555-0100 is a placeholder." in said


def test_programs_hear_of_every_alert_too(settings):
    settings.DR_WEBHOOK_URLS = ["https://hooks.example.com/dr"]
    incident = make.incident()
    escalation.arm(incident)
    alerts.recovered(incident)
    hooks = Delivery.objects.filter(channel="webhook")
    assert sorted(hooks.values_list("payload__event", flat=True)) == ["declared", "recovered"]


def test_without_a_plan_the_shared_channels_are_told_still():
    for model in (Contact, Rotation):
        model.objects.update(retired_at=now())
    alerts.on_channel("slack", "notice", said=SAID, dedup_key="x")
    assert asked() == [("slack", "", "")]
    assert alerts.on_channel("email", "notice", said=SAID, dedup_key="y") == []


def test_a_name_that_slack_itself_knows_is_written_to():
    ContactChannel.objects.filter(kind="slack", contact__key="development-team").update(address="C0DEVELOP1")
    alerts.on_channel("slack", "notice", said=SAID, dedup_key="x")
    assert asked() == [("slack", "C0DEVELOP1", "Development team")]


def test_asking_costs_few_queries(django_assert_max_num_queries):
    with django_assert_max_num_queries(12):
        recipients.by_channel(ChannelKind.EMAIL, Severity.P3, at=now())


def test_all_of_it_arrives(people):  # noqa: F811
    incident = make.incident(service=Service.objects.get(key="api"))
    alerts.critical(incident, SAID, "x")
    for id in delivery.due(now()):
        assert delivery.send(id) == Delivery.State.SENT
    assert {heard["channel"] for heard in people.heard()} == {"slack", "pagerduty", "email", "phone"}
    letter = next(iter(people.heard("email")))
    assert f"/incidents/{incident.reference}/" in letter["text"]


def test_the_incident_is_not_touched():
    incident = make.incident()
    escalation.arm(incident)
    assert Incident.objects.get().status == Incident.Status.OPEN
