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
from dr_console.runs.services import set_interlock
from incidents.confirming import Verdict
from incidents.models import (
    BlockedTrigger,
    Decision,
    DecisionState,
    EndpointState,
    FailoverPlan,
    Incident,
    ProbeLocation,
    ServiceEndpoint,
)
from incidents.services import deciding, triggers
from incidents.services import incident as incidents
from tests import make
from tests.incidents.seeing import CALIFORNIA, TOKYO, Watcher, World
from tests.incidents.test_incident_services import all_at_once

pytestmark = pytest.mark.django_db
Blocker = BlockedTrigger.Blocker
HOSTS = ("api.example.com", "cdn.example.com", "images.example.com")


class Console:
    """What the watcher sees is written as services/health writes it, and then considered."""

    def __init__(self, time_machine: Any, *places: str) -> None:
        self.clock = time_machine
        self.watcher = Watcher(World(), places or ("here",))
        self.endpoints = {one.url: one for one in ServiceEndpoint.objects.select_related("region")}

    @property
    def world(self) -> World:
        return self.watcher.world

    def rounds(self, count: int = 1, *, seconds: float = 5.0) -> Verdict:
        for _ in range(count):
            self.watcher.round(seconds)
            self.write()
            verdict = deciding.consider(at=self.watcher.at)
        return verdict

    def write(self) -> None:
        self.clock.move_to(self.watcher.at, tick=False)
        seen = self.watcher.seen()
        for place in seen.places:
            fields = {"at": place.at, "canaries_asked": 3, "canaries_good": place.canaries_good}
            ProbeLocation.objects.update_or_create(name=place.name, defaults=fields | {"canaries_at": place.at})
        for (address, place_name), (is_good, streak, since) in self.watcher._streaks.items():
            url = f"https://{address.host}/health" + (f"/{address.path}" if address.path else "")
            status, at = self.watcher._last[address, place_name]
            EndpointState.objects.update_or_create(
                endpoint=self.endpoints[url],
                location=place_name,
                defaults={
                    "state": "up" if is_good else "down",
                    "good_streak": streak if is_good else 0,
                    "bad_streak": 0 if is_good else streak,
                    "streak_began_at": since,
                    "at": at,
                    "status": status,
                    "answered_by": {TOKYO: "hnd1", CALIFORNIA: "sfo1"}.get(self.world.region_of(address), "FRA"),
                },
            )


@pytest.fixture
def console(time_machine: Any) -> Console:
    make.plan()
    console = Console(time_machine)
    console.rounds(2)
    return console


def blocked() -> list[str]:
    return [one.blocker for one in BlockedTrigger.objects.filter(ended_at=None)]


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


# --- What stands in the way ---------------------------------------------------------------------------------------


def kill_switch(console: Console) -> None:
    set_interlock("all", True, by=make.user("carol"), reason="Vendors at work")


def maintenance(console: Console) -> None:
    triggers.begin_maintenance(minutes=60, service=None, reason="New racks", by=make.user("carol"))


def other_run(console: Console) -> None:
    make.run({"key": "dns"}, subject="service:api", state="running")


def recent_switch(console: Console) -> None:
    make.run(state="succeeded", subject="service:cdn", created_at=console.watcher.at - timedelta(minutes=50))


def many_switches(console: Console) -> None:
    for hours in (2, 5, 23):
        at = console.watcher.at - timedelta(hours=hours)
        make.run(state="succeeded", trigger="automatic", subject="service:cdn", created_at=at)


def lost_standby(console: Console) -> None:
    console.world.lost = {CALIFORNIA}
    console.rounds()


def flapping(console: Console) -> None:
    for lost in ({TOKYO}, set(), {TOKYO}):
        console.world.lost = lost
        console.rounds()
        console.rounds()


def by_hand(console: Console) -> None:
    FailoverPlan.objects.update(automatic=False)


def no_plan(console: Console) -> None:
    FailoverPlan.objects.filter(failure="region_failure").update(retired_at=console.watcher.at)


@pytest.mark.parametrize(
    ("in_the_way", "blocker", "words"),
    [
        (kill_switch, Blocker.KILL_SWITCH, "Vendors at work (carol)"),
        (maintenance, Blocker.MAINTENANCE, "New racks"),
        (other_run, Blocker.ACTIVE_RUN, "is under way"),
        (recent_switch, Blocker.COOL_DOWN, "by itself not before"),
        (many_switches, Blocker.DAILY_LIMIT, "There were 3 automatic failovers within 24 hours"),
        (lost_standby, Blocker.TARGET_NOT_READY, "california.origin.example.com"),
        (flapping, Blocker.FLAPPING, "It came and went: 3 changes in 15 minutes"),
        (by_hand, Blocker.BY_HAND, "a person starts"),
        (no_plan, Blocker.NO_PLAN, "people have to decide"),
    ],
)
def test_this_keeps_a_failover_from_starting_and_the_page_says_so(console, in_the_way, blocker, words):
    in_the_way(console)
    console.world.lost = console.world.lost | {TOKYO}
    # Of a run that may be over any moment people are told after a minute.
    console.rounds(18 if blocker == Blocker.ACTIVE_RUN else 6)
    trigger = BlockedTrigger.objects.get(ended_at=None)
    assert trigger.blocker == blocker
    assert words in trigger.words
    assert not Run.objects.filter(incidents__isnull=False).exists()
    incident = trigger.incident
    assert incident is not None
    assert incident.timeline.filter(kind="decided").count() == 1
    assert Delivery.objects.filter(about=incident.reference, payload__event="blocked").exists()
    assert Decision.objects.filter(outcome="blocked", incident=incident).count() == 1


@pytest.mark.parametrize(
    ("in_the_way", "out_of_the_way"),
    [
        (kill_switch, lambda console: set_interlock("all", False, by=None)),
        (other_run, lambda console: Run.objects.update(state="succeeded", created_at="2026-01-01T00:00Z")),
        (recent_switch, lambda console: triggers.look_at(Run.objects.get(), by=make.user("carol"))),
        (lost_standby, lambda console: console.world.lost.discard(CALIFORNIA)),
        (by_hand, lambda console: FailoverPlan.objects.exclude(failure="manual").update(automatic=True)),
    ],
)
def test_it_starts_by_itself_once_nothing_stands_in_the_way(console, in_the_way, out_of_the_way):
    in_the_way(console)
    console.world.lost = console.world.lost | {TOKYO}
    console.rounds(4)
    assert len(blocked()) == 1
    out_of_the_way(console)
    console.rounds(2)
    assert blocked() == []
    assert Run.objects.filter(incidents__isnull=False, trigger="automatic").count() == 1


def test_a_standby_that_misses_a_look_or_two_is_told_of_only_if_it_lasts(console):
    console.world.lost = {TOKYO, CALIFORNIA}
    console.rounds(3, seconds=1)
    assert blocked() == [Blocker.TARGET_NOT_READY]
    assert not Delivery.objects.filter(payload__event="blocked").exists()
    console.rounds(3)
    assert Delivery.objects.filter(payload__event="blocked").exists()


def test_resolving_an_incident_is_looking_at_its_failover(console):
    run = make.run(state="succeeded", created_at=console.watcher.at)
    earlier = make.incident()
    earlier.runs.add(run)
    console.world.lost = {TOKYO}
    console.rounds(3)
    assert blocked() == [Blocker.COOL_DOWN]
    incidents.resolve(earlier, by=make.user("carol"))
    console.rounds()
    assert blocked() == []


def test_a_run_that_found_nothing_to_do_makes_nothing_wait(console):
    make.run(state="not_needed", created_at=console.watcher.at)
    console.world.lost = {TOKYO}
    console.rounds(3)
    assert blocked() == []


def test_after_a_person_stopped_the_run_people_go_on(console):
    console.world.lost = {TOKYO}
    console.rounds(3)
    Run.objects.update(state="aborted", created_at=console.watcher.at - timedelta(hours=2))
    console.rounds(2)
    assert blocked() == [Blocker.BY_HAND]
    assert Run.objects.count() == 1


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
