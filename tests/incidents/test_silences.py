"""What alerts mean by the rules, and which are held back until a silence or a maintenance is over."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.timezone import now

from dr_console.errors import Refused
from incidents.models import Alert, AlertPayload, Incident, MaintenanceWindow, Service
from incidents.services import alert_chores, silences
from tests import make
from tests.incidents import alerting
from tests.incidents.alerting import alert, call, message

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _services():
    alerting.services()


@pytest.fixture
def prometheus():
    return alerting.source()


# --- Rules ------------------------------------------------------------------------------------------------------------


def _rule(**fields):
    wanted = {"name": "rule", "source": None, "action": "route", "severity": "", "service": None, "matchers": []}
    return silences.add_rule(by=make.user(f"maker-{fields.get('name', '')}"), **wanted | fields)


def test_the_first_rule_that_holds_decides(client, prometheus):
    database = Service.objects.get(key="database")
    _rule(name="a", matchers=[["team", "=", "dba"]], severity="P0", service=database)
    _rule(name="b", matchers=[], action="list")
    call(client, prometheus, message(alert("A", team="dba"), alert("B", team="web")))
    incident = Incident.objects.get()
    assert (incident.severity, incident.service) == ("P0", database)
    assert Alert.objects.get(incident=None).title.startswith("B")


def test_a_rule_of_another_source_does_not_hold(client, prometheus):
    _rule(source=alerting.source(name="Other")[0], severity="P0")
    call(client, prometheus, message(alert(service="api")))
    assert Incident.objects.get().severity == "P1"


@pytest.mark.parametrize(
    ("opens", "severity", "count"),
    [("P1", "warning", 0), ("P1", "critical", 1), ("P3", "info", 1), ("never", "P0", 0), ("P0", "turquoise", 1)],
)
def test_a_source_opens_from_a_severity_on(client, opens, severity, count):
    call(client, alerting.source(opens=opens), message(alert(service="api", severity=severity)))
    assert Incident.objects.count() == count
    assert Alert.objects.count() == 1


def test_rules_change_places(prometheus):
    by = make.user()
    first, second = _rule(name="first"), _rule(name="second")
    silences.move_rule(second, up=True, by=by)
    silences.move_rule(second, up=True, by=by)
    assert [one.name for one in type(first).objects.all()] == ["second", "first"]


# --- Silences and maintenance -----------------------------------------------------------------------------------------


def _silence(**fields):
    wanted = {"matchers": [["service", "=", "api"]], "source": None, "starts_at": None, "minutes": 60, "reason": "work"}
    return silences.begin(by=make.user(), **wanted | fields)


def test_a_silence_holds_back_until_it_ends(client, prometheus, time_machine):
    _silence()
    call(client, prometheus, message(alert(service="api")))
    assert not Incident.objects.exists()
    assert "1 held back" in AlertPayload.objects.get().words
    alert_chores.look()
    assert not Incident.objects.exists()
    time_machine.move_to(now() + timedelta(minutes=61))
    alert_chores.look()
    assert Alert.objects.get().incident == Incident.objects.get()


def test_what_is_over_by_then_opens_nothing(client, prometheus, time_machine):
    _silence()
    call(client, prometheus, message(alert(service="api")))
    call(client, prometheus, message(alert(service="api", status="resolved")))
    time_machine.move_to(now() + timedelta(minutes=61))
    alert_chores.look()
    assert not Incident.objects.exists()


def test_a_silence_ended_early_lets_through_at_once(client, prometheus):
    silence = _silence()
    call(client, prometheus, message(alert(service="api")))
    silences.end(silence, by=make.user("bob"))
    alert_chores.look()
    assert Incident.objects.count() == 1
    with pytest.raises(Refused, match="over already"):
        silences.end(silence, by=make.user("eve"))


def test_a_silence_holds_back_no_other_alert(client, prometheus):
    _silence()
    call(client, prometheus, message(alert(service="database")))
    assert Incident.objects.count() == 1


def test_a_silence_that_is_yet_to_come_holds_nothing_back(client, prometheus, time_machine):
    _silence(starts_at=now() + timedelta(hours=1))
    call(client, prometheus, message(alert(service="api")))
    assert Incident.objects.count() == 1


def test_a_silence_of_everything_is_refused():
    with pytest.raises(Refused, match="Say which alerts"):
        _silence(matchers=[])


def test_maintenance_holds_alerts_of_its_service_back(client, prometheus, time_machine):
    at = now()
    MaintenanceWindow.objects.create(
        service=Service.objects.get(key="api"),
        starts_at=at,
        ends_at=at + timedelta(hours=1),
        reason="x",
        by=make.user(),
    )
    call(client, prometheus, message(alert(service="api"), alert(service="database")))
    assert Incident.objects.get().service.key == "database"
    time_machine.move_to(at + timedelta(minutes=61))
    alert_chores.look()
    assert Incident.objects.count() == 2


def test_a_maintenance_that_ends_early_lets_through(client, prometheus):
    at = now()
    window = MaintenanceWindow.objects.create(starts_at=at, ends_at=at + timedelta(hours=1), reason="x", by=make.user())
    call(client, prometheus, message(alert(service="api")))
    assert not Incident.objects.exists()
    MaintenanceWindow.objects.filter(pk=window.pk).update(ends_at=now())
    alert_chores.look()
    assert Incident.objects.count() == 1
