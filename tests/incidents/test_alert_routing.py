"""From a message to an incident: the same alert is the same, a service has one incident, what is over is said so."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.utils.timezone import now

from dr_console.errors import Refused
from incidents.models import Alert, Incident, Service
from incidents.services import alert_chores, alert_incidents, alert_routing, lifecycle
from tests import make
from tests.incidents import alerting
from tests.incidents.alerting import alert, call, message, recorded

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _services():
    alerting.services()


@pytest.fixture
def prometheus():
    return alerting.source()


def words(incident):
    return [entry.words for entry in incident.timeline.order_by("seq")]


# --- What a real Alertmanager sent ------------------------------------------------------------------------------------


def test_a_real_alertmanager_opens_groups_and_clears(client, prometheus):
    assert call(client, prometheus, recorded("firing")).status_code == 202
    incident = Incident.objects.get()
    assert (incident.origin, incident.severity, incident.service.key) == ("alert", "P1", "api")
    assert incident.words == "2 alerts of Prometheus Tokyo, the first: 5 % of requests to api fail"
    assert {one.title for one in incident.alerts.all()} == {"5 % of requests to api fail", "p95 is 900 ms"}

    call(client, prometheus, recorded("another-service"))
    call(client, prometheus, recorded("repeated"))
    assert Incident.objects.count() == 2
    assert Alert.objects.get(fingerprint="dd64583b398bcc2e").times == 2

    call(client, prometheus, recorded("one-resolved"))
    assert Alert.objects.firing().filter(incident=incident).count() == 1
    call(client, prometheus, recorded("resolved"))
    incident.refresh_from_db()
    assert not Alert.objects.firing().filter(incident=incident).exists()
    assert incident.status == "mitigated"
    assert words(incident)[-2:] == ["None of its alerts fires any more.", "Mitigated"]
    assert Incident.objects.open().get(service__key="database").words == "The disk of 数据库 is 95 % full"


def test_what_was_recorded_is_told_as_it_was(client, prometheus):
    call(client, prometheus, recorded("firing"))
    one = Alert.objects.get(fingerprint="dd64583b398bcc2e")
    assert f"{one.started_at:%H:%M:%S.%f}" == "21:56:08.046632"
    assert one.text == "5xx over 5 minutes is 5.1 %\nhttps://runbooks.example.com/errors"
    assert one.link == "http://prometheus.example.com/graph?g0.expr=up"
    assert one.labels["region"] == "tokyo"


def test_a_message_that_comes_twice_changes_nothing(client, prometheus):
    for _number in range(3):
        call(client, prometheus, recorded("resolved"))
        call(client, prometheus, recorded("firing"))
        call(client, prometheus, recorded("firing"))
    assert Incident.objects.count() == 1
    assert Alert.objects.count() == 2


# --- The same alert ---------------------------------------------------------------------------------------------------


def test_fired_again_later_it_is_another_one_of_the_same_incident(client, prometheus):
    call(client, prometheus, message(alert(service="api")))
    call(client, prometheus, message(alert(service="api", status="resolved")))
    again = alert(service="api") | {"startsAt": now().isoformat()}
    call(client, prometheus, message(again))
    incident = Incident.objects.get()
    assert incident.status == "open"
    assert [one.is_firing for one in incident.alerts.order_by("pk")] == [False, True]
    assert "It fails again: HighErrorRate of api" in words(incident)


def test_fired_again_since_the_same_moment_it_was_not_over(client, prometheus):
    for status in ("firing", "resolved", "firing"):
        call(client, prometheus, message(alert(service="api", status=status)))
    assert Alert.objects.get().is_firing


def test_a_moment_that_is_still_to_come_counts_as_now(client, prometheus):
    ahead = alert(service="api") | {"startsAt": (now() + timedelta(days=1)).isoformat()}
    call(client, prometheus, message(ahead))
    assert Alert.objects.get().started_at <= now()
    assert Incident.objects.get().started_at <= now()


def test_a_worse_alert_makes_the_incident_worse(client, prometheus):
    call(client, prometheus, message(alert("Slow", service="api", severity="warning")))
    assert Incident.objects.get().severity == "P2"
    call(client, prometheus, message(alert("Down", service="api", severity="critical")))
    assert Incident.objects.get().severity == "P1"
    call(client, prometheus, message(alert("Odd", service="api", severity="P0")))
    assert Incident.objects.get().severity == "P0"
    call(client, prometheus, message(alert("Slow", service="api", severity="warning")))
    assert Incident.objects.get().severity == "P0"


def test_an_unknown_severity_is_for_people_to_decide(client, prometheus):
    call(client, prometheus, message(alert(service="api", severity="turquoise")))
    assert Incident.objects.get().severity == ""


def test_an_unknown_severity_is_what_the_source_says(client):
    made = alerting.source(severity="P2")
    call(client, made, message(alert(service="api", severity="")))
    assert Incident.objects.get().severity == "P2"


# --- Which incident ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("label", ["api", "API", "api.example.com"])
def test_the_service_is_known_by_key_name_and_host(client, prometheus, label):
    call(client, prometheus, message(alert(service=label)))
    assert Incident.objects.get().service.key == "api"


def test_an_alert_joins_what_a_person_declared_for_the_service(client, prometheus):
    mine = make.incident(service=Service.objects.get(key="api"), severity="P2")
    call(client, prometheus, message(alert(service="api")))
    assert Alert.objects.get().incident == mine
    assert words(mine) == ["Alert of Prometheus Tokyo: HighErrorRate of api"]
    mine.refresh_from_db()
    assert mine.severity == "P2"  # people have said how bad it is


def test_an_alert_joins_what_the_console_noticed_of_its_service(client, prometheus):
    noticed = make.incident(origin="breach", diagnosis={"is_felt": True, "services": ["database", "api"]})
    call(client, prometheus, message(alert(service="api")))
    assert Alert.objects.get().incident == noticed


def test_a_drill_takes_no_real_alert_and_a_real_incident_none_of_a_drill(client, prometheus):
    make.incident(service=Service.objects.get(key="api"), is_practice=True)
    call(client, prometheus, message(alert(service="api")))
    call(client, alerting.source(name="Trial", is_practice=True), message(alert(service="database")))
    real = Alert.objects.get(source=prometheus[0]).incident
    assert not real.is_practice
    assert Alert.objects.exclude(source=prometheus[0]).get().incident.is_practice


def test_alerts_of_no_known_service_are_one_incident_of_their_source(client, prometheus):
    call(client, prometheus, message(alert("A", service="unheard-of")))
    call(client, prometheus, message(alert("B")))
    assert Incident.objects.get().service is None
    assert Alert.objects.values("incident").distinct().count() == 1


def test_alerts_follow_a_merged_incident(client, prometheus):
    call(client, prometheus, message(alert(service="api")))
    duplicate, other = Incident.objects.get(), make.incident()
    resolved = {"status": "closed", "resolved_at": now(), "closed_at": now()}
    Incident.objects.filter(pk=duplicate.pk).update(merged_into=other, **resolved)
    call(client, prometheus, message(alert("Second", service="api")))
    call(client, prometheus, message(alert(service="api", status="resolved")))
    assert Alert.objects.get(title__startswith="Second").incident in (other, duplicate)
    assert Incident.objects.count() == 2
    assert "Alert cleared: HighErrorRate of api" in words(other)


def test_what_still_fires_long_after_the_end_opens_another(client, prometheus, time_machine):
    call(client, prometheus, message(alert(service="api")))
    first = Incident.objects.get()
    lifecycle.resolve(first, by=make.user())
    call(client, prometheus, message(alert(service="api")))
    assert Incident.objects.count() == 1
    time_machine.move_to(now() + alert_incidents.GRACE + timedelta(minutes=1))
    call(client, prometheus, message(alert(service="api")))
    assert Incident.objects.count() == 2
    assert Alert.objects.get().incident != first


def test_only_people_say_so_once_somebody_leads(client, prometheus):
    call(client, prometheus, message(alert(service="api")))
    Incident.objects.update(commander=make.user())
    call(client, prometheus, message(alert(service="api", status="resolved")))
    assert Incident.objects.get().status == "open"


# --- A flood ----------------------------------------------------------------------------------------------------------


def _flood(count):
    return [alert(f"Broken{number}", service=f"shop-{number % 40}") for number in range(count)]


def test_a_flood_of_a_thousand_alerts_opens_one_incident(client, prometheus, django_assert_max_num_queries, capsys):
    began = time.perf_counter()
    with django_assert_max_num_queries(150):
        assert call(client, prometheus, message(*_flood(1000))).status_code == 202
    with capsys.disabled():
        print(f"\n1,000 alerts in one message: {time.perf_counter() - began:.2f} s")
    assert Alert.objects.filter(incident=Incident.objects.get()).count() == 1000
    call(client, prometheus, message(*[one | {"status": "resolved"} for one in _flood(1000)]))
    assert not Alert.objects.firing().exists()


def test_more_services_at_once_than_a_few_are_one_trouble(client, prometheus):
    for number in range(6):
        Service.objects.create(key=f"s{number}", name=f"S {number}", position=10 + number, hostnames=[])
    call(client, prometheus, message(*(alert(service=f"s{number}") for number in range(6))))
    assert Incident.objects.get().service is None


def test_one_after_the_other_they_open_a_few_and_then_join(client, prometheus):
    for number in range(8):
        Service.objects.create(key=f"s{number}", name=f"S {number}", position=10 + number, hostnames=[])
        call(client, prometheus, message(alert(service=f"s{number}")))
    assert Incident.objects.count() == alert_incidents.MOST_AT_ONCE
    assert Alert.objects.filter(incident=None).count() == 0


# --- People -----------------------------------------------------------------------------------------------------------


def test_a_person_says_that_it_is_over(client, prometheus):
    call(client, prometheus, message(alert(service="api")))
    ada = make.user()
    cleared = alert_routing.clear(Alert.objects.get(), by=ada)
    assert cleared.cleared_by == ada
    with pytest.raises(Refused):
        alert_routing.clear(cleared, by=ada)
    call(client, prometheus, message(alert(service="api")))
    assert Alert.objects.firing().count() == 1
    assert Alert.objects.count() == 2


def test_what_belonged_to_no_incident_is_forgotten_after_a_while(client, time_machine):
    made = alerting.source(opens="never")
    call(client, made, message(alert()))
    call(client, made, message(alert(status="resolved")))
    time_machine.move_to(now() + alert_chores.KEPT + timedelta(days=1))
    assert alert_chores.tidy(now()) == 1
    assert alert_chores.tidy(now()) == 0
