"""Sources that have to call every so often: missed once, found again, and nobody blamed while the console was away."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import translation
from django.utils.timezone import now

from incidents.models import Alert, AlertSource, Incident
from incidents.services import alert_sources, heartbeat_monitors
from tests import make
from tests.incidents import alerting

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock(time_machine):
    """Minutes that pass, with the console looking every ten seconds."""
    at = [now().replace(microsecond=0)]
    time_machine.move_to(at[0], tick=False)
    heartbeat_monitors.look()

    def go_on(minutes, *, looking=True):
        for _step in range(round(minutes * 6)):
            at[0] += timedelta(seconds=10)
            time_machine.move_to(at[0], tick=False)
            if looking:
                heartbeat_monitors.look()

    return go_on


@pytest.fixture
def backup(clock):
    return alerting.source("heartbeat", "Nightly backup", every_minutes=5, grace_minutes=1, opens="P3")


def test_one_that_calls_is_left_alone(client, clock, backup):
    for _time in range(4):
        clock(4)
        assert alerting.call(client, backup, b"").status_code == 202
    assert not Alert.objects.exists()


def test_one_that_does_not_is_an_alert_once_and_over_with_its_next_call(client, clock, backup):
    clock(20)
    alert = Alert.objects.get()
    source = AlertSource.objects.get()
    assert (alert.is_firing, alert.started_at) == (True, source.made_at.replace(microsecond=0) + 6 * MINUTE)
    assert Incident.objects.get().origin == "alert"
    alerting.call(client, backup, b"")
    assert not Alert.objects.get().is_firing
    assert Incident.objects.get().status == "mitigated"
    clock(20)
    assert Alert.objects.count() == 2


@pytest.mark.parametrize(("given", "severity"), [("", "P2"), ("P0", "P0"), ("P3", "P3")])
def test_it_is_as_bad_as_the_source_says(clock, given, severity):
    alerting.source("heartbeat", "Backup", every_minutes=5, opens="P3", severity=given)
    clock(7)
    assert Incident.objects.get().severity == severity


def test_it_is_told_in_the_language_of_whoever_reads(clock, backup):
    clock(7)
    with translation.override("en"):
        said = Incident.objects.get().words
    assert said.startswith("Nightly backup has not called since 20")
    assert said.endswith("UTC; it should every 5 min")


def test_grace_counts(clock, backup):
    clock(5.5)
    assert not Alert.objects.exists()


@pytest.mark.parametrize("method", ["get", "head", "post"])
def test_any_call_will_do(client, clock, backup, method):
    url = reverse("incidents:alert-hook", args=[backup[0].key])
    response = getattr(client, method)(url, headers={"Authorization": f"Bearer {backup[1]}"})
    assert response.status_code == 202
    assert AlertSource.objects.get().heard_at is not None


def test_a_stranger_does_not_keep_it_alive(client, clock, backup):
    alerting.call(client, backup, b"", Authorization="Bearer wrong")
    clock(7)
    assert Alert.objects.count() == 1


def test_two_that_look_at_once_raise_one(clock, backup):
    clock(5.9)
    stale = AlertSource.objects.get()
    at = now() + MINUTE
    assert heartbeat_monitors._miss(stale, at)
    assert not heartbeat_monitors._miss(stale, at)
    assert Alert.objects.count() == 1


def test_nobody_is_blamed_while_the_console_was_away(client, clock, backup):
    clock(60, looking=False)
    heartbeat_monitors.look()
    assert not Alert.objects.exists()
    clock(7)
    assert Alert.objects.count() == 1


def test_a_paused_one_is_not_waited_for(clock, backup):
    ada = make.user()
    alert_sources.pause(backup[0], by=ada)
    clock(20)
    assert not Alert.objects.exists()
    alert_sources.resume(backup[0], by=ada)
    clock(5)
    assert not Alert.objects.exists()
    clock(2)
    assert Alert.objects.count() == 1


def _settings(source, **changes):
    names = ("name", "service", "severity", "opens", "every_minutes", "grace_minutes", "is_practice")
    return {name: getattr(source, name) for name in names} | changes


@pytest.mark.parametrize("act", ["pause", "remove", "change"])
def test_when_nobody_waits_for_it_any_more_it_is_not_missed(clock, backup, act):
    clock(7)
    changes = _settings(backup[0], every_minutes=None) if act == "change" else {}
    getattr(alert_sources, act)(backup[0], by=make.user(), **changes)
    assert not Alert.objects.get().is_firing
    clock(10)
    assert Alert.objects.count() == 1


def test_alertmanager_too_can_be_one_that_must_call(client, clock):
    """Its watchdog alert repeats: when it stops, monitoring itself is what is broken."""
    alerting.services()
    made = alerting.source(every_minutes=5)
    clock(7)
    alerting.call(client, made, alerting.message(alerting.alert("Watchdog", severity="info")))
    fired = Alert.objects.get(fingerprint=heartbeat_monitors.FINGERPRINT)
    assert not fired.is_firing
