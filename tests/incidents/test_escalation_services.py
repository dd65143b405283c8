"""Paging until somebody answers, on real rows: who is at a level, who is told what, and when it goes on."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dr_console.notifications.models import Delivery
from dr_console.web.sentences import spoken
from incidents.models import (
    Contact,
    ContactChannel,
    EscalationLevel,
    EscalationPolicy,
    Rotation,
)
from incidents.queries import paging
from incidents.services import (
    escalation,
    escalation_messages,
)
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


# --- The ladder of the plan -----------------------------------------------------------------------------------------
def test_a_critical_incident_pages_whoever_is_on_call_in_the_same_moment():
    incident = declared()
    first = Delivery.objects.filter(purpose="escalation").order_by("pk")
    assert [(one.channel, one.recipient) for one in first] == [
        ("pagerduty", "On-call engineer"),
        ("phone", "On-call engineer"),
    ]
    page, call = first
    assert page.subject == f"[SANDBOX] P0 {incident.reference}: API unavailable"
    assert page.body == "Three probes in a row failed."
    assert (page.payload["key"], page.payload["action"]) == (f"incident:{incident.reference}", "trigger")
    assert (page.priority, page.may_wait, page.group) == (0, False, climb(incident).group)
    assert call.dedup_key.startswith(f"escalation:{climb(incident).pk}:0:0:{call.person}:phone:")
    assert kinds(incident) == ["armed", "level_started"]
    assert climb(incident).next_at == START + 5 * MINUTE


def test_nobody_answers_until_the_ladder_has_run_out(clock):
    incident = declared()
    for minute in range(5, 50, 5):
        assert at(clock, minute) == 1
    assert at(clock, 100) == 0
    levels = {tuple(key.split(":")[2:4]) for key in Delivery.objects.values_list("dedup_key", flat=True)}
    assert levels == {(str(round), str(level)) for round in range(3) for level in range(3)} | {("2", "last")}
    row = climb(incident)
    assert (row.status, row.next_at, row.round) == ("exhausted_nobody", None, 2), "nothing was ever sent"
    assert kinds(incident).count("round_started") == 2
    last = row.events.get(kind="exhausted")
    assert [one["name"] for one in last.facts["people"]] == ["Development team"]
    assert {one["key"] for one in last.facts["vendors"]} >= {"cloudflare", "aws"}
    assert told(incident)[-1].startswith("The ladder ran out, and nobody has answered. The last resort is paged")
    assert not Delivery.objects.filter(address__contains="cloudflare").exists(), "vendors are never paged"


def test_where_something_was_sent_it_says_that_nobody_answered(clock):
    incident = declared()
    Delivery.objects.update(state="sent")
    for minute in range(5, 50, 5):
        at(clock, minute)
    assert climb(incident).status == "exhausted"
    (loud,) = paging.loud_now()
    assert "Nobody answers" in spoken(loud.said)
    assert loud.url == incident.get_absolute_url()


def test_the_next_level_is_told_that_nobody_has_answered(clock):
    incident = declared()
    at(clock, 5)
    assert paged(incident, place="0:1") == [("contact:technical-lead", "phone"), ("contact:technical-lead", "email")]
    assert "nobody has answered yet" in Delivery.objects.filter(channel="email").get().subject
    again = Delivery.objects.filter(channel="pagerduty")
    at(clock, 10)
    at(clock, 15)
    assert again.latest("pk").payload["key"] == f"incident:{incident.reference}:1:1:0", "it has to ring again"


def test_after_a_long_silence_one_level_is_paged_and_not_all_that_were_missed(clock):
    """I7."""
    incident = declared()
    at(clock, 180)
    assert kinds(incident) == ["armed", "level_started", "level_started"]
    assert at(clock, 180) == 0
    assert climb(incident).next_at == START + 185 * MINUTE


def test_a_drill_goes_the_same_way_and_is_marked(clock):
    declared(is_practice=True)
    at(clock, 5)
    assert all(one.is_practice and one.subject.startswith("[DRILL]") for one in Delivery.objects.all())
    assert Delivery.objects.count() == 4


def test_without_a_policy_it_is_loud_that_nobody_is_paged():
    EscalationPolicy.objects.update(retired_at=START)
    incident = declared()
    assert climb(incident).status == "exhausted_nobody"
    assert "Nobody could be paged" in spoken(paging.loud_now()[0].said)


def test_programs_hear_of_every_level(settings, clock):
    settings.DR_WEBHOOK_URLS = ["https://hooks.example.com/dr"]
    declared()
    at(clock, 5)
    hooks = Delivery.objects.filter(channel="webhook").order_by("pk")
    assert [one.payload["event"] for one in hooks] == ["declared", "unanswered"]


# --- Who is at a level ----------------------------------------------------------------------------------------------
def test_a_rotation_that_nobody_takes_part_in_lets_no_time_pass(clock):
    """I9: the schedule is emptied while it climbs."""
    incident = declared()
    Rotation.objects.update(participants=[])
    for minute in (5, 10, 15):
        at(clock, minute)
    row = climb(incident)
    assert (row.round, row.level) == (1, 1), "the second round begins with the technical lead"
    nobody = row.events.get(kind="nobody_at_level")
    assert nobody.words.startswith("Level 1 went to nobody: nobody is on call in")
    assert nobody.words in told(incident)
    assert "went to nobody" in spoken(paging.loud_now()[0].said)


def test_a_person_who_left_the_plan_is_not_paged_and_the_policy_is_gone_by_as_it_was(clock):
    """I9: the policy is edited and a person retired while it climbs."""
    incident = declared()
    EscalationLevel.objects.filter(policy__key="p0").update(wait_minutes=1, targets=["contact:cto"])
    assert paging.policy_changed(climb(incident))
    Contact.objects.filter(key="technical-lead").update(retired_at=START)
    at(clock, 4)
    assert climb(incident).level == 0
    at(clock, 5)
    assert kinds(incident)[-2:] == ["nobody_at_level", "level_started"]
    assert paged(incident)[-1][0] == "contact:cto"


def test_the_policy_may_be_gone_altogether(clock):
    incident = declared()
    EscalationPolicy.objects.update(retired_at=START)
    at(clock, 5)
    assert climb(incident).level == 1
    assert paging.policy_changed(climb(incident))


def test_an_unchanged_policy_is_not_called_changed():
    assert not paging.policy_changed(climb(declared("P1")))


def test_who_has_none_of_the_levels_channels_is_written_to_and_that_is_red(clock):
    """R11."""
    ContactChannel.objects.filter(contact__key="technical-lead", kind="phone").delete()
    EscalationLevel.objects.filter(policy__key="p0", key="technical-lead").update(channels=["phone"])
    incident = declared()
    at(clock, 5)
    assert paged(incident, place="0:1") == [("contact:technical-lead", "email")]
    assert kinds(incident)[-1] == "no_channel"
    assert "another one is used" in told(incident)[-1]


def test_the_next_channels_of_a_person_are_in_their_own_order_with_the_same_keys(clock):
    incident = declared()
    at(clock, 5)
    EscalationLevel.objects.filter(policy__key="p0", key="technical-lead").update(channels=["phone"])
    escalation.rearm(incident)
    at(clock, 11)
    call = Delivery.objects.get(dedup_key__startswith=f"{climb(incident).group}:0:1:", channel="phone")
    assert [one["channel"] for one in call.alternatives] == ["email"]
    assert call.alternatives[0]["dedup_key"].startswith(f"{climb(incident).group}:0:1:contact:technical-lead:email")


def test_quiet_hours_hold_a_milder_page_and_the_levels_time_begins_with_it(clock):
    Contact.objects.filter(key="development-team").update(quiet_hours="22:00-07:00", time_zone="UTC")
    incident = declared("P2")
    morning = datetime(2026, 11, 28, 7, tzinfo=UTC)
    assert {one.not_before for one in Delivery.objects.filter(purpose="escalation")} == {morning}
    assert climb(incident).next_at == morning + 60 * MINUTE
    assert "quiet hours: it is sent at 2026-11-28 07:00 UTC" in climb(incident).events.get(kind="level_started").words


def test_nobody_waits_for_the_quiet_hours_of_another_who_shares_the_channel():
    Contact.objects.filter(key="development-team").update(quiet_hours="22:00-07:00", time_zone="UTC")
    policy = EscalationLevel.objects.filter(policy__severity="P2")
    policy.update(targets=["contact:development-team", "contact:cto"], channels=["slack"])
    incident = declared("P2")
    [shared] = Delivery.objects.filter(purpose="escalation", channel="slack")
    assert (shared.not_before, climb(incident).next_at) == (START, START + 60 * MINUTE)
    assert shared.person == "contact:cto"


def test_no_quiet_hours_hold_a_critical_page():
    Contact.objects.update(quiet_hours="00:00-23:59", time_zone="UTC")
    declared("P0")
    assert {one.not_before for one in Delivery.objects.all()} == {START}


def test_a_level_of_which_no_message_could_be_sent_lets_no_time_pass(clock):
    incident = declared()
    page, call = Delivery.objects.order_by("pk")
    for one in (page, call):
        Delivery.objects.filter(pk=one.pk).update(state="failed")
        one.refresh_from_db()
        assert climb(incident).next_at == START + 5 * MINUTE, "not before the last has failed"
        escalation_messages.changed(one)
    assert climb(incident).next_at == START
    assert escalation.tick() == 1
    assert kinds(incident) == ["armed", "level_started", "nobody_at_level", "level_started"]
    assert "None of the messages to level 1 could be sent: the next level is paged at once" in told(incident)
