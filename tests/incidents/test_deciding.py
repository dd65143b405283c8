"""From health checks in the database to an incident, and to a failover or to what stands in its way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from dr_console.live.models import Event
from dr_console.notifications.models import Delivery
from dr_console.providers.capabilities.probe import ProbeResult, Timings
from dr_console.runs.models import Run
from incidents.confirming import Verdict
from incidents.models import (
    BlockedTrigger,
    Decision,
    DecisionState,
    FailoverPlan,
    Incident,
)
from incidents.services import deciding
from incidents.services import incident as incidents
from tests import make
from tests.incidents.considering import HOSTS, Console, blocked, console
from tests.incidents.seeing import CALIFORNIA, TOKYO, World
from tests.incidents.test_incident_services import all_at_once

__all__ = ["console"]

pytestmark = pytest.mark.django_db
Blocker = BlockedTrigger.Blocker


def test_nothing_happens_while_all_is_well(console):
    assert console.rounds(3) is Verdict.WELL
    assert not Incident.objects.exists()
    assert not Decision.objects.exists()
    assert DecisionState.objects.get().diagnosis["kind"] == "well"


@pytest.mark.parametrize(
    ("world", "failure", "title", "plan"),
    [
        (World(lost={TOKYO}), "region_failure", "Region failure: Tokyo does not answer", "region-failure-"),
        (World(api_broken={TOKYO}), "api_errors", "API fails in Tokyo", "api-errors-"),
        (World(cdn_fails=True), "cdn_failure", "The CDN fails", "cdn-failure-"),
    ],
)
def test_what_is_certain_opens_one_incident_and_starts_the_plans_answer(
    console, monkeypatch, world, failure, title, plan
):
    monkeypatch.setattr("incidents.services.health.probe_all", all_well)
    console.watcher.world = world
    assert console.rounds(2) is Verdict.WATCHING
    assert not Incident.objects.exists()
    assert console.rounds() is Verdict.CONFIRMED
    incident = Incident.objects.get()
    assert (incident.failure, incident.words, incident.severity) == (failure, title, "P0")
    assert incident.started_at == console.watcher.at - timedelta(seconds=10)
    run = Run.objects.get()
    assert run.plan_key.startswith(plan)
    assert (run.trigger, run.verb, run.by) == ("automatic", "recover", None)
    assert list(incident.runs.all()) == [run]
    assert set(Decision.objects.values_list("outcome", flat=True)) >= {"declared", "started"}
    console.rounds(5)
    assert (Incident.objects.count(), Run.objects.count(), blocked()) == (1, 1, [])


async def all_well(targets: Any, *, deadline: Any) -> list[Any]:
    """The wire: every address that nobody else looks at answers well."""
    return [ProbeResult(target.url, Timings(), status=200) for target in targets]


def test_the_timeline_and_the_people_are_told_why(console):
    console.watcher.world = World(lost={TOKYO})
    console.rounds(3)
    incident = Incident.objects.get()
    told = [entry.words for entry in incident.timeline.all()]
    assert told[0] == "First health check that failed"
    assert any("Nothing in Tokyo answers when asked directly: 5 of 5" in words for words in told)
    assert Delivery.objects.filter(about=incident.reference).exists()
    with translation.override("zh-hans"):
        assert "东京" in " ".join(entry.words for entry in incident.timeline.all())


def test_a_region_that_users_do_not_notice_is_an_incident_of_less_severity_and_nothing_is_started(console):
    console.watcher.world = World(lost={CALIFORNIA})
    console.rounds(4)
    incident = Incident.objects.get()
    assert (incident.severity, incident.failure) == ("P2", "region_failure")
    assert not Run.objects.exists()
    assert blocked() == []
    console.world.lost = set()
    console.rounds(3)
    incident.refresh_from_db()
    assert incident.status == "mitigated"


def test_a_cold_standby_that_does_not_answer_is_no_incident(console):
    console.watcher.world = World(lost={"eu-central-1"})
    console.rounds(5)
    assert not Incident.objects.exists()


def test_a_console_that_is_cut_off_starts_nothing_and_says_so(console):
    console.watcher.world = World(isolated={"here"})
    assert console.rounds(5) is Verdict.CUT_OFF
    assert not Incident.objects.exists()
    trigger = BlockedTrigger.objects.get()
    assert (trigger.blocker, trigger.incident, trigger.is_releasable) == (Blocker.CUT_OFF, None, False)
    assert Decision.objects.get().outcome == "blocked"
    console.watcher.world = World()
    console.rounds()
    assert blocked() == []


def test_what_is_unclear_becomes_an_incident_for_people(console):
    console.watcher.world = World(name_broken={"api.example.com"})
    console.rounds(6)
    incident = Incident.objects.get()
    assert (incident.failure, incident.severity) == ("unsure", "P1")
    assert not Run.objects.exists()
    assert blocked() == [Blocker.NO_PLAN]


def test_what_turns_out_otherwise_stays_one_incident(console):
    console.watcher.world = World(name_broken={"api.example.com"})
    console.rounds(6)
    console.watcher.world = World(lost={TOKYO})
    console.rounds(4)
    incident = Incident.objects.get()
    assert (incident.failure, incident.severity) == ("region_failure", "P0")
    assert Run.objects.count() == 1
    assert incident.timeline.filter(said__text__startswith="Now it looks like this").exists()
    assert blocked() == []


# --- It is over ---------------------------------------------------------------------------------------------------


def test_what_heals_by_itself_is_mitigated_after_three_good_rounds(console):
    FailoverPlan.objects.update(automatic=False)
    console.world.lost = {TOKYO}
    console.rounds(4)
    console.world.lost = set()
    console.rounds(2)
    incident = Incident.objects.get()
    assert incident.status == "open"
    console.rounds()
    incident.refresh_from_db()
    assert incident.status == "mitigated"
    assert incident.recovered_at == console.watcher.at - timedelta(seconds=10)
    assert incident.verified_at == console.watcher.at
    assert blocked() == []
    assert Delivery.objects.filter(payload__event="recovered").exists()
    assert Decision.objects.first().outcome == "recovered"


def test_a_run_that_is_at_work_says_itself_when_users_are_served(console):
    console.world.lost = {TOKYO}
    console.rounds(3)
    for host in HOSTS:
        console.world.leads_to[host] = CALIFORNIA
    console.rounds(5)
    assert Incident.objects.get().status == "open"
    Run.objects.update(state="failed")
    console.rounds()
    assert Incident.objects.get().status == "mitigated"


def test_once_users_are_elsewhere_the_lost_region_is_still_the_same_incident(console):
    console.world.lost = {TOKYO}
    console.rounds(3)
    for host in HOSTS:
        console.world.leads_to[host] = CALIFORNIA
    Run.objects.update(state="succeeded")
    console.rounds(10)
    incident = Incident.objects.get()
    assert (incident.status, Run.objects.count(), blocked()) == ("mitigated", 1, [])


def test_when_the_standby_fails_in_its_turn_the_next_one_has_to_be_released(console):
    console.world.lost = {TOKYO}
    console.rounds(3)
    for host in HOSTS:
        console.world.leads_to[host] = CALIFORNIA
    Run.objects.update(state="succeeded")
    console.rounds(5)
    console.world.lost = {TOKYO, CALIFORNIA}
    console.rounds(4)
    second = Incident.objects.get(dedup_key=f"failure:region_failure:{CALIFORNIA}")
    trigger = BlockedTrigger.objects.get(ended_at=None)
    assert (trigger.incident, trigger.blocker) == (second, Blocker.COOL_DOWN)
    assert trigger.plan is not None
    assert trigger.plan.from_region.key == CALIFORNIA


# --- Several processes, and what it costs ---------------------------------------------------------------------------


def test_of_two_processes_that_consider_at_once_neither_is_lost(console):
    """The second finds that the first has written meanwhile, and thinks again."""
    stale = DecisionState.objects.get()
    console.rounds()
    console.watcher.round()
    console.write()
    before = DecisionState.objects.get().version
    assert deciding._remember(stale, deciding._think(console.watcher.at)) is False
    assert DecisionState.objects.get().version == before + 1


def test_where_it_left_off_is_kept(console):
    console.world.lost = {TOKYO}
    console.rounds(2)
    again = Console(console.clock)
    again.watcher = console.watcher
    assert again.rounds() is Verdict.CONFIRMED
    assert len(DecisionState.objects.get().memory["changes"]) == 1


def test_a_quiet_round_asks_little_of_the_database(console, django_assert_max_num_queries):
    console.watcher.round()
    console.write()
    with django_assert_max_num_queries(16), CaptureQueriesContext(connection):
        deciding.consider(at=console.watcher.at)


def test_pages_hear_of_changes_and_of_nothing_else(console):
    Event.objects.all().delete()
    console.rounds(3)
    assert not Event.objects.filter(name="decisions").exists()
    console.world.lost = {TOKYO}
    console.rounds()
    assert Event.objects.filter(topic__name="console", name="decisions").exists()


def test_no_place_has_been_heard_of(time_machine):
    make.plan()
    assert settings.DR_CONFIRM_ROUNDS == 3
    console = Console(time_machine)
    for _ in range(5):
        assert deciding.consider(at=console.watcher.at) is Verdict.WATCHING
    assert not Incident.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_many_processes_that_consider_the_same_round_open_one_incident_and_start_one_run(time_machine):
    make.plan()
    console = Console(time_machine)
    console.rounds(2)
    console.world.lost = {TOKYO}
    console.rounds(2)
    console.watcher.round()
    console.write()
    current_app.conf.task_always_eager = False
    try:
        all_at_once(8, lambda number: deciding.consider(at=console.watcher.at + timedelta(milliseconds=number)))
    finally:
        current_app.conf.task_always_eager = True
    assert Incident.objects.count() == 1
    assert Run.objects.count() == 1
    assert list(Incident.objects.get().runs.all()) == [Run.objects.get()]
    assert Incident.objects.get().timeline.filter(said__text="First health check that failed").count() == 1
    assert blocked() == []


def test_a_place_that_has_not_seen_the_recovery_yet_does_not_open_the_incident_again(console):
    console.watcher.world = World(lost={TOKYO})
    console.rounds(3)
    incident = Incident.objects.get()
    at = console.watcher.at
    incidents.recovered(incident, at=at, verified_at=at)  # a run asked by another way than health checks do
    console.rounds(2)
    incident.refresh_from_db()
    assert incident.status == "mitigated"
    console.watcher.world = World()
    console.rounds(3)
    console.watcher.world = World(lost={TOKYO})
    failed_at = console.watcher.at + timedelta(seconds=5)
    console.rounds(3)
    incident.refresh_from_db()
    assert incident.status == "open"
    again = incident.timeline.get(said__text="It fails again: %(why)s")
    assert again.at == failed_at


def test_what_is_seen_down_long_after_its_recovery_was_verified_is_down(console):
    console.watcher.world = World(lost={TOKYO})
    console.rounds(3)
    incident = Incident.objects.get()
    at = console.watcher.at
    incidents.recovered(incident, at=at, verified_at=at)
    console.rounds(4)
    incident.refresh_from_db()
    assert incident.status == "open"
