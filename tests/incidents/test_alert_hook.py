"""The door for other programs' alerts: who is let in, what is said to them, and what is kept of it."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.urls import reverse
from django.utils.timezone import now

from incidents.models import Alert, AlertPayload, AlertSource, Incident
from incidents.services import alert_intake, alert_sources
from tests import make
from tests.incidents import alerting

pytestmark = pytest.mark.django_db
FIRING = alerting.message(alerting.alert(service="api"))


@pytest.fixture(autouse=True)
def _services():
    alerting.services()


@pytest.fixture
def prometheus():
    return alerting.source()


def test_it_is_taken_with_202(client, prometheus):
    response = alerting.call(client, prometheus, FIRING)
    assert response.status_code == 202
    assert response.json()["status"] == "taken"
    assert "1 new" in response.json()["said"]
    kept = AlertPayload.objects.get()
    assert (kept.outcome, kept.status, kept.size > 100) == ("taken", 202, True)
    assert "HighErrorRate" in kept.body


def test_the_token_may_be_a_password(client, prometheus):
    basic = base64.b64encode(f"console:{prometheus[1]}".encode()).decode()
    assert alerting.call(client, prometheus, FIRING, Authorization=f"Basic {basic}").status_code == 202


@pytest.mark.parametrize("header", ["", "Bearer wrong", "Basic %%%", "Bearer ", "Digest x"], ids=repr)
def test_a_stranger_is_turned_away_with_401(client, prometheus, header):
    response = alerting.call(client, prometheus, FIRING, Authorization=header)
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")
    assert not Alert.objects.exists()
    assert AlertPayload.objects.get().outcome == "turned_away"


@pytest.mark.parametrize("kind", ["pagerduty", "webhook"])
def test_a_wrong_signature_is_turned_away_with_401(client, kind):
    made, _secret = alerting.source(kind)
    wrong = "whsec_" + base64.b64encode(b"x" * 32).decode()
    assert alerting.call(client, (made, wrong), {"a": 1}).status_code == 401
    assert not Alert.objects.exists()


def test_what_was_signed_long_ago_is_turned_away(client, time_machine):
    made = alerting.source("webhook")
    at = now()
    time_machine.move_to(at - timedelta(minutes=6), tick=False)
    old = alerting._proof(*made, b'{"data": {"title": "x"}}')
    time_machine.move_to(at, tick=False)
    assert alerting.call(client, made, b'{"data": {"title": "x"}}', **old).status_code == 401


def test_a_source_without_a_secret_lets_nobody_in(client):
    made, _none = alert_sources.make("PagerDuty", "pagerduty", by=None)
    assert alerting.call(client, (made, ""), alerting.page("triggered")).status_code == 401


BROKEN = {
    "nothing": b"",
    "no json": b"{",
    "a number too long": b'{"alerts": ' + b"9" * 5000 + b"}",
    "no object": b"[1, 2]",
    "not utf-8": b'{"alerts": "\xff\xfe"}',
    "too deep": b'{"alerts":' + b"[" * 100_000,
    "no alerts": b"{}",
    "no list": b'{"alerts": 5}',
    "no status": b'{"alerts": [{"labels": {"a": "b"}}]}',
    "no labels": b'{"alerts": [{"status": "firing"}]}',
    "one bad of two": b'{"alerts": [{"status": "firing", "labels": {"a": "b"}}, 7]}',
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN.keys())
def test_what_cannot_be_read_is_400_with_a_sentence_and_kept(client, prometheus, body):
    response = alerting.call(client, prometheus, body)
    assert response.status_code == 400
    assert response.json()["error"].endswith(".")
    assert AlertPayload.objects.get().outcome == "malformed"
    assert not Alert.objects.exists()


def test_the_sentence_names_the_place(client, prometheus):
    said = alerting.call(client, prometheus, BROKEN["one bad of two"]).json()["error"]
    assert said == "There is no object at alerts[1]."


def test_more_than_a_mebibyte_is_413_and_not_read(client, prometheus):
    response = alerting.call(client, prometheus, b"x" * (alert_intake.MOST_BYTES + 1))
    assert response.status_code == 413
    kept = AlertPayload.objects.get()
    assert (kept.outcome, kept.body) == ("too_big", "")


def test_an_unknown_source_is_404(client, prometheus):
    url = reverse("incidents:alert-hook", args=["nobody"])
    assert client.post(url, b"{}", content_type="application/json").status_code == 404


def test_a_removed_source_is_404(client, prometheus):
    alert_sources.remove(prometheus[0], by=make.user())
    assert alerting.call(client, prometheus, FIRING).status_code == 404


def test_get_is_405_in_json(client, prometheus):
    response = client.get(reverse("incidents:alert-hook", args=[prometheus[0].key]))
    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert response.json()["error"] == "Send POST."


def test_a_paused_source_is_answered_well_and_passed_over(client, prometheus):
    alert_sources.pause(prometheus[0], by=make.user())
    response = alerting.call(client, prometheus, FIRING)
    assert (response.status_code, response.json()["status"]) == (202, "paused")
    assert not Alert.objects.exists()


def test_trouble_of_the_database_is_503_so_that_it_is_sent_again(client, prometheus):
    """Nothing is stored half: the message is taken again when it comes again."""

    def broken(execute, sql, *args):
        if sql.startswith("INSERT INTO") and "incidents_alertpayload" in sql:
            raise OperationalError("the disk is full")
        return execute(sql, *args)

    with connection.execute_wrapper(broken):
        response = alerting.call(client, prometheus, FIRING)
    assert (response.status_code, response["Retry-After"]) == (503, "10")
    assert not Incident.objects.exists()
    assert alerting.call(client, prometheus, FIRING).status_code == 202
    assert Alert.objects.count() == 1


def test_a_secret_that_the_console_cannot_read_is_503(client, settings):
    made = alerting.source("pagerduty")
    settings.SECRET_KEY = "another one, and the one before is not kept"
    assert alerting.call(client, made, alerting.page("triggered")).status_code == 503


def test_a_secret_key_that_was_moved_still_opens_it(client, settings):
    made = alerting.source("pagerduty")
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "the next one"
    assert alerting.call(client, made, alerting.page("triggered")).status_code == 202


def test_of_a_secret_the_database_has_no_word():
    token, _ = alerting.source()
    signing, secret = alerting.source("webhook", "Shop")
    row = AlertSource.objects.filter(pk=signing.pk).values().get()
    assert secret not in str(row)
    assert len(AlertSource.objects.get(pk=token.pk).digest) == 64


def test_the_last_fifty_payloads_are_kept_and_strangers_push_out_none(client, prometheus, monkeypatch):
    monkeypatch.setattr(alert_intake, "KEPT_PAYLOADS", 3)
    monkeypatch.setattr(alert_intake, "KEPT_STRANGE", 2)
    for _number in range(5):
        alerting.call(client, prometheus, FIRING)
        alerting.call(client, prometheus, FIRING, Authorization="Bearer wrong")
        AlertPayload.objects.update(at=now() - timedelta(minutes=2))
    assert AlertPayload.objects.filter(outcome="turned_away").count() == 2
    assert AlertPayload.objects.filter(outcome="taken").count() == 3


def test_strangers_do_not_make_it_write_without_end(client, prometheus, monkeypatch):
    monkeypatch.setattr(alert_intake, "KEPT_STRANGE", 2)
    answers = [alerting.call(client, prometheus, FIRING, Authorization="Bearer wrong") for _number in range(4)]
    assert {one.status_code for one in answers} == {401}
    assert AlertPayload.objects.count() == 2


def test_the_old_secret_works_for_a_day_more(client, prometheus, time_machine):
    source, old = prometheus
    by = make.user()
    new = alert_sources.new_secret(source, by=by)
    assert alerting.call(client, (source, old), FIRING).status_code == 202
    assert alerting.call(client, (source, new), FIRING).status_code == 202
    time_machine.move_to(now() + timedelta(hours=25))
    assert alerting.call(client, (source, old), FIRING).status_code == 401
    assert alerting.call(client, (source, new), FIRING).status_code == 202


def test_the_old_secret_can_be_ended_at_once(client):
    source, old = alerting.source("webhook")
    by = make.user()
    new = alert_sources.new_secret(source, by=by)
    body = {"data": {"title": "x"}}
    assert alerting.call(client, (source, old), body).status_code == 202
    alert_sources.forget_old_secret(source, by=by)
    assert alerting.call(client, (source, old), body).status_code == 401
    assert alerting.call(client, (source, new), {"data": {"title": "y"}}).status_code == 202


def test_what_no_database_can_keep_is_kept_otherwise(client, prometheus):
    body = b'{"alerts": [{"status": "firing", "labels": {"alertname": "a\\u0000b\\ud800", "service": "api"}}]}'
    assert alerting.call(client, prometheus, body).status_code == 202
    assert Alert.objects.get().title == "a�b�"
