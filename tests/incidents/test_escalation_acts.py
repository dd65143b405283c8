"""What people ask of the ladder, and what happens to its incident meanwhile."""

from __future__ import annotations

import pytest

from dr_console.errors import Refused
from dr_console.notifications.models import Channel, Delivery
from dr_console.notifications.purposes import Answer, Wish
from dr_console.web.sentences import sentence, spoken
from incidents.models import (
    Escalation,
    EscalationLevel,
    Severity,
)
from incidents.queries import paging
from incidents.services import (
    command,
    escalation_acts,
    escalation_messages,
    lifecycle,
)
from incidents.services import incident as incidents
from tests import make
from tests.incidents.climbing import MINUTE, START, at, climb, declared, kinds, paged, told

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(START, tick=False)
    make.plan()
    return time_machine


@pytest.fixture
def ada():
    return make.user("ada", role="commander")


# --- What people ask for --------------------------------------------------------------------------------------------
def test_the_next_level_is_asked_for_once(clock, ada):
    incident = declared()
    clock.move_to(START + MINUTE, tick=False)
    reply = escalation_acts.escalate_now(incident, by=ada, as_of=START + MINUTE)
    assert spoken(reply.said) == f"Level 2 is paged for {incident.reference}."
    clock.move_to(START + 2 * MINUTE, tick=False)
    late = escalation_acts.escalate_now(incident, by=None, name="Bob", via="phone", as_of=START)
    assert (spoken(late.said), late.is_done) == ("The next level was paged already, at 03:01:00 UTC.", True)
    assert climb(incident).level == 1
    assert f"{ada} asks for the next level" in told(incident)


def test_digit_two_asks_for_the_next_level():
    incident = declared()
    call = Delivery.objects.get(channel="phone")
    escalation_messages.answered(call, Answer(Wish.ESCALATE, "On-call engineer", "phone", START))
    assert climb(incident).level == 1


def test_put_off_nobody_is_paged_and_then_it_goes_on(clock, ada):
    incident = declared()
    escalation_acts.snooze(incident, minutes=5, by=ada)
    assert climb(incident).status == "snoozed"
    assert not Delivery.objects.filter(state="queued", purpose="escalation").exists()
    at(clock, 5)
    assert kinds(incident)[-3:] == ["snoozed", "resumed", "level_started"]


@pytest.mark.parametrize("minutes", [0, 6, -1])
def test_nobody_puts_it_off_for_longer_than_the_policy_allows(ada, minutes):
    with pytest.raises(Refused, match="1 to 5 minutes"):
        escalation_acts.snooze(declared(), minutes=minutes, by=ada)


def test_whoever_was_paged_may_still_acknowledge_while_paging_is_put_off(ada):
    incident = declared()
    page = Delivery.objects.filter(group__startswith="escalation:").exclude(person="").first()
    escalation_acts.snooze(incident, minutes=5, by=ada)
    assert not escalation_messages.is_wanted(page)
    assert escalation_messages.awaits_answer(page)
    escalation_acts.acknowledge(incident, by=ada, name="Ada", via="page")
    assert not escalation_messages.awaits_answer(page)


def test_paged_anew_it_begins_at_the_first_level_by_the_policy_of_today(ada):
    incident = declared()
    EscalationLevel.objects.filter(policy__key="p0", key="on-call").update(targets=["contact:cto"])
    anew = escalation_acts.page_anew(incident, by=ada, why="We need hands")
    assert (anew.number, anew.level) == (2, 0)
    assert paged(incident)[-1][0] == "contact:cto"
    assert not paging.policy_changed(anew)
    assert Escalation.objects.get(number=1).status == "stopped"
    assert f"{ada} has everybody paged anew; {ada} asks for help: We need hands" in told(incident)
    keys = Delivery.objects.filter(channel="pagerduty").values_list("payload__key", flat=True)
    assert set(keys) == {f"incident:{incident.reference}", f"incident:{incident.reference}:2:0:0"}


def test_what_is_over_is_not_paged_anew(ada):
    with pytest.raises(Refused, match="not open"):
        escalation_acts.page_anew(lifecycle.resolve(declared(), by=ada), by=ada)


# --- What happens to the incident -----------------------------------------------------------------------------------
def test_found_to_be_worse_it_is_paged_by_that_policy_and_who_is_on_it_stays_on_it(clock, ada):
    incident = declared("P2")
    command.acknowledge(incident, by=ada)
    clock.move_to(START + MINUTE, tick=False)
    incident = lifecycle.set_severity(incident, Severity.P0, by=ada)
    row = climb(incident)
    assert (row.number, row.severity, row.status) == (2, "P0", "acked")
    assert row.expires_at == START + 16 * MINUTE
    pages = Delivery.objects.filter(payload__event="worse")
    assert {one.channel for one in pages} == {"pagerduty", "phone"}
    assert all(escalation_messages.is_wanted(one) for one in pages), "everybody hears that it is worse"


def test_found_to_be_worse_before_anybody_answered_it_climbs_from_the_first_level(ada):
    incident = lifecycle.set_severity(declared("P2"), Severity.P0, by=ada)
    assert (climb(incident).status, climb(incident).level) == ("active", 0)
    assert "It was taken for P2." in Delivery.objects.filter(payload__event="worse")[0].body


def test_found_to_be_milder_nobody_who_was_paged_is_paged_again(ada):
    incident = declared("P0")
    Delivery.objects.update(state="sent")
    count = Delivery.objects.filter(channel="pagerduty").count()
    incident = lifecycle.set_severity(incident, Severity.P1, by=ada)
    assert Delivery.objects.filter(channel="pagerduty").count() == count
    assert (climb(incident).severity, climb(incident).status) == ("P1", "active")


def test_found_to_be_milder_whoever_was_not_told_yet_is(ada):
    incident = lifecycle.set_severity(declared("P0"), Severity.P1, by=ada)
    waiting = Delivery.objects.filter(group=climb(incident).group, state="queued")
    assert {one.channel for one in waiting.exclude(person="")} == {"pagerduty", "slack"}


@pytest.mark.parametrize("state", ["sending", "unknown"])
def test_found_to_be_milder_what_may_still_fail_counts_for_nothing(ada, state):
    incident = declared("P0")
    Delivery.objects.filter(channel="pagerduty").update(state=state)
    incident = lifecycle.set_severity(incident, Severity.P1, by=ada)
    assert Delivery.objects.filter(group=climb(incident).group, channel="pagerduty").exists()


def test_mitigated_it_stops_and_opened_again_it_begins_again(clock, ada):
    incident = lifecycle.mitigate(declared(), by=ada)
    assert climb(incident).status == "stopped"
    assert not Delivery.objects.filter(purpose="escalation", state="queued").exists()
    at(clock, 30)
    incident = lifecycle.reopen(incident, by=ada, reason="Still down")
    assert (climb(incident).number, climb(incident).status) == (2, "active")


def test_every_page_that_rang_is_ended(clock, ada):
    incident = declared()
    for minute in (5, 10, 15):
        at(clock, minute)
    Delivery.objects.update(state="sent")
    lifecycle.resolve(incident, by=ada)
    ended = Delivery.objects.filter(payload__action="resolve", channel="pagerduty")
    own = f"incident:{incident.reference}"
    assert {one.payload["key"] for one in ended} == {own, f"{own}:1:1:0"}


def test_while_it_comes_and_goes_who_is_on_it_is_not_paged_again(clock, ada):
    incident = declared("P1")

    def comes(minute):
        clock.move_to(START + minute * MINUTE, tick=False)
        incidents.recovered(incident, at=START + minute * MINUTE, verified_at=START + minute * MINUTE)

    def goes(minute):
        clock.move_to(START + minute * MINUTE, tick=False)
        incidents.failing_again(incident, at=START + minute * MINUTE, why=sentence("Tokyo"))

    comes(1)
    Delivery.objects.filter(payload__event="recovered").update(state="sent")
    goes(2)
    command.acknowledge(incident, by=ada)
    comes(3)
    goes(4)
    row = climb(incident)
    assert (row.number, row.status, row.acknowledged_by) == (2, "acked", str(ada))
    assert row.expires_at == START + 34 * MINUTE


@pytest.mark.parametrize(("state", "number"), [("sent", 2), ("queued", 3)], ids=["told", "called_back"])
def test_while_it_comes_and_goes_nobody_misses_their_page(clock, state, number):
    """What waited when it seemed to be over was called back, and nobody else asks for it."""
    incident = declared("P1")
    for minute in (1, 3):
        clock.move_to(START + minute * MINUTE, tick=False)
        incidents.recovered(incident, at=START + minute * MINUTE, verified_at=START + minute * MINUTE)
        Delivery.objects.filter(payload__event="recovered", not_before__lte=START + MINUTE).update(state="sent")
        clock.move_to(START + (minute + 1) * MINUTE, tick=False)
        incidents.failing_again(incident, at=START + (minute + 1) * MINUTE, why=sentence("Tokyo"))
        Delivery.objects.filter(group=climb(incident).group).update(state=state)
    assert climb(incident).number == number
    assert climb(incident).status == "active"


def test_one_ladder_that_cannot_be_read_does_not_keep_the_others(clock):
    broken, well = declared(), declared()
    Escalation.objects.filter(incident=broken).update(snapshot={})
    at(clock, 5)
    assert climb(well).level == 1
    assert climb(broken).level == 0


@pytest.mark.parametrize("channel", Channel.values)
def test_programs_are_told_whatever_has_been_answered_and_people_are_not(channel, ada):
    incident = declared()
    command.acknowledge(incident, by=ada)
    one = Delivery(channel=channel, group=climb(incident).group, person="contact:cto")
    assert not escalation_messages.is_wanted(one)
    one.person = ""
    assert escalation_messages.is_wanted(one)


def test_a_step_costs_a_bounded_number_of_queries(clock, django_assert_max_num_queries):
    declared()
    with django_assert_max_num_queries(75):
        at(clock, 5)
