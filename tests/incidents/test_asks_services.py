"""Tasks for one named person: asked, answered, done, and followed up until they are."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils.timezone import now

from dr_console.errors import Refused
from dr_console.notifications.models import Delivery
from incidents.models import Ask, Incident, RoleAssignment
from incidents.services import asks, command
from tests import make

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
Stage = Ask.Stage


@pytest.fixture(autouse=True)
def at_half_past_two(time_machine):
    time_machine.move_to("2026-11-22 14:30 +0000", tick=False)


@pytest.fixture
def incident(ada) -> Incident:
    return make.incident(severity="P1", commander=ada)


@pytest.fixture
def ada() -> User:
    return make.user("ada", role="commander")


@pytest.fixture
def bob() -> User:
    return make.user("bob", role="responder")


@pytest.fixture
def asked(incident, ada, bob) -> Ask:
    return asks.ask(incident, "Call Vercel", bob, minutes=20, by=ada)


def said(incident: Incident) -> list[str]:
    return [entry.words for entry in incident.timeline.order_by("pk")]


def subjects(person: User) -> list[str]:
    found = Delivery.objects.filter(channel="email", address=person.email).order_by("pk")
    return [one.subject.partition(": ")[2] for one in found]


def fresh(asked: Ask) -> Ask:
    return Ask.objects.get(pk=asked.pk)


def test_the_person_is_told_and_the_timeline_says_so(incident, asked, bob):
    assert subjects(bob) == ["ada asks you: Call Vercel (20 min). Accept or decline."]
    assert said(incident) == ["Asks bob: Call Vercel (20 min)"]
    assert (asked.state, asked.due_at, asked.next_at) == ("asked", now() + 20 * MINUTE, now() + 5 * MINUTE)


def test_asked_twice_by_a_slip_it_is_one_task(incident, asked, ada, bob):
    assert asks.ask(incident, " Call Vercel ", bob, minutes=5, by=ada) == asked
    assert Ask.objects.count() == 1


def test_what_one_asks_oneself_is_accepted(incident, ada):
    asked = asks.ask(incident, "Read the logs", ada, minutes=10, by=ada)
    assert (asked.state, asked.next_at) == ("accepted", asked.due_at)
    assert subjects(ada) == []


@pytest.mark.parametrize(
    ("text", "minutes", "role", "why"),
    [
        (" ", 5, "responder", "what is to be done"),
        ("Call", 0, "responder", "between a minute and a day"),
        ("Call", 24 * 60 + 1, "responder", "between a minute and a day"),
        ("Call", 5, "viewer", "may not work on incidents"),
    ],
)
def test_what_cannot_be_asked_is_refused_and_nothing_is_stored(incident, ada, text, minutes, role, why):
    with pytest.raises(Refused, match=why):
        asks.ask(incident, text, make.user("carl", role=role), minutes=minutes, by=ada)
    assert not Ask.objects.exists()


def test_of_what_is_over_nothing_is_asked(incident, ada, bob):
    Incident.objects.update(status="resolved", resolved_at=now())
    with pytest.raises(Refused, match="is over"):
        asks.ask(Incident.objects.get(), "Call", bob, minutes=5, by=ada)


def test_only_the_person_accepts_and_once(asked, ada, bob):
    with pytest.raises(Refused, match="asked of bob"):
        asks.accept(asked, by=ada)
    asks.accept(asked, by=bob)
    assert fresh(asked).next_at == asked.due_at
    with pytest.raises(Refused, match="in the state “Accepted”"):
        asks.accept(asked, by=bob)


def test_whoever_declines_says_why_and_whoever_asked_hears_it(incident, asked, ada, bob):
    with pytest.raises(Refused, match="Say why"):
        asks.decline(asked, by=bob, reason="")
    asks.decline(asked, by=bob, reason="I am on a train")
    assert (fresh(asked).state, fresh(asked).outcome, fresh(asked).next_at) == ("declined", "I am on a train", None)
    assert subjects(ada) == ["bob declines “Call Vercel”: I am on a train"]
    assert said(incident)[-1] == "Declines: Call Vercel – I am on a train"


def test_done_is_said_by_the_person_or_by_who_may_command(incident, asked, ada, bob):
    carl = make.user("carl", role="responder")
    with pytest.raises(Refused, match="asked of bob"):
        asks.finish(asked, by=carl)
    asks.finish(asked, by=ada, outcome="They know of it")
    assert (fresh(asked).state, fresh(asked).ended_by) == ("done", ada)
    assert said(incident)[-1] == "Done: Call Vercel – They know of it"
    with pytest.raises(Refused, match="in the state “Done”"):
        asks.finish(asked, by=bob)


def test_whoever_asked_may_take_it_back(asked, ada, bob):
    with pytest.raises(Refused, match="ada asked"):
        asks.cancel(asked, by=bob)
    asks.cancel(asked, by=ada)
    assert fresh(asked).state == "cancelled"
    assert subjects(bob)[-1] == "No longer wanted: Call Vercel"


# --- Following up --------------------------------------------------------------------------------------------------
def test_an_answer_is_asked_for_then_the_person_is_paged_then_the_commander(incident, asked, ada, bob, time_machine):
    began = now()
    assert asks.follow_up() == 0
    for minutes, stage in ((5, Stage.REMINDED), (20, Stage.OVERDUE), (25, Stage.COMMANDER)):
        time_machine.move_to(began + minutes * MINUTE - timedelta(seconds=1), tick=False)
        assert asks.follow_up() == 0
        time_machine.move_to(began + minutes * MINUTE, tick=False)
        assert asks.follow_up() == 1
        assert asks.follow_up() == 0
        assert fresh(asked).stage == stage
    assert subjects(bob)[1:] == [
        "Please answer: Call Vercel. Accept or decline.",
        "Overdue: Call Vercel. Say how far it is.",
    ]
    assert subjects(ada) == ["Still overdue: bob, Call Vercel"]
    assert said(incident)[1:] == [
        "No answer yet, reminded: bob, Call Vercel",
        "Overdue, paged: bob, Call Vercel",
        "ada was told that it is still overdue: bob, Call Vercel",
    ]


def test_whoever_has_accepted_is_paged_only_when_it_is_due(asked, bob, time_machine):
    asks.accept(asked, by=bob)
    time_machine.shift(6 * MINUTE)
    assert asks.follow_up() == 0
    time_machine.shift(14 * MINUTE)
    assert asks.follow_up() == 1
    assert fresh(asked).stage == Stage.OVERDUE


def test_what_fell_due_while_nobody_looked_is_said_once(asked, bob, time_machine):
    time_machine.shift(300 * MINUTE)
    assert [asks.follow_up(), asks.follow_up()] == [1, 0]
    assert len(subjects(bob)) == 2
    assert fresh(asked).next_at == now() + 5 * MINUTE


def test_a_late_answer_does_not_page_again(asked, bob, time_machine):
    time_machine.shift(21 * MINUTE)
    asks.follow_up()
    asks.accept(fresh(asked), by=bob)
    assert asks.follow_up() == 0
    assert fresh(asked).stage == Stage.OVERDUE


def test_of_the_commanders_own_task_the_deputy_hears_and_of_nobodys_nobody(incident, ada, bob, time_machine):
    asks.ask(incident, "Decide", ada, minutes=10, by=ada)
    command.assign(incident, RoleAssignment.Role.DEPUTY, bob, by=ada)
    time_machine.shift(10 * MINUTE)
    asks.follow_up()
    time_machine.shift(5 * MINUTE)
    asks.follow_up()
    assert subjects(bob)[-1] == "Still overdue: ada, Decide"
    alone = make.incident(severity="P1", commander=ada)
    asks.ask(alone, "Sleep", ada, minutes=1, by=ada)
    time_machine.shift(10 * MINUTE)
    asks.follow_up()
    time_machine.shift(10 * MINUTE)
    asks.follow_up()
    assert said(alone)[-1] == "Overdue, paged: ada, Sleep"


def test_what_is_over_is_not_followed_up(asked, bob, time_machine):
    asks.finish(asked, by=bob)
    time_machine.shift(60 * MINUTE)
    assert asks.follow_up() == 0


def test_whoever_is_called_for_a_drill_hears_that_it_is_one(ada, bob):
    asks.ask(make.incident(is_practice=True), "Call Vercel", bob, minutes=5, by=ada)
    assert "DRILL" in Delivery.objects.filter(channel="email").get().subject


@pytest.mark.django_db(transaction=True)
def test_of_four_who_follow_up_at_once_one_pages(asked, bob, time_machine):
    time_machine.shift(21 * MINUTE)
    barrier = Barrier(4)

    def one(_number: int) -> int:
        try:
            barrier.wait(30)
            return asks.follow_up()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(one, range(4))) == 1
    assert len(subjects(bob)) == 2
