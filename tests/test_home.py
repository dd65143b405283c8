"""The first page: the state of the world, as it is and not as one hopes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now

from backups.models import BackupPolicy, RecoveryPoint
from backups.queries import recovery_states
from dr_console.home import not_ready, objectives
from drills.models import Drill, DrillCalendar
from incidents.models import Incident
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def home(client):
    client.force_login(make.user("vera", role="viewer"))
    return lambda: client.get(reverse("home")).content.decode()


def recovered(minutes: int, **fields: object) -> Incident:
    began = now() - timedelta(days=1)
    ended = began + timedelta(minutes=minutes)
    return make.incident(
        status="resolved", started_at=began, mitigated_at=ended, resolved_at=ended + timedelta(minutes=5), **fields
    )


def reached() -> list[float | None]:
    return [one.value for one in objectives(recovery_states())]


def test_what_was_not_measured_is_said_to_be_unknown():
    make.plan()
    assert reached() == [None, None, None]


def test_the_recovery_time_is_that_of_the_slowest_recovery():
    make.plan()
    recovered(4)
    recovered(12)
    assert reached()[0] == 12


def test_practice_does_not_count_as_a_recovery():
    make.plan()
    recovered(12, is_practice=True)
    assert reached()[0] is None


def test_a_recovery_of_long_ago_does_not_count():
    make.plan()
    old = recovered(12)
    Incident.objects.filter(pk=old.pk).update(started_at=now() - timedelta(days=31))
    assert reached()[0] is None


def test_the_recovery_point_is_that_of_the_oldest_real_time_copy():
    make.plan()
    for minutes, policy in enumerate(BackupPolicy.objects.filter(category="real_time"), start=20):
        RecoveryPoint.objects.create(policy=policy, at=now() - timedelta(minutes=minutes))
    assert 21 <= reached()[1] < 22


def test_without_a_plan_there_are_no_objectives():
    assert objectives(recovery_states()) == []


def test_failures_come_before_what_is_only_unknown():
    make.plan()
    states = [finding.state for finding in not_ready(recovery_states())]
    assert states == sorted(states, key=["failed", "waiting", "unknown"].index)
    assert {"failed", "unknown"} <= set(states)


def test_every_finding_leads_to_a_page_that_opens(client, home):
    make.plan()
    for finding in not_ready(recovery_states()):
        assert client.get(reverse(finding.page) + f"?{finding.query}").status_code in (200, 503)


def test_the_worst_open_incident_stands_first(home):
    make.plan()
    make.incident(reference="INC-2026-801", title="A slow page", severity="P3")
    make.incident(reference="INC-2026-802", title="Tokyo is dark", severity="P0")
    page = home()
    assert page.index("Tokyo is dark") < page.index("A slow page")


def test_many_open_incidents_do_not_make_the_page_endless(home):
    make.plan()
    for number in range(12):
        make.incident(reference=f"INC-2026-9{number:02}", title=f"Incident {number}")
    page = home()
    assert page.count("INC-2026-9") // 2 <= 20
    assert "All open incidents" in page


def test_a_quiet_day_tells_when_the_last_incident_was(home):
    make.plan()
    recovered(10)
    assert "The last incident was resolved" in home()


def test_services_stand_beside_their_regions(home):
    make.plan()
    page = home()
    assert all(name in page for name in ("Tokyo", "California", "Frankfurt", "Cold standby"))


def test_the_last_drill_and_the_next_one_are_named(home, time_machine):
    time_machine.move_to("2026-11-22 12:00 +0000", tick=False)
    make.plan()
    calendar = DrillCalendar.objects.get()
    Drill.objects.create(calendar=calendar, state="passed", starts_at=now(), ended_at=now())
    page = home()
    assert "2026-12-02 02:00 UTC" in page
    assert "Passed" in page


def test_an_empty_console_says_what_to_do_next(home):
    page = home()
    assert "load_plan" in page
    assert "Add the first one" in page
