"""Status updates: published once to each audience, owed in time, put off with a reason, withdrawn when wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dr_console.audit.models import AuditEntry
from dr_console.errors import Refused
from dr_console.live.models import Event
from dr_console.notifications.models import Delivery
from incidents.models import Audience, Contact, Incident, Service, Severity, Stage, StatusPage, StatusUpdate, UpdateDue
from incidents.queries.updates import first_words, readers, stage_of, standing
from incidents.services import checklist_choice, consequences, update_dues, updates
from incidents.services.updates import Draft
from tests import make

pytestmark = pytest.mark.django_db

START = datetime(2026, 11, 22, 14, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(START, tick=False)
    return time_machine


@pytest.fixture
def incident() -> Incident:
    make.plan()
    found = make.incident(started_at=START, service=Service.objects.get(key="api"))
    update_dues.declared(found)
    return found


def draft(audience=Audience.CUSTOMERS, **fields) -> Draft:
    given = {"stage": Stage.INVESTIGATING, "headline": {"en": "API fails", "zh-hans": "API 故障"}}
    return Draft(audience=audience, **(given | fields))


def publish(incident, *drafts, by=None, token="one"):
    return updates.publish(incident, drafts or [draft()], by=by or make.user(f"ada-{token}"), token=token)


def due(incident, audience=Audience.CUSTOMERS):
    found = UpdateDue.objects.filter(incident=incident, audience=audience).first()
    return found.at if found else None


def line(incident) -> str:
    return str(incident.timeline.order_by("-pk").first())


def test_a_declared_incident_owes_each_audience_a_word_by_its_cadence(incident):
    found = {one.audience: one.due_at for one in standing(incident)}
    assert found == {
        Audience.RESPONDERS: START + 15 * MINUTE,
        Audience.MANAGERS: START + 30 * MINUTE,
        Audience.CUSTOMERS: START + 30 * MINUTE,
    }


def test_a_mild_one_owes_only_what_the_plan_says():
    make.plan()
    mild = make.incident(severity=Severity.P3)
    update_dues.declared(mild)
    assert not UpdateDue.objects.filter(incident=mild).exists()
    assert [one.state for one in standing(mild)] == ["", "", ""]


def test_nothing_is_owed_without_a_plan():
    alone = make.incident()
    update_dues.declared(alone)
    assert [one.due_at for one in standing(alone)] == [None, None, None]
    assert readers(alone, Audience.RESPONDERS) == []


def test_an_update_is_written_down_sent_and_counted_on_from(incident):
    ada = make.user("ada")
    (made,) = publish(incident, draft(Audience.MANAGERS, actions={"en": "We switch over."}), by=ada)
    assert (made.by, made.at, made.headline["zh-hans"]) == (ada, START, "API 故障")
    assert "API fails" in line(incident)
    assert AuditEntry.objects.filter(action="update.published", actor=ada).exists()
    sent = Delivery.objects.filter(channel="email", about=incident.reference)
    assert {one.recipient for one in sent}
    assert all("API fails" in one.subject or "API 故障" in one.subject for one in sent)
    assert due(incident, Audience.MANAGERS) == START + 30 * MINUTE
    assert Event.objects.filter(topic__name=incident.topic, name="updates").exists()


def test_each_reader_gets_the_language_that_is_theirs(incident):
    Contact.objects.filter(key="cto").update(language="zh-hans")
    publish(incident, draft(Audience.MANAGERS, next_at=START + 20 * MINUTE))
    sent = Delivery.objects.filter(channel="email", language="zh-hans").get()
    assert "API 故障" in sent.subject
    assert ["14:50" in str(sent.payload["facts"])] == [True]


def test_customers_are_told_nothing_of_the_console(incident, settings):
    settings.DR_WEBHOOK_URLS = ["https://hooks.example.com/updates"]
    publish(incident)
    (sent,) = Delivery.objects.filter(channel="webhook")
    assert sent.payload["url"] == ""


def test_published_twice_with_one_token_it_is_one(incident):
    ada = make.user("ada")
    first = publish(incident, draft(), draft(Audience.MANAGERS), by=ada)
    assert publish(incident, draft(), draft(Audience.MANAGERS), by=ada) == first
    assert StatusUpdate.objects.count() == 2
    assert Delivery.objects.filter(channel="email").count() == 2


def test_a_promise_is_what_the_next_one_is_owed_by(incident):
    publish(incident, draft(next_at=START + 20 * MINUTE))
    assert due(incident) == START + 20 * MINUTE


@pytest.mark.parametrize("after", [-MINUTE, timedelta(days=8)], ids=["past", "too far"])
def test_a_promise_that_cannot_be_kept_is_refused(incident, after):
    with pytest.raises(Refused, match="seven days"):
        publish(incident, draft(next_at=START + after))
    assert not StatusUpdate.objects.exists()


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"headline": {"en": "  "}}, "headline"),
        ({"headline": {"en": "x" * 201}}, "longer than 200"),
        ({"needs": {"en": "x" * 4001}}, "longer than 4000"),
        ({"impact": {"api": "on fire"}}, "state that there is not"),
    ],
    ids=["nothing", "long headline", "long text", "unknown state"],
)
def test_what_says_nothing_or_too_much_is_refused_whole(incident, fields, match):
    with pytest.raises(Refused, match=match):
        publish(incident, draft(Audience.MANAGERS), draft(**fields))
    assert not StatusUpdate.objects.exists()
    assert not Delivery.objects.exists()


def test_a_duplicate_is_told_of_where_it_goes_on(incident):
    other = make.incident(reference="INC-2026-900")
    Incident.objects.filter(pk=incident.pk).update(merged_into=other)
    with pytest.raises(Refused, match="INC-2026-900"):
        publish(incident)


def test_the_last_word_promises_nothing_and_all_works(incident):
    (made,) = publish(incident, draft(stage=Stage.RESOLVED, impact={"api": "major_outage"}, next_at=START + MINUTE))
    assert made.next_at is None
    assert made.impact == {"api": "operational"}
    assert due(incident) is None


def test_an_exercise_is_never_public_and_its_messages_are_marked():
    make.plan()
    practice = make.incident(is_practice=True)
    publish(practice, draft(), draft(Audience.MANAGERS))
    assert not StatusUpdate.objects.public().exists()
    assert not StatusPage.objects.exists()
    assert all(one.subject.startswith("[DRILL]") for one in Delivery.objects.filter(channel="email"))


def test_a_worse_severity_counts_from_the_last_word(incident, clock):
    Incident.objects.filter(pk=incident.pk).update(severity=Severity.P1)
    incident.refresh_from_db()
    publish(incident)  # every 60 minutes
    clock.move_to(START + 10 * MINUTE, tick=False)
    incident.severity = Severity.P0
    incident.save()
    consequences.severity_changed(incident, Severity.P1)
    assert due(incident) == START + 30 * MINUTE


def test_a_promise_is_kept_when_the_severity_is_milder(incident):
    publish(incident, draft(next_at=START + 20 * MINUTE))
    incident.severity = Severity.P3
    incident.save()
    update_dues.severity_changed(incident)
    assert due(incident) == START + 20 * MINUTE
    assert due(incident, Audience.MANAGERS) is None


def test_that_it_is_mitigated_is_owed_soon(incident):
    incident.status = Incident.Status.MITIGATED
    incident.save()
    update_dues.status_changed(incident)
    assert due(incident) == START + 10 * MINUTE


def test_once_over_only_those_who_heard_are_owed_the_end(incident):
    publish(incident)
    incident.status, incident.resolved_at = Incident.Status.RESOLVED, START
    incident.save()
    update_dues.status_changed(incident)
    assert due(incident) == START + 10 * MINUTE
    assert due(incident, Audience.MANAGERS) is None
    incident.status = Incident.Status.CLOSED
    incident.save()
    update_dues.status_changed(incident)
    assert due(incident) is None


def test_whoever_writes_is_reminded_once_and_told_once_when_it_is_late(incident, clock):
    UpdateDue.objects.exclude(audience=Audience.CUSTOMERS).delete()
    clock.move_to(START + 24 * MINUTE, tick=False)
    assert update_dues.remind() == 0
    clock.move_to(START + 26 * MINUTE, tick=False)
    assert (update_dues.remind(), update_dues.remind()) == (1, 0)
    assert "are owed an update at 15:00" in Delivery.objects.get().subject
    clock.move_to(START + 31 * MINUTE, tick=False)
    assert (update_dues.remind(), update_dues.remind()) == (1, 0)
    assert "were owed an update at 15:00 UTC, and have had none" in line(incident)
    assert [one.state for one in standing(incident) if one.due_at] == ["overdue"]


def test_the_commander_is_the_one_who_is_reminded(incident, clock):
    ada = make.user("ada")
    Incident.objects.filter(pk=incident.pk).update(commander=ada)
    UpdateDue.objects.exclude(audience=Audience.CUSTOMERS).delete()
    clock.move_to(START + 31 * MINUTE, tick=False)
    assert update_dues.remind() == 1
    assert Delivery.objects.filter(channel="email", address="ada@example.com").exists()


def test_what_a_second_process_has_told_of_is_not_told_again(incident, clock):
    clock.move_to(START + 31 * MINUTE, tick=False)
    stale = UpdateDue.objects.select_related("incident__commander").get(incident=incident, audience="customers")
    update_dues.remind()
    count = Delivery.objects.count()
    assert not update_dues._tell_one(stale, START + 31 * MINUTE)
    assert Delivery.objects.count() == count


def test_it_can_wait_with_a_reason(incident):
    ada = make.user("ada")
    updates.snooze(incident, Audience.CUSTOMERS, minutes=60, reason="Nothing is new", by=ada)
    assert due(incident) == START + 60 * MINUTE
    assert "waits until 15:30 UTC: Nothing is new" in line(incident)
    with pytest.raises(Refused, match="Say why"):
        updates.snooze(incident, Audience.CUSTOMERS, minutes=60, reason=" ", by=ada)


def test_what_is_not_owed_cannot_wait(incident):
    UpdateDue.objects.all().delete()
    with pytest.raises(Refused, match="owed no update"):
        updates.snooze(incident, Audience.CUSTOMERS, minutes=60, reason="Nothing is new", by=make.user())


def test_what_was_wrong_is_withdrawn_and_something_is_owed(incident):
    (made,) = publish(incident)
    bob = make.user("bob")
    updates.withdraw(made, by=bob, reason="It was the cache")
    made.refresh_from_db()
    assert (made.withdrawn_by, made.withdrawn_reason) == (bob, "It was the cache")
    assert not StatusUpdate.objects.public().exists()
    assert due(incident) == START + 10 * MINUTE
    assert "withdrawn" in line(incident)
    with pytest.raises(Refused, match="already"):
        updates.withdraw(made, by=bob, reason="Again")


def test_an_update_begins_with_the_words_of_its_audience_and_stage(incident):
    words = first_words(incident, Audience.CUSTOMERS, Stage.INVESTIGATING)
    assert words["headline"] == {"en": "Problems with API", "zh-hans": "API 出现问题"}
    assert "2026-11-22 14:30 UTC" in words["conditions"]["en"]


def test_the_stage_is_what_the_incident_suggests(incident):
    assert stage_of(incident) == Stage.INVESTIGATING
    incident.failure = "region_failure"
    assert stage_of(incident) == Stage.IDENTIFIED
    incident.status = Incident.Status.MITIGATED
    assert stage_of(incident) == Stage.MONITORING


def test_responders_are_those_of_the_matrix_and_managers_those_of_the_plan(incident):
    assert {one.channel for one in readers(incident, Audience.RESPONDERS)} == {"slack"}
    assert {one.channel for one in readers(incident, Audience.MANAGERS)} == {"email"}
    assert readers(incident, Audience.CUSTOMERS) == []


def test_publishing_ticks_the_item_of_the_checklist_that_leads_here(incident):
    checklist_choice.choose(incident)
    publish(incident)
    assert incident.checklist.get(action="publish_update").state == "done"


def test_the_standing_asks_the_database_a_bounded_number_of_times(incident, django_assert_max_num_queries):
    publish(incident, draft(), draft(Audience.MANAGERS))
    with django_assert_max_num_queries(4):
        assert len(standing(incident)) == 3
