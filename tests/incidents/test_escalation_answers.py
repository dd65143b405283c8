"""What stops paging: an answer by whichever way; and what starts it again: an answer that comes to nothing."""

from __future__ import annotations

import pytest

from dr_console.audit.models import AuditEntry
from dr_console.notifications.models import Delivery
from dr_console.notifications.purposes import Answer, Wish
from dr_console.web.sentences import spoken
from incidents.models import (
    EscalationLevel,
    Incident,
    RoleAssignment,
    Severity,
)
from incidents.services import (
    checklist,
    command,
    escalation_acts,
    escalation_messages,
    lifecycle,
    timeline,
)
from incidents.services.merging import merge
from tests import make
from tests.incidents.climbing import MINUTE, START, at, climb, declared, kinds, paged

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(START, tick=False)
    make.plan()
    return time_machine


@pytest.fixture
def ada():
    return make.user("ada", role="commander")


# --- Somebody answers -----------------------------------------------------------------------------------------------
def test_an_answer_by_phone_stops_it_and_is_the_incidents_acknowledgement(clock):
    incident = declared()
    call = Delivery.objects.get(channel="phone")
    clock.move_to(START + MINUTE, tick=False)
    reply = escalation_messages.answered(call, Answer(Wish.ACKNOWLEDGE, "On-call engineer", "phone", START + MINUTE))
    assert (spoken(reply.said), reply.is_done) == (f"You are on {incident.reference}. Nobody else is paged.", True)
    incident.refresh_from_db()
    row = climb(incident)
    assert incident.acknowledged_at == START + MINUTE
    assert (row.status, row.acknowledged_by, row.acknowledged_via) == ("acked", "On-call engineer", "phone")
    assert row.expires_at == START + 16 * MINUTE
    assert incident.timeline.get(kind="acted").words == "On-call engineer acknowledges by phone"
    assert AuditEntry.objects.get(action="incident.acknowledged").after["via"] == "phone"


def test_what_waits_is_not_sent_any_more_and_pagerduty_is_told(clock, ada):
    incident = declared()
    Delivery.objects.filter(channel="pagerduty").update(state="sent")
    command.acknowledge(incident, by=ada)
    assert Delivery.objects.get(channel="phone").state == "cancelled"
    there = Delivery.objects.latest("pk")
    assert (there.channel, there.payload["action"]) == ("pagerduty", "acknowledge")
    assert there.payload["key"] == f"incident:{incident.reference}"
    at(clock, 5)
    assert kinds(incident) == ["armed", "level_started", "acknowledged"]


def test_no_message_is_asked_for_after_the_acknowledgement(clock, ada):
    """I2."""
    incident = declared()
    command.acknowledge(incident, by=ada)
    count = Delivery.objects.count()
    at(clock, 7)
    assert Delivery.objects.count() == count


def test_acknowledged_by_two_ways_it_is_one_acknowledgement(clock, ada):
    """I12."""
    incident = declared()
    command.acknowledge(incident, by=ada)
    first = Incident.objects.get().acknowledged_at
    clock.move_to(START + MINUTE, tick=False)
    reply = escalation_acts.acknowledge(incident, by=None, name="Bob", via="slack", as_of=START)
    assert reply.is_done
    assert f"and so is {ada}" in spoken(reply.said)
    assert Incident.objects.get().acknowledged_at == first
    assert AuditEntry.objects.filter(action="incident.acknowledged").count() == 1
    assert escalation_acts.acknowledge(incident, by=None, name="Bob", via="phone").is_done
    assert kinds(incident).count("acknowledged") == 2


def test_whoever_has_an_account_is_on_it_by_name_and_the_story_says_by_which_way(ada):
    incident = declared()
    reply = escalation_acts.acknowledge(incident, by=ada, name="Ada", via="link", as_of=START)
    assert reply.is_done
    assert RoleAssignment.objects.get(incident=incident, until=None).person == ada
    entry = incident.timeline.get(kind="acted")
    assert (entry.author, entry.words) == (ada, "Acknowledged by the link in a message: I am on it")


def test_an_answer_to_a_call_is_that_of_the_contacts_own_account():
    incident = declared()
    call = Delivery.objects.get(channel="phone")
    bob = make.user(call.person.removeprefix("contact:"), role="commander")
    escalation_messages.answered(call, Answer(Wish.ACKNOWLEDGE, "", "phone", START))
    assert RoleAssignment.objects.get(incident=incident).person == bob


def test_who_presses_in_a_shared_channel_is_not_taken_for_the_person_it_was_for():
    incident = declared("P1")
    page = Delivery.objects.get(channel="slack")
    escalation_messages.answered(page, Answer(Wish.ACKNOWLEDGE, "wei", "slack", START))
    assert climb(incident).acknowledgements[0]["name"] == "wei"
    assert climb(incident).acknowledgements[0]["key"] == ""


def test_where_two_must_acknowledge_paging_goes_on_after_one(clock, ada):
    EscalationLevel.objects.filter(policy__key="p0", key="on-call").update(required_acknowledgements=2)
    incident = declared()
    reply = escalation_acts.acknowledge(incident, by=ada, name="Ada", via="link")
    assert "1 more must acknowledge" in spoken(reply.said)
    assert climb(incident).status == "active"
    assert Delivery.objects.filter(channel="phone", state="queued").exists()
    escalation_acts.acknowledge(incident, by=None, name="Bob", via="pagerduty")
    assert climb(incident).status == "acked"


def test_an_old_answer_does_not_stop_what_began_again(clock, ada):
    """R10."""
    incident = declared()
    incident = lifecycle.mitigate(incident, by=ada)
    clock.move_to(START + 10 * MINUTE, tick=False)
    incident = lifecycle.reopen(incident, by=ada, reason="Still down")
    reply = escalation_acts.acknowledge(incident, by=None, name="Bob", via="pagerduty", as_of=START + MINUTE)
    assert not reply.is_done
    assert climb(incident).status == "active"
    assert escalation_acts.acknowledge(
        incident, by=None, name="Bob", via="pagerduty", as_of=START + 11 * MINUTE
    ).is_done


def test_nor_does_it_where_that_has_been_found_to_be_worse_meanwhile(clock, ada):
    incident = lifecycle.mitigate(declared("P1"), by=ada)
    clock.move_to(START + 10 * MINUTE, tick=False)
    incident = lifecycle.reopen(incident, by=ada, reason="Still down")
    lifecycle.set_severity(incident, Severity.P0, by=ada)
    assert not escalation_acts.acknowledge(incident, by=None, name="Bob", via="link", as_of=START + MINUTE).is_done
    assert climb(incident).status == "active"


def test_an_answer_to_what_is_over_is_told_so_and_is_no_error(ada):
    incident = lifecycle.resolve(declared(), by=ada)
    reply = escalation_acts.acknowledge(incident, by=None, name="Bob", via="phone")
    assert (reply.is_done, "no longer open" in spoken(reply.said)) == (False, True)
    assert not escalation_acts.escalate_now(incident, by=ada).is_done


def test_an_answer_to_a_duplicate_counts_for_the_incident_it_goes_on_as(ada):
    one, other = declared(), declared()
    call = Delivery.objects.get(about=one.reference, channel="phone")
    merge(one, other, by=ada)
    assert climb(one).status == "stopped"
    escalation_messages.answered(call, Answer(Wish.ACKNOWLEDGE, "Bob", "phone", START))
    assert climb(other).status == "acked"


# --- An acknowledgement that comes to nothing -----------------------------------------------------------------------
def test_who_shows_no_progress_is_reminded_and_then_it_goes_on(clock, ada):
    incident = declared()
    command.acknowledge(incident, by=ada)
    assert at(clock, 7) == 0
    assert at(clock, 7.5) == 1
    reminder = Delivery.objects.filter(payload__event="personal")
    assert "Write how it goes, or paging goes on at 03:15:00 UTC" in reminder[0].subject
    assert at(clock, 15) == 1
    assert kinds(incident)[-3:] == ["reminded", "ack_expired", "level_started"]
    assert climb(incident).acknowledged_by == ""
    assert paged(incident, place="0:1")
    assert "shows no progress" in Delivery.objects.filter(channel="phone").latest("pk").subject


@pytest.mark.parametrize("how", ["note", "tick"])
def test_progress_keeps_it_from_going_on(clock, ada, how):
    incident = declared()
    command.acknowledge(incident, by=ada)
    clock.move_to(START + 6 * MINUTE, tick=False)
    if how == "note":
        timeline.note(incident, timeline.Written("The database is back", START + 6 * MINUTE), by=ada)
    else:
        checklist.tick(incident.checklist.order_by("position")[0], by=ada)
    at(clock, 7.5)
    assert kinds(incident)[-1] == "acknowledged"
    assert climb(incident).expires_at == START + 21 * MINUTE


def test_what_the_console_writes_itself_is_no_progress(clock, ada):
    incident = declared()
    command.take_command(incident, by=ada)
    at(clock, 7.5)
    at(clock, 16)
    assert "ack_expired" in kinds(incident)


def test_who_acknowledges_again_after_that_is_told_of_again(clock, ada):
    incident = declared()
    command.acknowledge(incident, by=ada)
    for minute in (7.5, 15):
        at(clock, minute)
    command.acknowledge(incident, by=ada)
    assert climb(incident).status == "acked"
    assert incident.timeline.filter(kind="acted", author=ada).count() == 2


def test_a_reminder_reaches_who_has_no_account_by_what_can_be_read(clock):
    incident = declared()
    escalation_acts.acknowledge(incident, by=None, name="Lead", via="phone", person="contact:technical-lead")
    at(clock, 7.5)
    reminders = Delivery.objects.filter(payload__event="reminded")
    assert {one.channel for one in reminders} <= {"slack", "email"}
    assert reminders.filter(channel="email").exists()
