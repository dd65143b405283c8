"""The page of an incident: the clock of the target, the one next action, the story, and what each may press."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext_noop as _

from dr_console.runs.models import Approval, Command, Run, Step
from dr_console.runs.queries import shown_run
from dr_console.web.sentences import sentence
from incidents.models import BlockedTrigger, FailoverPlan, Incident, Service
from incidents.queries.incident import phase, target_clock
from incidents.queries.next_action import NextAction, next_action
from incidents.queries.timeline import story
from tests import make, scenes

pytestmark = pytest.mark.django_db
PANELS = ["bar", "next", "run", "timeline", "deliveries", "diagnosis"]


@pytest.fixture
def wei(client) -> User:
    make.plan()
    someone = make.user("wei", role="commander")
    client.force_login(someone)
    return someone


def text(response: Any) -> str:
    assert response.status_code == 200
    return str(response.content.decode())


def action(incident: Incident, person: User) -> NextAction:
    """Where somebody leads it already: who does not is asked to, which tests/incidents/test_next_action.py tells."""
    incident.commander = incident.commander or person
    run = incident.runs.order_by("-created_at").first()
    return next_action(incident, shown_run(run) if run else None, person)


def labels(found: NextAction) -> list[str]:
    return [str(one.label) for one in ([found.primary] if found.primary else []) + found.others]


@pytest.mark.parametrize("name", list(scenes.SCENES))
def test_the_page_in_every_state(client, wei, name):
    incident = scenes.scene(name, commander=wei)
    page = text(client.get(incident.get_absolute_url()))
    assert page.count('id="next-primary"') <= 1
    assert all(f'id="{panel}"' in page for panel in ("incident", "next", "run", "timeline", "deliveries", "diagnosis"))
    assert reverse("live:stream", args=[incident.topic]) in page


@pytest.mark.parametrize("panel", PANELS)
def test_each_panel_comes_alone(client, wei, panel):
    incident = scenes.scene("running")
    page = text(client.get(reverse(f"incidents:{panel}", args=[incident.reference]), headers={"HX-Request": "true"}))
    assert "<html" not in page


@pytest.mark.parametrize("panel", ["detail", *PANELS])
def test_it_is_for_those_who_may_see_incidents(client, panel):
    address = reverse(f"incidents:{panel}", args=[make.incident().reference])
    assert client.get(address).url.startswith(reverse("account_login"))
    client.force_login(make.user("nobody"))
    assert client.get(address).status_code == 403
    client.force_login(make.user("vera", role="viewer"))
    assert client.get(address).status_code == 200
    assert client.post(address).status_code == 405


def test_the_number_of_queries_is_bounded(client, wei, django_assert_max_num_queries):
    few, many = scenes.scene("done"), scenes.scene("done")
    for number in range(25):
        make.step(many.runs.get(), f"more-{number}", position=20 + number, state="succeeded", ended_at=now())
    client.get(few.get_absolute_url())
    for incident in (few, many):
        with django_assert_max_num_queries(45):
            client.get(incident.get_absolute_url())


# --- The clock of the recovery target -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("ago", "fields", "left", "state"),
    [
        (359, {}, 541, ""),
        (1030, {}, -130, "is-over"),
        (900, {}, 0, "is-over"),
        (2000, {"recovered": 211}, 689, "is-met"),
        (2000, {"recovered": 1000}, -100, "is-over"),
    ],
)
def test_the_clock(wei, time_machine, ago, fields, left, state):
    time_machine.move_to("2026-11-22 14:30 +0000", tick=False)
    began = now() - timedelta(seconds=ago)
    recovered = began + timedelta(seconds=fields["recovered"]) if fields else None
    clock = target_clock(make.incident(started_at=began, recovered_at=recovered))
    assert clock is not None
    assert (clock.left.total_seconds(), clock.state) == (left, state)


def test_a_clock_that_has_stopped_does_not_tick(client, wei):
    page = text(client.get(scenes.scene("done").get_absolute_url()))
    assert "data-left" not in page
    assert "03:31" in page


def test_without_a_plan_there_is_no_clock(client):
    assert target_clock(make.incident()) is None
    client.force_login(make.user("vera", role="viewer"))
    assert "role=timer" not in text(client.get(make.incident().get_absolute_url()))


def test_the_server_says_how_many_seconds_are_left(client, wei, time_machine):
    time_machine.move_to("2026-11-22 14:30 +0000", tick=False)
    incident = make.incident(started_at=now() - timedelta(seconds=359))
    assert 'data-left="541"' in text(client.get(reverse("incidents:bar", args=[incident.reference])))


# --- How far it is --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("running", "Failing over"),
        ("approval", "Waiting for approval"),
        ("failed", "Stopped by a failed step"),
        ("done", "Recovered, being watched"),
    ],
)
def test_the_phase(name, words):
    incident = scenes.scene(name)
    assert phase(incident, incident.runs.get()) == words


# --- The one next action ---------------------------------------------------------------------------------------------
def test_a_step_that_waits_is_to_be_approved(wei):
    found = action(scenes.scene("approval"), wei)
    assert found.title == "approve “Point DNS at California”"
    assert labels(found) == ["Approve", "Decline", "Pause run"]
    assert found.due_words == "Without an answer it goes ahead by itself"
    assert found.due_seconds is not None
    assert 75 <= found.due_seconds <= 83


def test_of_several_approvals_the_page_says_how_many_there_are(wei):
    incident = scenes.scene("approval")
    Approval.objects.update(needed=2, votes=[{"by": 1, "name": "ada", "yes": True, "reason": "", "at": ""}])
    assert "1 of 2 people have said yes." in action(incident, wei).words


def test_a_failed_step_is_to_be_decided_about(wei):
    found = action(scenes.scene("failed"), wei)
    assert found.title == "decide what to do about “Point DNS at California”"
    assert "Cloudflare did not let us change the DNS record" in found.words[0]
    assert labels(found)[0] == "Try again"
    assert {"Mark as done", "Skip step", "Ignore the failure", "Abort run"} <= set(labels(found))


def test_where_nobody_knows_whether_it_happened_somebody_has_to_find_out(wei):
    incident = scenes.scene("failed")
    incident.runs.get().steps.filter(key="dns").update(state=Step.State.UNKNOWN)
    assert action(incident, wei).title == "find out whether “Point DNS at California” happened"


def test_a_paused_run_is_to_be_resumed(wei):
    incident = scenes.scene("running")
    incident.runs.update(state=Run.State.PAUSED_BY_OPERATOR)
    found = action(incident, wei)
    assert found.title == "resume the run"
    assert labels(found)[0] == "Resume run"


def test_while_it_runs_there_is_nothing_to_press_but_stops(wei):
    found = action(scenes.scene("running"), wei)
    assert found.title == "watch “Point DNS at California”"
    assert found.primary is None
    assert labels(found) == ["Pause run", "Abort run"]


def test_waiting_for_a_vendor_is_said_and_never_silent(wei):
    assert "Blocked by Cloudflare until 14:41:07" in action(scenes.scene("blocked"), wei).words


def test_before_there_is_a_run_the_plan_that_answers_is_suggested(wei):
    service = Service.objects.get(key="api")
    incident = make.incident(service=service, failure="region_failure", diagnosis={"region_key": "asia-northeast-1"})
    found = action(incident, wei)
    assert found.primary is not None
    assert found.title == "start “Region failure, to the backup region”"
    assert "/failover/region-failure-to-backup-region/preview/" in found.primary.address
    assert f"incident={incident.reference}" in found.primary.address


def test_what_stands_in_the_way_is_said(wei):
    plan = FailoverPlan.objects.get(key="region-failure-to-backup-region")
    incident = make.incident(service=plan.service, failure="region_failure")
    words = sentence(_("A failover ended %(minutes)s min ago"), minutes=12)
    BlockedTrigger.objects.create(incident=incident, plan=plan, blocker="cool_down", said=words, kind="region_failure")
    assert "A failover ended 12 min ago" in action(incident, wei).words


def test_after_a_run_that_was_not_enough_the_next_standby_comes_first(wei):
    plan = FailoverPlan.objects.get(key="region-failure-to-backup-region")
    incident = make.incident(service=plan.service, failure="region_failure")
    run = make.run({"key": "dns", "state": "failed"}, state="failed", plan_key=plan.key, ended_at=now())
    incident.runs.add(run)
    found = action(incident, wei)
    onwards = FailoverPlan.objects.get(key="region-failure-to-cold-standby")
    assert found.title == f"try another way, “{onwards.name}”"
    assert found.words[0] == "The last run did not bring the service back."


def test_with_no_plan_a_person_has_to_choose(wei):
    found = action(make.incident(failure="cdn_failure"), wei)
    assert found.primary is not None
    assert found.title in ("decide what to switch over", "start “CDN failure, to the backup CDN”")


def test_after_recovery_it_is_watched_and_a_resolved_one_is_over(wei):
    incident = scenes.scene("done")
    assert action(incident, wei).title.startswith("watch the recovery")
    incident.status, incident.resolved_at = Incident.Status.RESOLVED, now()
    assert action(incident, wei).title == "nothing more to do"


def test_who_may_not_is_told_whom_it_takes(client, wei):
    vera = make.user("vera", role="viewer")
    incident = scenes.scene("approval")
    found = action(incident, vera)
    assert (found.primary, found.others, found.needed) == (None, [], "runs.approve_step")
    client.force_login(vera)
    page = text(client.get(incident.get_absolute_url()))
    assert "This takes one of the roles: Commander, Administrator." in page
    assert "btn-danger" not in page


# --- The story -------------------------------------------------------------------------------------------------------
def test_the_story_is_merged_in_order(wei):
    incident = scenes.scene("failed")
    run = incident.runs.get()
    step = run.steps.get(key="dns")
    run.steps.filter(key="start").update(acted_at=now())
    Command.objects.create(run=run, step=step, verb="retry", by=wei, reason="Token renewed", client_token="t1")
    told = [line.words for line in story(incident).lines]
    assert told[0] == "Health checks of API fail from all places"
    assert "Activate the standby (us-west-1): Done" in told
    assert "Point DNS at California: Failed" in told
    assert told[-1] == "Try again: Point DNS at California (Token renewed)"


def test_a_second_run_is_shown_first_while_it_goes_on(client, wei):
    incident = scenes.scene("failed")
    incident.runs.update(state="failed", ended_at=now())
    second = make.run({"key": "warm", "state": "running"}, state="running", titles={"en": "The second way"})
    incident.runs.add(second)
    page = text(client.get(reverse("incidents:run", args=[incident.reference])))
    assert "The second way" in page
    assert "Other runs of this incident:" in page


def test_messages_are_shown_with_what_became_of_them(client, wei):
    page = text(client.get(reverse("incidents:deliveries", args=[scenes.scene("running").reference])))
    assert all(words in page for words in ("PagerDuty", "on-call engineer", "Accepted", "Perhaps sent", "Failed"))


def test_the_reasons_of_the_diagnosis_are_shown(client, wei):
    page = text(client.get(reverse("incidents:diagnosis", args=[scenes.scene("running").reference])))
    assert "Tokyo is down as 3 of 3 places see it" in page


def test_a_drill_cannot_be_mistaken(client, wei):
    page = text(client.get(scenes.scene("running", is_practice=True).get_absolute_url()))
    assert page[page.index("<title>") :].startswith("<title>DRILL · SANDBOX")
    assert 'class="incident drill"' in page
    assert "This is an exercise" in page


# --- When it is over -------------------------------------------------------------------------------------------------
def test_it_is_resolved_and_opened_again_from_here(wei):
    incident = scenes.scene("done")
    assert "Resolve incident" in labels(action(incident, wei))
    incident.status, incident.resolved_at = Incident.Status.RESOLVED, now()
    assert labels(action(incident, wei)) == ["Close incident", "Reopen incident"]
    incident.status = Incident.Status.CLOSED
    assert labels(action(incident, wei)) == ["Reopen incident"]
