"""Declaring incidents, once however many notice, and saying how far they are."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.utils import translation
from django.utils.timezone import now

from dr_console.audit.models import AuditEntry
from dr_console.errors import Refused
from dr_console.live.models import Event
from dr_console.web.sentences import sentence
from incidents.models import Incident, Severity
from incidents.services import incident as incidents
from incidents.services import lifecycle
from tests import make

MINUTE = timedelta(minutes=1)


def declare(**facts: Any) -> tuple[Incident, bool]:
    defaults: dict[str, Any] = {"title": "API unavailable", "severity": Severity.P0, "service": None, "by": None}
    return incidents.declare(**defaults | facts)


def all_at_once(count: int, act: Callable[[int], Any]) -> list[Any]:
    barrier = Barrier(count)

    def one(number: int) -> Any:
        try:
            barrier.wait(30)
            return act(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


@pytest.mark.django_db(transaction=True)
def test_fifty_notices_at_once_open_one_incident():
    found = all_at_once(50, lambda number: declare(dedup_key="failure:region_failure:tokyo"))
    assert Incident.objects.count() == 1
    assert sum(is_new for _incident, is_new in found) == 1
    assert len({incident.pk for incident, _is_new in found}) == 1
    assert Incident.objects.get().timeline.filter(kind="declared").count() == 1


@pytest.mark.django_db(transaction=True)
def test_fifty_declarations_at_once_are_numbered_without_a_gap():
    all_at_once(50, lambda number: declare(title=f"Number {number}"))
    references = sorted(Incident.objects.values_list("reference", flat=True))
    assert references == [f"INC-{now().year}-{number:03}" for number in range(1, 51)]


@pytest.mark.django_db
def test_a_declaration_that_fails_takes_no_number():
    declare()
    with pytest.raises(TypeError):
        declare(diagnosis={"at": object()})
    assert declare()[0].reference == f"INC-{now().year}-002"


@pytest.mark.django_db
def test_the_number_is_written_as_the_plan_says_and_the_plan_in_force_is_kept():
    version = make.plan()
    incident, _is_new = declare()
    assert incident.reference == f"INC-{now().year}-001"
    assert incident.plan_version == version


@pytest.mark.django_db
def test_the_same_is_declared_anew_once_the_first_is_resolved():
    first, _is_new = declare(dedup_key="failure:cdn_failure:")
    assert declare(dedup_key="failure:cdn_failure:") == (first, False)
    lifecycle.resolve(first, by=make.user())
    second, is_new = declare(dedup_key="failure:cdn_failure:")
    assert is_new
    assert second != first


@pytest.mark.django_db
def test_a_title_of_the_console_is_read_in_the_readers_language():
    incident, _is_new = declare(title="x" * 300, said_title=sentence("Cancel"))
    assert len(incident.title) == 200
    with translation.override("zh-hans"):
        assert incident.words == "取消"
    assert make.incident(reference="INC-2020-001", title="Tokyo is dark").words == "Tokyo is dark"


@pytest.mark.django_db
def test_pages_and_the_audit_log_hear_of_it():
    incident, _is_new = declare(by=make.user("ada"))
    assert Event.objects.filter(topic__name="console", name="incidents").exists()
    entry = AuditEntry.objects.get(action="incident.declared")
    assert (entry.actor_name, entry.target) == ("ada", str(incident))


# --- Recovery ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_recovery_stops_the_clock_at_the_first_good_probe():
    make.plan()
    began = now() - 10 * MINUTE
    incident, _is_new = declare(started_at=began)
    assert incidents.recovered(incident, at=began + 4 * MINUTE, verified_at=began + 5 * MINUTE)
    incident.refresh_from_db()
    assert incident.recovery_time == 4 * MINUTE
    assert (incident.status, incident.verified_at, incident.mitigated_at) == (
        "mitigated",
        began + 5 * MINUTE,
        began + 5 * MINUTE,
    )
    said = [entry.words for entry in incident.timeline.all()]
    assert said[0] == "Users are served again"
    assert "Verified: mitigated" in said


@pytest.mark.django_db
def test_it_is_told_once_however_often_it_is_seen():
    make.plan()
    incident, _is_new = declare(started_at=now() - 5 * MINUTE)
    assert incidents.recovered(incident, at=now(), verified_at=now())
    assert not incidents.recovered(incident, at=now() + MINUTE, verified_at=now() + MINUTE)
    assert incident.timeline.filter(kind="recovered").count() == 1


@pytest.mark.django_db
def test_recovery_does_not_come_before_the_beginning():
    incident, _is_new = declare()
    incidents.recovered(incident, at=incident.started_at - MINUTE, verified_at=now())
    incident.refresh_from_db()
    assert incident.recovery_time == timedelta(0)


@pytest.mark.django_db
def test_what_fails_again_runs_on():
    incident, _is_new = declare(started_at=now() - 9 * MINUTE)
    assert not incidents.failing_again(incident, at=now(), why=sentence("Tokyo"))
    incidents.recovered(incident, at=now(), verified_at=now())
    assert incidents.failing_again(incident, at=now(), why=sentence("Tokyo"))
    incident.refresh_from_db()
    assert (incident.status, incident.recovered_at, incident.mitigated_at) == ("open", None, None)
    assert incidents.recovered(incident, at=now() + MINUTE, verified_at=now() + MINUTE)


# --- Another name, and another state ----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_second_diagnosis_renames_the_incident_and_never_makes_it_less_severe():
    facts = {"failure": "unsure", "dedup_key": "failure:unsure:api", "origin": Incident.Origin.BREACH}
    incident, _is_new = declare(severity=Severity.P1, **facts)
    region = sentence("Region failure")
    incident = incidents.rediagnose(incident, title=region, severity=Severity.P0, failure="region_failure")
    assert (incident.words, incident.severity, incident.failure) == ("Region failure", "P0", "region_failure")
    incident = incidents.rediagnose(incident, title=region, severity=Severity.P2, failure="region_failure")
    assert incident.severity == "P0"
    assert [entry.words for entry in incident.timeline.filter(kind="noticed")] == [
        "Now it looks like this: Region failure"
    ]


@pytest.mark.django_db
def test_people_mitigate_resolve_and_open_again():
    ada = make.user("ada")
    incident, _is_new = declare()
    assert lifecycle.mitigate(incident, by=ada).mitigated_at
    assert lifecycle.resolve(incident, by=ada).resolved_at
    incident = lifecycle.reopen(incident, by=ada, reason="Tokyo is dark again")
    assert (incident.status, incident.resolved_at, incident.mitigated_at) == ("open", None, None)
    actions = list(AuditEntry.objects.filter(action__startswith="incident.").values_list("action", flat=True))
    assert sorted(actions) == ["incident.declared", "incident.mitigated", "incident.open", "incident.resolved"]


@pytest.mark.django_db
def test_what_cannot_follow_is_refused_in_words():
    incident, _is_new = declare()
    lifecycle.resolve(incident, by=make.user())
    with pytest.raises(Refused, match="is in the state “Resolved”"):
        lifecycle.mitigate(incident, by=None)
