"""Paging until somebody answers, on real rows: who is told what, when it goes on, and what stops it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dr_console.audit.models import AuditEntry
from dr_console.errors import Refused
from dr_console.notifications.models import Channel, Delivery
from dr_console.notifications.purposes import Answer, Wish
from dr_console.web.sentences import sentence, spoken
from incidents.models import (
    Contact,
    ContactChannel,
    Escalation,
    EscalationLevel,
    EscalationPolicy,
    Incident,
    RoleAssignment,
    Rotation,
    Severity,
)
from incidents.queries import paging
from incidents.services import (
    checklist,
    command,
    escalation,
    escalation_acts,
    escalation_messages,
    lifecycle,
    timeline,
)
from incidents.services import incident as incidents
from incidents.services.merging import merge
from tests import make

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 28, 3, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WHY = sentence("Three probes in a row failed.")


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(START, tick=False)
    make.plan()
    return time_machine


@pytest.fixture
def ada():
    return make.user("ada", role="commander")


def declared(severity="P0", **fields) -> Incident:
    return incidents.declare(title="API unavailable", severity=severity, service=None, by=None, why=WHY, **fields)[0]


def climb(incident) -> Escalation:
    return Escalation.objects.filter(incident=incident).order_by("-number")[0]


def at(clock, minutes):
    """So long after the start, everything that is due is done."""
    clock.move_to(START + minutes * MINUTE, tick=False)
    return escalation.tick()


def paged(incident, *, place=None):
    rows = Delivery.objects.filter(about=incident.reference, purpose="escalation").exclude(person="")
    rows = rows.filter(dedup_key__contains=f":{place}:") if place else rows
    return [(one.person, one.channel) for one in rows.order_by("pk")]


def kinds(incident):
    return list(climb(incident).events.values_list("kind", flat=True))


def told(incident):
    """What its timeline says of paging."""
    return [entry.words for entry in incident.timeline.order_by("seq") if entry.kind in ("alerted", "decided")]


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


def test_paged_anew_it_begins_at_the_first_level_by_the_policy_of_today(ada):
    incident = declared()
    EscalationLevel.objects.filter(policy__key="p0", key="on-call").update(targets=["contact:cto"])
    anew = escalation_acts.page_anew(incident, by=ada, why="We need hands")
    assert (anew.number, anew.level) == (2, 0)
    assert paged(incident)[-1][0] == "contact:cto"
    assert not paging.policy_changed(anew)
    assert Escalation.objects.get(number=1).status == "stopped"
    assert f"{ada} has everybody paged anew" in told(incident)
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
