"""What keeps a failover from starting by itself: named, told of, and gone when it is gone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dr_console.notifications.models import Delivery
from dr_console.runs.models import Run
from dr_console.runs.services import set_interlock
from incidents.models import (
    BlockedTrigger,
    Decision,
    FailoverPlan,
)
from incidents.services import lifecycle, triggers
from tests import make
from tests.incidents.considering import Console, blocked, console
from tests.incidents.seeing import CALIFORNIA, TOKYO

__all__ = ["console"]

pytestmark = pytest.mark.django_db
Blocker = BlockedTrigger.Blocker


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
    lifecycle.resolve(earlier, by=make.user("carol"))
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
