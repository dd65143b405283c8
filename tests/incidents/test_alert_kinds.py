"""What PagerDuty, Grafana and signed webhooks of any form say of alerts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.timezone import now

from incidents.models import Alert, Incident
from tests import make
from tests.incidents import alerting
from tests.incidents.alerting import alert, call, message, page

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _services():
    alerting.services()


@pytest.fixture
def prometheus():
    return alerting.source()


def words(incident):
    return [entry.words for entry in incident.timeline.order_by("seq")]


# --- PagerDuty --------------------------------------------------------------------------------------------------------


@pytest.fixture
def pagerduty():
    return alerting.source("pagerduty", "PagerDuty")


def test_pagerduty_opens_and_clears(client, pagerduty):
    call(client, pagerduty, page("triggered"))
    incident = Incident.objects.get()
    assert (incident.severity, incident.service.key, incident.words) == (
        "P1",
        "database",
        "The database does not answer",
    )
    call(client, pagerduty, page("resolved", at="2026-11-22T14:45:00Z"))
    assert not Alert.objects.get().is_firing
    assert f"{Alert.objects.get().ended_at:%H:%M}" == "14:45"


def test_an_event_that_comes_twice_is_taken_once(client, pagerduty):
    assert call(client, pagerduty, page("triggered")).json()["status"] == "taken"
    response = call(client, pagerduty, page("triggered"))
    assert (response.status_code, response.json()["status"]) == (202, "known")
    assert Alert.objects.get().times == 1


def test_events_in_the_wrong_order_end_as_they_should(client, pagerduty):
    call(client, pagerduty, page("resolved", at="2026-11-22T14:45:00Z"))
    call(client, pagerduty, page("triggered", at="2026-11-22T14:30:00Z"))
    assert not Alert.objects.get().is_firing
    assert not Incident.objects.exists()


def test_our_own_page_does_not_come_back_as_an_alert(client, pagerduty):
    mine = make.incident()
    own = f"incident:{mine.reference}"
    assert call(client, pagerduty, page("triggered", incident_key=own)).json()["status"] == "ignored"
    assert not Alert.objects.exists()
    call(client, pagerduty, page("acknowledged", incident_key=own))
    mine.refresh_from_db()
    assert mine.acknowledged_at is not None
    assert words(mine) == ["Acknowledged at PagerDuty by Grace Hopper"]


def test_an_acknowledgement_stops_the_clock_once(client, pagerduty, time_machine):
    call(client, pagerduty, page("triggered"))
    call(client, pagerduty, page("acknowledged"))
    first = Incident.objects.get().acknowledged_at
    time_machine.move_to(now() + timedelta(minutes=5))
    call(client, pagerduty, page("acknowledged", event="another"))
    assert first is not None
    assert Incident.objects.get().acknowledged_at == first


def test_what_says_nothing_of_alerts_is_passed_over(client, pagerduty):
    ping = {"event": {"id": "1", "event_type": "pagey.ping", "resource_type": "pagey", "data": {"message": "Hello"}}}
    assert call(client, pagerduty, ping).json()["status"] == "ignored"


# --- A signed webhook -------------------------------------------------------------------------------------------------


def test_a_signed_webhook_as_the_standard_recommends(client):
    made = alerting.source("webhook", "Queue")
    told = {"title": "Queue is stuck", "fingerprint": "q7", "severity": "high", "service": "api"}
    body = {"type": "alert", "timestamp": "2026-11-22T14:30:00Z", "data": told}
    assert call(client, made, body).status_code == 202
    assert (Incident.objects.get().severity, Incident.objects.get().words) == ("P1", "Queue is stuck")
    over = body | {"timestamp": "2026-11-22T14:40:00Z", "data": told | {"status": "OK"}}
    call(client, made, over)
    assert not Alert.objects.get().is_firing


def test_a_mapping_finds_the_fields(client):
    paths = {"alerts": "items", "title": "what.0", "fingerprint": "id", "status": "state", "severity": "how.bad"}
    made = alerting.source("webhook", "Odd", mapping=paths)
    one = {"what": ["Boiler cold"], "id": 7, "state": "ALARM", "how": {"bad": "crit"}, "service": "api"}
    assert call(client, made, {"items": [one, one | {"id": 8, "what": ["Boiler hot"]}]}).status_code == 202
    assert set(Alert.objects.values_list("fingerprint", "title")) == {("7", "Boiler cold"), ("8", "Boiler hot")}
    response = call(client, made, {"items": [one, {"id": 9}]})
    assert (response.status_code, response.json()["error"]) == (400, "There is no text at items.1.what.0.")
    assert Alert.objects.count() == 2


def test_no_script_comes_in_as_a_link(client, prometheus):
    bad = alert(service="api") | {"generatorURL": "javascript:alert(1)"}
    call(client, prometheus, message(bad))
    assert Alert.objects.get().link == ""


def test_grafana_speaks_alike(client):
    made = alerting.source("grafana", "Grafana")
    grafana = {"receiver": "", "version": "1", "orgId": 1, "state": "alerting", "title": "[FIRING:1]", "message": "x"}
    one = alert("DatasourceNoData", service="api") | {"fingerprint": "c6eadffa33fcdf37", "values": {"B": 22}}
    one["dashboardURL"] = "https://play.grafana.org/d/000000012?orgId=1"
    assert call(client, made, grafana | {"alerts": [one]}).status_code == 202
    assert Alert.objects.get().link == "https://play.grafana.org/d/000000012?orgId=1"
