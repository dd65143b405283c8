"""The one next action, computed from who leads, how bad it is, the run and the checklist."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils.timezone import now

from dr_console.runs.queries import shown_run
from incidents.models import BlockedTrigger, ChecklistItem, FailoverPlan, Incident, Service
from incidents.queries.actions import NextAction
from incidents.queries.next_action import next_action
from incidents.services import checklist
from incidents.services.checklist_choice import choose
from tests import make, scenes

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def wei(db) -> User:
    make.plan()
    return make.user("wei", role="commander")


@pytest.fixture
def incident(wei) -> Incident:
    made = make.incident(
        service=Service.objects.get(key="api"),
        failure="api_errors",
        commander=wei,
        diagnosis={"region_key": "asia-northeast-1"},
    )
    choose(made)
    return made


def action(incident: Incident, person: User) -> NextAction:
    run = incident.runs.order_by("-created_at").first()
    return next_action(incident, shown_run(run) if run else None, person)


def labels(found: NextAction) -> list[str]:
    return [str(one.label) for one in ([found.primary] if found.primary else []) + found.others]


def settle(incident: Incident, *keys: str, by: User) -> None:
    for item in incident.checklist.filter(key__in=keys):
        checklist.tick(item, by=by)


def test_somebody_has_to_lead_first(incident, wei):
    incident.commander = None
    found = action(incident, wei)
    assert found.title == "take command"
    assert labels(found) == ["Take command", "Preview and start…", "Resolve incident"]


def test_then_somebody_has_to_say_how_bad_it_is(incident, wei):
    incident.severity = ""
    found = action(incident, wei)
    assert found.title == "say how bad it is"
    assert "it is taken for P1" in found.words[0]


def test_who_may_not_lead_is_not_asked_to(incident):
    incident.commander = None
    found = action(incident, make.user("rita", role="responder"))
    assert labels(found) == ["Done", "Note, or does not apply…"]


def test_the_list_is_worked_from_its_top(incident, wei):
    found = action(incident, wei)
    assert found.title == "Confirm the scope and impact of the failure"
    assert labels(found) == ["Done", "Note, or does not apply…", "Preview and start…", "Resolve incident"]
    assert found.due_words == "Due"
    settle(incident, "confirm-scope", by=wei)
    assert labels(action(incident, wei))[:2] == ["Page the response team", "Done"]
    settle(incident, "activate-team", by=wei)
    assert action(incident, wei).title.startswith("start “")


def test_what_is_late_says_so(incident, wei):
    ChecklistItem.objects.filter(key="confirm-scope").update(due_at=now() - 3 * MINUTE)
    found = action(incident, wei)
    assert found.words[0] == "This was due 3 min ago."
    assert found.due_at is None


def test_what_holds_a_failover_back_comes_before_the_list(incident, wei):
    plan = FailoverPlan.objects.filter(service=incident.service).first()
    BlockedTrigger.objects.create(incident=incident, plan=plan, blocker="cool_down", kind="api_errors")
    assert action(incident, wei).title.startswith("start “")


def test_while_a_run_goes_on_there_is_time_for_what_does_not_wait_for_it(wei):
    incident = scenes.scene("blocked", commander=wei)
    choose(incident)
    settle(incident, "confirm-scope", "activate-team", by=wei)
    found = action(incident, wei)
    assert found.title == "Notify those concerned"
    assert found.words[0].startswith("The run goes on by itself: watch “")
    assert "Blocked by Cloudflare until 14:41:07" in found.words
    assert labels(found)[0] == "Write a status update"
    assert {"Pause run", "Abort run"} <= set(labels(found))


@pytest.mark.parametrize(("name", "label"), [("approval", "Approve"), ("failed", "Try again")])
def test_what_the_run_asks_comes_before_everything(wei, name, label):
    incident = scenes.scene(name)
    choose(incident)
    assert labels(action(incident, wei))[0] == label


def test_after_the_recovery_the_list_goes_on_until_it_can_be_resolved(incident, wei):
    Incident.objects.update(status="mitigated", mitigated_at=now(), recovered_at=now(), verified_at=now())
    incident.refresh_from_db()
    settle(incident, "confirm-scope", "activate-team", by=wei)
    found = action(incident, wei)
    assert found.title == "Verify that the standby system works"
    assert found.words[0].startswith("Users are served again.")
    settle(incident, "verify-standby", "notify-people", "watch-recovery", "record-details", by=wei)
    found = action(incident, wei)
    assert found.title == "resolve it"
    assert labels(found) == ["Resolve incident"]


def test_what_is_to_be_learnt_comes_after_it_is_resolved(incident, wei):
    incident.status, incident.resolved_at = Incident.Status.RESOLVED, now()
    incident.save()
    settle(incident, *(item.key for item in incident.checklist.exclude(key__in=["analyse-root-cause"])), by=wei)
    assert labels(action(incident, wei)) == [
        *("Open the report", "Done", "Note, or does not apply…", "Close incident", "Reopen incident")
    ]
    settle(incident, "analyse-root-cause", by=wei)
    found = action(incident, wei)
    assert (found.title, labels(found)) == ("close it", ["Close incident", "Reopen incident"])
