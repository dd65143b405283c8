"""Working a checklist: the first counts, nothing is lost, and what has happened ticks itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils.timezone import now

from dr_console.errors import Refused
from dr_console.live.models import Event
from dr_console.notifications.models import Delivery
from incidents.models import (
    ChecklistItem,
    EscalationPolicy,
    Incident,
    ItemAction,
    ItemCondition,
    Service,
    StatusUpdate,
)
from incidents.queries.checklist import shown_checklist
from incidents.services import checklist, checklist_actions
from incidents.services.checklist import Details
from incidents.services.checklist_choice import choose
from tests import make
from tests.incidents.listing import MINUTE, NINE, ada, incident, item, shown, story

__all__ = ["ada", "incident"]

pytestmark = pytest.mark.django_db


# --- Ticking ----------------------------------------------------------------------------------------------------------
def test_ticking_records_who_and_when_and_tells_the_pages(incident, ada, time_machine):
    time_machine.move_to("2026-11-22 14:32 +0000", tick=False)
    ticked = checklist.tick(item(incident), by=ada)
    assert (ticked.settled_by, f"{ticked.settled_at:%H:%M}", ticked.state) == (ada, "14:32", "done")
    assert story(incident) == ["Done: Confirm the scope and impact of the failure"]
    assert Event.objects.filter(topic__name=incident.topic, name="checklist").exists()


def test_the_second_person_is_told_who_was_first(incident, ada):
    seen = item(incident)
    checklist.tick(seen, by=ada)
    with pytest.raises(Refused, match="ada has already ticked “Confirm the scope"):
        checklist.tick(seen, by=make.user("bob"))
    assert len(story(incident)) == 1


def test_who_says_it_does_not_apply_may_be_first_too(incident, ada):
    seen = item(incident)
    checklist.say_not_applicable(seen, by=ada, reason=" Known already ")
    assert item(incident).reason == "Known already"
    with pytest.raises(Refused, match="ada has already said that"):
        checklist.tick(seen, by=make.user("bob"))


@pytest.mark.django_db(transaction=True)
def test_of_eight_at_once_one_counts():
    make.plan()
    incident = make.incident()
    choose(incident)
    people = [make.user(f"person-{number}") for number in range(8)]
    seen, barrier = item(incident), Barrier(8)

    def press(person: User) -> str:
        try:
            barrier.wait(30)
            checklist.tick(seen, by=person)
            return ""
        except Refused as refusal:
            return str(refusal)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(press, people))
    first = item(incident).settled_by
    assert answers.count("") == 1
    assert all(str(first) in answer for answer in answers if answer)
    assert incident.timeline.count() == 1


def test_without_a_reason_nothing_is_out_of_place(incident, ada):
    with pytest.raises(Refused, match="Say why"):
        checklist.say_not_applicable(item(incident), by=ada, reason="  ")
    assert item(incident).is_open


def test_it_can_be_undone_by_whoever_sees_that_it_was_wrong(incident, ada):
    checklist.tick(item(incident), by=ada)
    undone = checklist.untick(item(incident), by=make.user("bob"))
    assert (undone.state, undone.settled_by, undone.settled_at) == ("open", None, None)
    assert story(incident)[-1] == "To do again: Confirm the scope and impact of the failure"
    with pytest.raises(Refused, match="is open already"):
        checklist.untick(undone, by=ada)


@pytest.mark.parametrize("status", ["resolved", "closed"])
def test_the_list_is_worked_on_until_the_incident_is_closed(incident, ada, status):
    Incident.objects.update(status=status, resolved_at=now())
    if status == "resolved":
        assert not checklist.tick(item(incident), by=ada).is_open
        return
    acts: list[Any] = [
        lambda: checklist.tick(item(incident), by=ada),
        lambda: checklist.add(incident, "More", by=ada),
        lambda: checklist.answer(incident, ItemCondition.DATA_LOST, holds=True, by=ada),
        lambda: checklist.change(item(incident), Details(note="x"), by=ada, seen=0),
    ]
    for act in acts:
        with pytest.raises(Refused, match="is closed"):
            act()


# --- Details ----------------------------------------------------------------------------------------------------------
def test_who_until_when_note_and_evidence(incident, ada):
    wanted = Details(ada, "scribe", now() + 9 * MINUTE, "Seen from Osaka", "https://graphs.example.com/1")
    changed = checklist.change(item(incident), wanted, by=ada, seen=0)
    assert (changed.owner, changed.role, changed.note, changed.version) == (ada, "scribe", "Seen from Osaka", 1)
    told = " | ".join(story(incident))
    for words in ("ada is to do:", "role “Scribe”", "Due at", "Seen from Osaka", "https://graphs.example.com/1"):
        assert words in told
    again = checklist.change(changed, wanted, by=ada, seen=1)
    assert (again.version, incident.timeline.count()) == (1, 5)


def test_nobodys_note_is_lost_to_a_later_one(incident, ada):
    checklist.change(item(incident), Details(role="commander", note="First"), by=ada, seen=0)
    with pytest.raises(Refused, match="Somebody else has just changed"):
        checklist.change(item(incident), Details(note="Second"), by=make.user("bob"), seen=0)
    assert item(incident).note == "First"


# --- Adding, moving, taking off ---------------------------------------------------------------------------------------
def test_items_are_added_in_the_middle_and_moved(incident, ada):
    added = checklist.add(incident, "Stop the nightly job", by=ada, after=item(incident, "fail-over"))
    assert shown(incident)[2:5] == ["fail-over", added.key, "verify-standby"]
    checklist.move(added, by=ada, up=True, past=item(incident, "fail-over"))
    assert shown(incident)[1:4] == ["activate-team", added.key, "fail-over"]
    checklist.move(item(incident, added.key), by=ada, up=False, past=item(incident, "fail-over"))
    assert shown(incident)[2:4] == ["fail-over", added.key]
    checklist.move(item(incident), by=ada, up=True, past=None)
    assert shown(incident)[0] == "confirm-scope"
    first = checklist.add(incident, "Breathe", by=ada)
    assert shown(incident)[0] == first.key
    assert added.words == "Stop the nightly job"


def test_what_a_person_added_can_be_taken_off_again_and_the_plans_cannot(incident, ada):
    added = checklist.add(incident, "Never mind", by=ada)
    checklist.remove(added, by=ada)
    assert shown(incident) == NINE
    with pytest.raises(Refused, match="Say that it does not apply"):
        checklist.remove(item(incident), by=ada)
    done = checklist.tick(checklist.add(incident, "Again", by=ada), by=ada)
    with pytest.raises(Refused, match="settled already"):
        checklist.remove(done, by=ada)
    with pytest.raises(Refused, match="no longer on the list"):
        checklist.tick(added, by=ada)


def test_a_list_has_an_end(incident, ada, monkeypatch):
    monkeypatch.setattr(checklist, "MOST_ITEMS", 10)
    with pytest.raises(Refused, match="at most 10"):
        checklist.add(incident, "One more", by=ada)


# --- Conditions -------------------------------------------------------------------------------------------------------
def test_only_if_data_is_lost(incident, ada):
    (question,) = shown_checklist(incident).questions
    assert (str(question.words), question.holds, question.waiting) == ("Is data lost?", None, 1)
    checklist.answer(incident, ItemCondition.DATA_LOST, holds=True, by=ada)
    assert "restore-data" in shown(incident)
    checklist.answer(incident, ItemCondition.DATA_LOST, holds=False, by=ada)
    assert "restore-data" not in shown(incident)
    checklist.answer(incident, ItemCondition.DATA_LOST, holds=False, by=ada)
    assert story(incident) == ["Data is lost", "No data is lost"]
    assert shown_checklist(incident).questions[0].by == ada


def test_what_was_done_is_not_hidden_by_a_later_answer(incident, ada):
    checklist.answer(incident, ItemCondition.DATA_LOST, holds=True, by=ada)
    checklist.tick(item(incident, "restore-data"), by=ada)
    checklist.answer(incident, ItemCondition.DATA_LOST, holds=False, by=ada)
    assert "restore-data" in shown(incident)


def test_what_the_console_knows_is_not_asked():
    make.plan()
    drill = make.incident(failure="region_failure", is_practice=True)
    choose(drill)
    assert not {"call-provider", "fail-back", "lift-degradation"} & set(shown(drill))
    Incident.objects.update(is_practice=False, switched_at=now())
    drill.refresh_from_db()
    assert {"call-provider", "fail-back"} <= set(shown(drill))


# --- Items that lead to something, and what ticks itself --------------------------------------------------------------
def test_paging_the_team_ticks_and_tells_whom_the_matrix_names(incident, ada):
    checklist_actions.page_team(item(incident, "activate-team"), by=ada)
    assert item(incident, "activate-team").settled_by == ada
    told = Delivery.objects.filter(about=incident.reference)
    assert {one.channel for one in told} == {"pagerduty", "phone"}
    with pytest.raises(Refused, match="ada has already ticked"):
        checklist_actions.page_team(item(incident, "activate-team"), by=make.user("bob"))
    assert told.count() == 2


def test_where_the_matrix_names_nobody_the_item_stays_open(incident, ada):
    EscalationPolicy.objects.update(retired_at=now())
    with pytest.raises(Refused, match="names nobody"):
        checklist_actions.page_team(item(incident, "activate-team"), by=ada)
    assert item(incident, "activate-team").is_open


def test_what_has_happened_is_ticked_by_itself_and_once(incident, ada):
    at = now()
    facts: dict[str, Any] = {"acknowledged_at": at, "switched_at": at, "verified_at": at, "recovered_at": at}
    Incident.objects.update(**facts, status="mitigated", mitigated_at=at, service=Service.objects.first())
    assert checklist_actions.keep_up() == 3
    assert [one.key for one in incident.checklist.filter(state="done")] == [
        *("activate-team", "fail-over", "record-details")
    ]
    assert item(incident, "fail-over").settled_by is None
    assert item(incident, "fail-over").settled_at == at
    assert checklist_actions.keep_up() == 0
    # Who says that it was wrong is not contradicted by the same fact.
    checklist.untick(item(incident, "fail-over"), by=ada)
    assert checklist_actions.keep_up() == 0
    later = at + 20 * MINUTE
    Incident.objects.update(verified_at=later)
    assert checklist_actions.catch_up(incident) == 1


def test_an_update_ticks_that_people_were_notified_in_the_name_of_who_published_it(incident, ada):
    fields: dict[str, Any] = {"audience": "customers", "stage": "investigating", "by": ada, "token": "1"}
    update = StatusUpdate.objects.create(incident=incident, **fields)
    assert checklist_actions.keep_up() == 1
    notified = item(incident, "notify-people")
    assert (notified.settled_by, notified.settled_at) == (ada, update.at)
    checklist.untick(notified, by=ada)
    StatusUpdate.objects.create(incident=incident, **fields | {"token": "2"})
    assert checklist_actions.keep_up() == 0


@pytest.mark.parametrize("waiting", [0, 6])
def test_a_round_costs_one_query_however_much_waits(incident, django_assert_num_queries, waiting):
    for _number in range(waiting):
        choose(make.incident())
    with django_assert_num_queries(1):
        checklist_actions.keep_up()


def test_nothing_is_ticked_while_it_has_not_happened(incident):
    assert checklist_actions.keep_up() == 0
    assert not checklist.tick_by_itself(incident, "no_such_action", fact="x")


def test_of_a_closed_incident_nothing_is_ticked(incident):
    Incident.objects.update(acknowledged_at=now(), status="closed", resolved_at=now())
    assert checklist_actions.keep_up() == 0
    incident.refresh_from_db()
    assert not checklist.tick_by_itself(incident, ItemAction.ACTIVATE_TEAM, fact="acknowledged")


def test_what_the_record_lacks_is_said(incident):
    rows = {row.item.key: row for row in shown_checklist(incident).items}
    assert rows["record-details"].missing == (
        "which service it is about",
        "who responded",
        "when users were served again",
    )
    assert rows["confirm-scope"].is_next


def test_whose_turn_it_is_stands_beside_the_role(incident, ada):
    incident.roles.create(role="liaison", person=ada, assigned_by=ada)
    rows = {row.item.key: row for row in shown_checklist(incident).items}
    assert (rows["notify-people"].in_role, rows["confirm-scope"].in_role) == (ada, None)


def test_what_is_late_shows(incident):
    Incident.objects.update(started_at=now() - 12 * MINUTE)
    ChecklistItem.objects.filter(key="confirm-scope").update(due_at=now() - MINUTE)
    assert [row.item.key for row in shown_checklist(incident).items if row.is_overdue] == ["confirm-scope"]
    assert shown_checklist(incident).overdue == 1
