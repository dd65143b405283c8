"""From open to closed and back, how bad it is, and by when a postmortem is owed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils.timezone import now

from dr_console.audit.models import AuditEntry
from dr_console.errors import Refused
from dr_console.notifications.models import Delivery
from dr_console.web.sentences import sentence
from incidents.models import Incident, Severity
from incidents.queries.lifecycle import later
from incidents.services import incident as incidents
from incidents.services import lifecycle
from tests import make

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture
def ada():
    make.plan()
    return make.user("ada")


def said_to_people(incident, event):
    found = Delivery.objects.filter(about=incident.reference, payload__event=event)
    return sorted(found.values_list("channel", flat=True))


# --- The rules ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "refused"),
    [
        ("open", ["close", "reopen"]),
        ("mitigated", ["mitigate", "close"]),
        ("resolved", ["mitigate", "resolve"]),
        ("closed", ["mitigate", "resolve", "close"]),
    ],
)
def test_from_here_these_cannot_be(ada, status, refused):
    over = {"resolved_at": now()} if status in ("resolved", "closed") else {}
    incident = make.incident(status=status, **over)
    for verb in refused:
        with pytest.raises(Refused, match="is in the state"):
            getattr(lifecycle, verb)(incident, by=ada, reason="Why not")


def test_opening_again_asks_why_and_starts_all_clocks_anew(ada):
    incident = make.incident(started_at=now() - 10 * MINUTE)
    incidents.recovered(incident, at=now() - MINUTE, verified_at=now())
    lifecycle.close(lifecycle.resolve(incident, by=ada), by=ada)
    with pytest.raises(Refused, match="Say why"):
        lifecycle.reopen(incident, by=ada, reason="  ")
    incident = lifecycle.reopen(incident, by=ada, reason="Half of Tokyo is still dark")
    times = (incident.mitigated_at, incident.recovered_at, incident.verified_at, incident.resolved_at)
    assert (incident.status, *times, incident.closed_at) == ("open", None, None, None, None, None)
    assert AuditEntry.objects.get(action="incident.open").after["reason"] == "Half of Tokyo is still dark"
    assert incidents.recovered(incident, at=now(), verified_at=now()), "the second recovery counts as the first did"
    assert Incident.objects.get().status == "mitigated"


def test_nothing_is_resolved_while_a_run_is_at_work_on_it(ada):
    incident = make.incident()
    run = make.run(state="running")
    incident.runs.add(run)
    with pytest.raises(Refused, match=run.code):
        lifecycle.resolve(incident, by=ada)


def test_what_a_person_called_mitigated_stays_so_while_probes_fail(ada):
    incident = lifecycle.mitigate(make.incident(), by=ada, reason="Static pages are served")
    mitigated_at = incident.mitigated_at
    assert not incidents.failing_again(incident, at=now(), why=sentence("Tokyo"))
    assert incidents.recovered(incident, at=now(), verified_at=now() + MINUTE)
    incident.refresh_from_db()
    assert incident.mitigated_at == mitigated_at
    assert incidents.failing_again(incident, at=now(), why=sentence("Tokyo"))


def test_of_what_is_noticed_by_the_same_one_is_open(ada):
    first = make.incident(dedup_key="failure:region_failure:tokyo")
    lifecycle.resolve(first, by=ada)
    second = make.incident(dedup_key="failure:region_failure:tokyo")
    with pytest.raises(Refused, match=f"{second.reference} is open for the same"):
        lifecycle.reopen(first, by=ada, reason="It was not over")


# --- Who is told ----------------------------------------------------------------------------------------------------


def test_people_hear_once_that_it_is_over_and_nobody_is_called_for_it(ada):
    incident, _is_new = incidents.declare(title="Down", severity=Severity.P0, service=None, by=ada)
    assert "phone" in said_to_people(incident, "declared")
    lifecycle.mitigate(incident, by=ada)
    assert said_to_people(incident, "over") == ["pagerduty", "slack"]
    assert Delivery.objects.get(dedup_key__contains=":over:", channel="pagerduty").payload["action"] == "resolve"
    lifecycle.resolve(incident, by=ada)
    assert len(said_to_people(incident, "over")) == 2


def test_opening_again_pages_again(ada):
    incident, _is_new = incidents.declare(title="Down", severity=Severity.P0, service=None, by=ada)
    lifecycle.reopen(lifecycle.resolve(incident, by=ada), by=ada, reason="Still down")
    assert "phone" in said_to_people(incident, "open_again")
    page = Delivery.objects.get(payload__event="open_again", channel="pagerduty")
    assert (page.payload["action"], page.payload["key"]) == ("trigger", f"incident:{incident.reference}:2:0:0")
    assert "Opened again: Still down" in page.body


def test_while_it_comes_and_goes_people_hear_of_a_recovery_that_lasts(ada, time_machine):
    time_machine.move_to("2026-11-01 10:00 +0000", tick=False)
    incident, _is_new = incidents.declare(title="Flaps", severity=Severity.P1, service=None, by=None)

    def comes(minute):
        time_machine.move_to(f"2026-11-01 10:{minute:02} +0000", tick=False)
        incidents.recovered(incident, at=now(), verified_at=now())

    def goes(minute):
        time_machine.move_to(f"2026-11-01 10:{minute:02} +0000", tick=False)
        incidents.failing_again(incident, at=now(), why=sentence("Tokyo"))

    comes(1)
    told = Delivery.objects.filter(dedup_key__contains=":recovered:")
    assert all(one.not_before == now() for one in told), "the first time they hear at once"
    Delivery.objects.update(state="sent", ended_at=now())
    goes(2)
    assert said_to_people(incident, "open_again"), "and that it fails again"
    Delivery.objects.filter(state="queued").update(state="sent")
    comes(3)
    waiting = told.filter(state="queued")
    assert {one.not_before - now() for one in waiting} == {2 * MINUTE}
    count = len(said_to_people(incident, "open_again"))
    goes(4)
    assert not waiting.all()
    assert len(said_to_people(incident, "open_again")) == count, "nobody had heard that it was over"
    comes(5)
    assert waiting.all()
    Delivery.objects.update(state="sent", ended_at=now())
    goes(8)
    assert len(said_to_people(incident, "open_again")) == 2 * count


# --- How bad it is --------------------------------------------------------------------------------------------------


def test_a_worse_severity_pages_whom_the_matrix_names_for_it_and_a_milder_one_rings_nobody(ada):
    incident, _is_new = incidents.declare(title="Slow", severity=Severity.P2, service=None, by=ada)
    incident = lifecycle.set_severity(incident, Severity.P0, by=ada, seen="P2", reason="Nobody can pay")
    assert "phone" in said_to_people(incident, "worse")
    told = set(Delivery.objects.values_list("pk", flat=True))
    lifecycle.set_severity(incident, Severity.P3, by=ada)
    assert {one.channel for one in Delivery.objects.exclude(pk__in=told)} == {"email"}
    words = [entry.words for entry in incident.timeline.filter(kind="decided")]
    assert words == ["Severity changed from P2 to P0: Nobody can pay", "Severity changed from P0 to P3"]


@pytest.mark.parametrize(("severity", "is_paged"), [(Severity.P0, True), (Severity.P1, False), (Severity.P3, False)])
def test_what_was_pending_is_decided(ada, severity, is_paged):
    incident, _is_new = incidents.declare(title="Odd", severity="", service=None, by=ada)
    incident = lifecycle.set_severity(incident, severity, by=ada, seen="")
    assert bool(said_to_people(incident, "worse")) == is_paged
    assert incident.timeline.get(kind="decided").words == f"Severity decided: {severity}"


def test_who_looked_at_another_severity_is_told(ada):
    incident = lifecycle.set_severity(make.incident(severity="P1"), Severity.P0, by=ada)
    with pytest.raises(Refused, match="Meanwhile somebody has made it P0"):
        lifecycle.set_severity(incident, Severity.P3, by=ada, seen="P1")
    with pytest.raises(Refused, match="It is P0 already"):
        lifecycle.set_severity(incident, Severity.P0, by=ada)
    Incident.objects.update(status="closed", resolved_at=now())
    with pytest.raises(Refused, match="is closed"):
        lifecycle.set_severity(incident, Severity.P1, by=ada)


# --- The postmortem -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("severity", "due"),
    [("P0", "2026-11-23"), ("P1", "2026-11-27"), ("P2", None), ("", "2026-11-27")],
)
def test_a_postmortem_is_owed_as_the_plan_says(ada, time_machine, severity, due):
    time_machine.move_to("2026-11-20 12:00 +0000", tick=False)  # a Friday
    incident = lifecycle.resolve(make.incident(severity=severity), by=ada)
    assert (incident.postmortem_due_at and f"{incident.postmortem_due_at:%Y-%m-%d}") == due
    assert incident.timeline.filter(dedup_key__startswith="postmortem:").exists() == bool(due)


def test_it_follows_the_severity_and_ends_with_the_incident_open_again(ada):
    incident = lifecycle.resolve(make.incident(severity="P3"), by=ada)
    assert lifecycle.set_severity(incident, Severity.P0, by=ada).postmortem_due_at is not None
    assert lifecycle.reopen(incident, by=ada, reason="Not over").postmortem_due_at is None


def test_a_drill_owes_none(ada):
    assert lifecycle.resolve(make.incident(is_practice=True), by=ada).postmortem_due_at is None


def test_working_days_leave_out_the_weekend():
    friday = datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert later(friday, 1, working_days_only=True) == datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert later(friday + timedelta(days=1), 5, working_days_only=True) == datetime(2026, 11, 27, 12, tzinfo=UTC)
    assert later(friday, 3, working_days_only=False) == datetime(2026, 11, 23, 12, tzinfo=UTC)
