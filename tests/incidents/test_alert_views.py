"""The pages of alerts, their sources, rules and silences."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now

from incidents.models import Alert, AlertPayload, AlertRule, AlertSource, Incident, Service, Silence
from tests import make
from tests.incidents import alerting
from tests.incidents.alerting import alert, call, message

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
GOOD_SOURCE = {"name": "Prometheus Tokyo", "kind": "alertmanager", "opens": "P2", "grace_minutes": "1"}


@pytest.fixture(autouse=True)
def _services():
    alerting.services()


@pytest.fixture
def ada(client):
    someone = make.user("ada", role="commander")
    client.force_login(someone)
    return someone


def url(name, *args):
    return reverse(f"incidents:{name}", args=args)


def page(client, name, *args):
    return client.get(url(name, *args)).content.decode()


# --- Sources ----------------------------------------------------------------------------------------------------------


def test_a_new_source_shows_its_secret_once(client, ada):
    response = client.post(url("alert-source-add"), GOOD_SOURCE)
    shown = response.content.decode()
    source = AlertSource.objects.get()
    secret = shown.split('<code class="long">')[1].split("</code>")[0]
    assert response["Cache-Control"].startswith("max-age=0")
    assert f"credentials: {secret}" in shown
    assert call(client, (source, secret), message(alert(service="api"))).status_code == 202
    assert secret not in page(client, "alert-source", source.key)


def test_htmx_gets_the_secret_as_a_part(client, ada):
    response = client.post(url("alert-source-add"), GOOD_SOURCE, headers=HTMX)
    assert [one.name for one in response.templates][0] == "incidents/_alert_source_made.html"


def test_pagerduty_starts_without_a_secret_and_is_given_one(client, ada):
    client.post(url("alert-source-add"), GOOD_SOURCE | {"kind": "pagerduty"})
    source = AlertSource.objects.get()
    assert "Needs its secret" in page(client, "alert-source", source.key)
    client.post(url("alert-source-secret", source.key), {"given": alerting.PAGERDUTY_SECRET})
    made = (AlertSource.objects.get(), alerting.PAGERDUTY_SECRET)
    assert call(client, made, alerting.page("triggered")).status_code == 202


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"kind": "heartbeat"}, "every_minutes"),
        ({"kind": "heartbeat", "every_minutes": "0"}, "every_minutes"),
        ({"opens": "P9"}, "opens"),
        ({"mapping": "titel = x"}, "mapping"),
        ({"mapping": "title"}, "mapping"),
    ],
    ids=str,
)
def test_what_is_wrong_is_said_at_the_field_and_nothing_is_lost(client, ada, changes, field):
    response = client.post(url("alert-source-add"), GOOD_SOURCE | {"name": "Typed"} | changes)
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert not AlertSource.objects.exists()


def test_a_secret_that_is_none_is_refused(client, ada):
    source, _secret = alerting.source("webhook")
    response = client.post(url("alert-source-secret", source.key), {"given": "whsec_short"})
    assert response.status_code == 422
    assert "given" in response.context["secret_form"].errors


def test_two_sources_of_one_name_have_two_addresses(client, ada):
    for _time in range(2):
        client.post(url("alert-source-add"), GOOD_SOURCE)
    client.post(url("alert-source-add"), GOOD_SOURCE | {"name": "普罗米修斯"})
    keys = set(AlertSource.objects.values_list("key", flat=True))
    assert keys == {"prometheus-tokyo", "prometheus-tokyo-2", "alertmanager"}


def test_its_settings_can_be_changed(client, ada):
    source, _secret = alerting.source("webhook")
    client.post(
        url("alert-source-change", source.key),
        {"name": "Queue", "opens": "P1", "grace_minutes": "2", "mapping": "title = what\nalerts = items"},
    )
    source.refresh_from_db()
    assert (source.name, source.opens, source.mapping) == ("Queue", "P1", {"title": "what", "alerts": "items"})
    assert "title = what" in page(client, "alert-source", source.key)


def test_its_page_tells_what_became_of_what_it_sent(client, ada):
    made = alerting.source()
    call(client, made, message(alert(service="api")))
    call(client, made, b"{")
    shown = page(client, "alert-source", made[0].key)
    assert "1 new" in shown
    assert "The body is no JSON" in shown
    one = AlertPayload.objects.get(outcome="taken")
    assert "HighErrorRate" in page(client, "alert-payload", made[0].key, one.pk)


def test_a_payload_with_a_script_is_shown_as_text(client, ada):
    made = alerting.source()
    call(client, made, b'{"alerts": "<script>alert(1)</script>"}')
    one = AlertPayload.objects.get()
    assert "<script>alert(1)" not in page(client, "alert-payload", made[0].key, one.pk)


@pytest.mark.parametrize("verb", ["pause", "resume", "remove"])
def test_pause_resume_remove(client, ada, verb):
    source, _secret = alerting.source()
    if verb == "resume":
        AlertSource.objects.update(paused_at=now())
    assert client.post(url(f"alert-source-{verb}", source.key)).status_code == 302
    source.refresh_from_db()
    assert (source.paused_at is not None, source.removed_at is not None) == (verb == "pause", verb == "remove")


def test_what_is_done_already_is_refused(client, ada):
    source, _secret = alerting.source()
    assert client.post(url("alert-source-resume", source.key)).status_code == 409
    assert client.post(url("alert-source-secret-end", source.key)).status_code == 409
    client.post(url("alert-source-remove", source.key))
    assert client.post(url("alert-source-pause", source.key)).status_code == 409
    assert "How it is connected" not in page(client, "alert-source", source.key)


POSTS = [
    "alert-source-change",
    "alert-source-secret",
    "alert-source-secret-end",
    "alert-source-pause",
    "alert-source-resume",
    "alert-source-remove",
]


@pytest.mark.parametrize("name", POSTS)
def test_a_responder_changes_no_source(client, name):
    client.force_login(make.user("bob", role="responder"))
    source, _secret = alerting.source()
    assert client.post(url(name, source.key)).status_code == 403
    assert client.get(url(name, source.key)).status_code in (403, 405)


def test_a_viewer_sees_no_buttons(client):
    client.force_login(make.user("vera", role="viewer"))
    source, _secret = alerting.source()
    assert "<form" not in page(client, "alert-source", source.key).split("<main")[1].split("</main>")[0]
    assert client.get(url("alert-source-add")).status_code == 403


# --- Alerts -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def incident(client):
    made = alerting.source()
    call(client, made, message(*(alert(f"Broken{number}", service="api") for number in range(12))))
    call(client, made, message(alert("Broken1", service="api", status="resolved")))
    return Incident.objects.get()


def test_the_incident_shows_its_alerts(client, ada, incident):
    shown = page(client, "alerts-panel", incident.reference)
    assert "11 of 12 fire" in " ".join(shown.split())
    assert "2 more" in shown
    assert "Broken11 of api" in page(client, "detail", incident.reference)


def test_the_list_can_be_narrowed(client, ada, incident):
    assert "Broken1 of api" in client.get(url("alerts") + "?firing=false").content.decode()
    shown = client.get(url("alerts") + f"?incident={incident.reference}&q=Broken7").content.decode()
    assert "Broken7 of api" in shown
    assert "Broken8 of api" not in shown
    assert client.get(url("alerts") + "?severity=P9").status_code == 422


def test_the_page_of_an_alert_and_its_end(client, ada, incident):
    one = Alert.objects.firing().first()
    assert one.fingerprint in page(client, "alert", one.pk)
    assert client.post(url("alert-clear", one.pk)).status_code == 302
    one.refresh_from_db()
    assert one.cleared_by == ada
    assert client.post(url("alert-clear", one.pk)).status_code == 409
    assert "Cleared by ada" in page(client, "alert", one.pk)


def test_a_viewer_ends_no_alert(client, incident):
    client.force_login(make.user("vera", role="viewer"))
    assert client.post(url("alert-clear", Alert.objects.first().pk)).status_code == 403


def test_the_panel_asks_as_often_for_many_as_for_few(client, ada, incident, django_assert_max_num_queries):
    client.get(url("alerts-panel", incident.reference))
    with django_assert_max_num_queries(12):
        client.get(url("alerts-panel", incident.reference))


# --- Rules and silences -----------------------------------------------------------------------------------------------

RULE = {"name": "Database is P0", "matchers": "team=dba\nhost~db-*", "action": "route", "severity": "P0"}


def test_a_rule_is_added_changed_moved_and_removed(client, ada):
    database = Service.objects.get(key="database")
    client.post(url("alert-rule-add"), RULE | {"service": database.pk})
    rule = AlertRule.objects.get()
    assert rule.matchers == [["team", "=", "dba"], ["host", "~", "db-*"]]
    assert "host~db-*" in page(client, "alert-rules")
    assert "team=dba" in page(client, "alert-rule", rule.pk)
    client.post(url("alert-rule", rule.pk), RULE | {"name": "Renamed", "matchers": ""})
    client.post(url("alert-rule-add"), RULE)
    client.post(url("alert-rule-move", rule.pk), {"to": "down"})
    assert [one.name for one in AlertRule.objects.all()] == ["Database is P0", "Renamed"]
    client.post(url("alert-rule-remove", rule.pk))
    assert AlertRule.objects.count() == 1


@pytest.mark.parametrize("line", ["no sign", "=x", "a=b\n" * 21], ids=["no sign", "no name", "too many"])
def test_what_is_no_condition_is_said(client, ada, line):
    response = client.post(url("alert-rule-add"), RULE | {"matchers": line})
    assert response.status_code == 422
    assert "matchers" in response.context["form"].errors


def test_a_silence_begins_and_ends(client, ada):
    client.post(url("silence-begin"), {"matchers": "service=api", "minutes": "30", "reason": "New disks"})
    silence = Silence.objects.get()
    assert (silence.by, silence.ends_at - silence.starts_at) == (ada, timedelta(minutes=30))
    assert "New disks" in page(client, "silences")
    assert client.post(url("silence-end", silence.pk)).status_code == 302
    assert client.post(url("silence-end", silence.pk)).status_code == 409


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"matchers": ""}, "matchers"),
        ({"minutes": "0"}, "minutes"),
        ({"minutes": "9999999"}, "minutes"),
        ({"reason": ""}, "reason"),
        ({"starts_at": "2099-01-01T00:00"}, "starts_at"),
        ({"starts_at": "soon"}, "starts_at"),
    ],
    ids=str,
)
def test_a_wrong_silence_is_422_and_keeps_what_was_typed(client, ada, changes, field):
    typed = {"matchers": "service=api", "minutes": "30", "reason": "New disks"} | changes
    response = client.post(url("silence-begin"), typed)
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert field == "matchers" or "service=api" in response.content.decode()
