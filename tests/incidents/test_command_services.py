"""Who leads, and how command goes from one person to the next."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import translation

from dr_console.audit.models import AuditEntry
from dr_console.errors import Refused
from dr_console.live.models import Event
from dr_console.notifications.models import Delivery
from incidents.models import Handover, Incident, RoleAssignment
from incidents.queries.briefing import told
from incidents.services import asks, command, decision_log, lifecycle
from tests import make

pytestmark = pytest.mark.django_db
Role = RoleAssignment.Role


@pytest.fixture
def incident() -> Incident:
    return make.incident(severity="P0")


@pytest.fixture
def ada() -> User:
    return make.user("ada", role="commander")


@pytest.fixture
def bob() -> User:
    return make.user("bob", role="commander")


def said(incident: Incident) -> list[str]:
    return [entry.words for entry in incident.timeline.order_by("pk")]


def roles(incident: Incident) -> dict[str, str]:
    return {one.role: str(one.person) for one in incident.roles.filter(until=None).select_related("person")}


def leads(incident: Incident) -> User | None:
    return Incident.objects.get(pk=incident.pk).commander


def told_to(person: User) -> list[str]:
    return [one.subject for one in Delivery.objects.filter(channel="email", address=person.email)]


# --- On it ---------------------------------------------------------------------------------------------------------
def test_the_first_who_is_on_it_has_acknowledged_it_and_the_next_does_not_change_when(incident, ada, bob):
    command.acknowledge(incident, by=ada)
    first = Incident.objects.get().acknowledged_at
    assert first is not None
    command.acknowledge(incident, by=bob)
    command.acknowledge(incident, by=ada)
    assert Incident.objects.get().acknowledged_at == first
    assert said(incident) == ["Acknowledged: I am on it"] * 2
    assert incident.roles.filter(role=Role.RESPONDER, until=None).count() == 2
    assert AuditEntry.objects.filter(action="incident.acknowledged").count() == 1


# --- Taking command ------------------------------------------------------------------------------------------------
def test_whoever_takes_command_has_acknowledged_it_and_leads(incident, ada):
    command.acknowledge(incident, by=ada)
    command.take_command(incident, by=ada)
    assert (leads(incident), roles(incident)) == (ada, {"commander": "ada"})
    command.take_command(incident, by=ada)
    assert said(incident) == ["Acknowledged: I am on it", "Takes command"]
    assert set(Event.objects.filter(topic__name=incident.topic).values_list("name", flat=True)) >= {
        "command",
        "incident",
        "timeline",
    }


def test_command_is_not_taken_from_somebody_without_a_reason(incident, ada, bob):
    command.take_command(incident, by=ada)
    with pytest.raises(Refused, match="ada has command"):
        command.take_command(incident, by=bob, reason="  ")
    command.take_command(incident, by=bob, reason="ada does not answer")
    assert leads(incident) == bob
    assert roles(incident) == {"commander": "bob"}
    assert said(incident)[-1] == "Takes command over from ada: ada does not answer"
    assert "bob has taken command over from you" in told_to(ada)[0]


@pytest.mark.django_db(transaction=True)
def test_of_four_who_take_command_at_once_one_has_it(incident):
    people = [make.user(name, role="commander") for name in ("ada", "bob", "carl", "dora")]
    barrier = Barrier(4)

    def take(person: User) -> bool:
        try:
            barrier.wait(30)
            command.take_command(incident, by=person)
        except Refused:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(take, people)) == [False, False, False, True]
    assert roles(incident) == {"commander": str(leads(incident))}
    assert len(said(incident)) == 1


def test_of_an_incident_that_is_over_nobody_takes_command(incident, ada):
    lifecycle.resolve(incident, by=ada)
    with pytest.raises(Refused, match="reopen it first"):
        command.take_command(incident, by=ada)


# --- Roles -----------------------------------------------------------------------------------------------------------
def test_a_role_of_one_person_goes_to_the_next(incident, ada, bob):
    carl = make.user("carl", role="responder")
    command.assign(incident, Role.SCRIBE, bob, by=ada)
    command.assign(incident, Role.SCRIBE, carl, by=ada)
    assert roles(incident) == {"scribe": "carl"}
    assert said(incident)[-2:] == ["bob is scribe", "carl is scribe"]
    assert "carl is scribe" in told_to(carl)[0]


def test_there_are_several_experts_each_for_something(incident, ada, bob):
    command.assign(incident, Role.EXPERT, ada, by=ada, about="DNS")
    command.assign(incident, Role.EXPERT, bob, by=ada, about="Vercel")
    command.assign(incident, Role.EXPERT, bob, by=ada, about="Vercel")
    assert incident.roles.filter(role=Role.EXPERT, until=None).count() == 2
    assert len(said(incident)) == 2
    with pytest.raises(Refused, match="what they know about"):
        command.assign(incident, Role.EXPERT, bob, by=ada, about=" ")


def test_who_may_not_command_gives_no_role_to_others_and_nobody_gets_one_they_may_not_have(incident, ada):
    carl, vera = make.user("carl", role="responder"), make.user("vera", role="viewer")
    command.assign(incident, Role.SCRIBE, carl, by=carl)
    for role, person, by in (
        (Role.SCRIBE, ada, carl),
        (Role.SCRIBE, vera, ada),
        (Role.COMMANDER, ada, ada),
    ):
        with pytest.raises(Refused):
            command.assign(incident, role, person, by=by)
    assert roles(incident) == {"scribe": "carl"}


def test_a_role_ends_once(incident, ada, bob):
    command.assign(incident, Role.LIAISON, bob, by=ada)
    held = incident.roles.get()
    command.end_role(held, by=bob)
    command.end_role(held, by=bob)
    assert said(incident)[1:] == ["bob is no longer liaison"]
    carl = make.user("carl", role="responder")
    command.assign(incident, Role.SCRIBE, ada, by=ada)
    with pytest.raises(Refused, match="the role of ada"):
        command.end_role(incident.roles.get(role=Role.SCRIBE), by=carl)
    command.take_command(incident, by=ada)
    with pytest.raises(Refused, match="handed over"):
        command.end_role(incident.roles.get(role=Role.COMMANDER), by=ada)


# --- Handing over ----------------------------------------------------------------------------------------------------
@pytest.fixture
def offered(incident, ada, bob) -> Handover:
    command.take_command(incident, by=ada)
    command.assign(incident, Role.DEPUTY, bob, by=ada)
    return command.offer(incident, bob, by=ada, note="Vercel is on the phone")


def test_until_it_is_accepted_the_giver_keeps_command(incident, ada, bob, offered):
    assert leads(incident) == ada
    assert any("ada offers you command" in one for one in told_to(bob))
    incident = command.accept(offered, by=bob)
    assert (leads(incident), roles(incident)) == (bob, {"commander": "bob"})
    assert said(incident)[-2:] == ["Offers command to bob", "Command goes from ada to bob"]
    entry = AuditEntry.objects.get(action="command.handed_over")
    assert (entry.before, entry.after) == ({"person": "ada"}, {"person": "bob"})


def test_what_the_briefing_said_when_it_was_accepted_is_kept(incident, ada, bob, offered):
    asks.ask(incident, "Call Vercel", bob, minutes=10, by=ada)
    decision_log.put_up(incident, "Fail back tonight?", ["Yes", "Tomorrow"], by=ada)
    command.accept(offered, by=bob)
    decision_log.put_up(incident, "Something later?", [], by=bob)
    offered.refresh_from_db()
    briefing = told(offered.briefing)
    assert (briefing.severity, briefing.status, briefing.commander) == ("P0", "Open", "ada")
    assert [one.words for one in briefing.asks] == ["Call Vercel"]
    assert [one.words for one in briefing.decisions] == ["Fail back tonight?"]
    assert briefing.next_due is not None
    assert briefing.next_due.words == "bob: Call Vercel"
    assert [one.words for one in briefing.events][:2] == ["Takes command", "bob is deputy"]
    with translation.override("zh-hans"):
        assert told(offered.briefing).status == "未关闭"


def test_the_briefing_tells_the_last_ten_events(incident, ada, bob, offered):
    for number in range(12):
        asks.ask(incident, f"Task {number}", bob, minutes=10, by=bob)
    command.accept(offered, by=bob)
    offered.refresh_from_db()
    words = [one.words for one in told(offered.briefing).events]
    assert words == [f"Asks bob: Task {number} (10 min)" for number in range(2, 12)]


def test_whoever_declines_says_why_and_the_giver_keeps_command(incident, ada, bob, offered):
    with pytest.raises(Refused, match="Say why"):
        command.decline(offered, by=bob, reason=" ")
    command.decline(offered, by=bob, reason="I am driving")
    assert leads(incident) == ada
    assert said(incident)[-1] == "Declines command: I am driving"
    assert any("bob declines command: I am driving" in one for one in told_to(ada))
    with pytest.raises(Refused, match="no longer open"):
        command.accept(offered, by=bob)


def test_only_who_it_is_offered_to_answers_and_only_the_giver_withdraws(incident, ada, bob, offered):
    with pytest.raises(Refused, match="offered to bob"):
        command.accept(offered, by=ada)
    with pytest.raises(Refused, match="Only ada"):
        command.withdraw(offered, by=bob)
    command.withdraw(offered, by=ada)
    with pytest.raises(Refused, match="no longer open"):
        command.accept(Handover.objects.get(pk=offered.pk), by=bob)
    assert leads(incident) == ada


def test_command_is_offered_to_one_at_a_time_by_who_has_it_to_who_may(incident, ada, bob, offered):
    carl = make.user("carl", role="responder")
    dora = make.user("dora", role="commander")
    for receiver, by, why in (
        (dora, ada, "offered to bob already"),
        (ada, ada, "You have command"),
        (dora, bob, "Only who has command"),
        (carl, ada, "may not command"),
    ):
        with pytest.raises(Refused, match=why):
            command.offer(incident, receiver, by=by)


def test_an_offer_ends_when_somebody_takes_command_or_the_incident_is_over(incident, ada, bob, offered):
    dora = make.user("dora", role="commander")
    command.take_command(incident, by=dora, reason="ada has gone")
    with pytest.raises(Refused, match="no longer open"):
        command.accept(offered, by=bob)
    second = command.offer(incident, bob, by=dora)
    asks.ask(incident, "Call Vercel", bob, minutes=10, by=dora)
    lifecycle.resolve(incident, by=dora)
    second.refresh_from_db()
    assert second.state == Handover.State.WITHDRAWN
    assert incident.asks.get().state == "cancelled"
    assert leads(incident) == dora


# --- Telling one person ---------------------------------------------------------------------------------------------
def deliveries() -> dict[str, str]:
    return {one.channel: one.subject for one in Delivery.objects.filter(dedup_key__contains=":handover:")}


def test_a_person_is_told_at_the_addresses_of_their_contact_and_called_where_it_is_critical(incident, ada):
    make.plan()
    cto = make.user("cto", role="commander")
    command.take_command(incident, by=ada)
    command.offer(incident, cto, by=ada)
    assert set(deliveries()) == {"email", "phone", "slack"}
    assert "cto: ada offers you command" in deliveries()["slack"]


def test_for_what_is_minor_nobody_is_called(ada):
    make.plan()
    incident = make.incident(severity="P2")
    command.take_command(incident, by=ada)
    command.offer(incident, make.user("cto", role="commander"), by=ada)
    assert set(deliveries()) == {"email", "slack"}


def test_the_timeline_says_of_whom_no_address_is_known(settings, incident, ada):
    make.plan()
    settings.DR_MODE = "live"
    command.take_command(incident, by=ada)
    command.offer(incident, make.user("cto", role="commander"), by=ada)
    assert set(deliveries()) == {"slack"}
    assert said(incident)[-1] == "cto was told in the shared channel alone: no address of theirs is known."
