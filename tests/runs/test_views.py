"""Runs as pages, and what people tell them from there."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils.timezone import now

from dr_console.runs.models import Approval, Run, Step, StepEvent
from tests import make, scenes

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def wei(client) -> User:
    someone = make.user("wei", role="commander")
    client.force_login(someone)
    return someone


@pytest.fixture
def viewer(client) -> User:
    someone = make.user("vera", role="viewer")
    client.force_login(someone)
    return someone


def running(**fields: Any) -> Run:
    return make.run({"key": "dns", "state": "running"}, {"key": "verify"}, state="running", **fields)


def waiting(**fields: Any) -> Run:
    run = make.run(
        {"key": "dns", "state": "waiting_approval", "needs_approval": True}, state="waiting_approval", **fields
    )
    Approval.objects.create(step=run.steps.get())
    return run


def stuck(**fields: Any) -> Run:
    return make.run(
        {"key": "dns", "state": "failed", "ended_at": now()}, {"key": "verify"}, state="paused_by_failed_step", **fields
    )


def tell(run: Run, verb: str, step: str = "") -> str:
    if step:
        return reverse("runs:tell-step", args=[run.code, step, verb])
    return reverse("runs:tell", args=[run.code, verb])


def text(response) -> str:
    return response.content.decode()


def test_the_list_shows_runs_and_marks_drills(client, viewer):
    running(titles={"en": "The real one"})
    make.run(titles={"en": "The exercise"}, is_practice=True)
    page = text(client.get(reverse("runs:list")))
    assert "The real one" in page
    row = page[page.index("The exercise") :]
    assert "DRILL" in row[: row.index("</tr>")]
    assert "SANDBOX" in page


@pytest.mark.parametrize(
    ("query", "shown"), [("kind=failover", {"out"}), ("state=succeeded", {"home"}), ("is_practice=true", {"home"})]
)
def test_the_list_is_narrowed(client, viewer, query, shown):
    make.run(titles={"en": "Way out"}, state="running")
    make.run(titles={"en": "Way home"}, kind="failback", state="succeeded", is_practice=True)
    page = text(client.get(reverse("runs:list") + f"?{query}"))
    assert {word for word in ("out", "home") if f"Way {word}" in page} == shown


@pytest.mark.parametrize("name", list(scenes.SCENES))
def test_a_run_is_shown_in_every_state(client, wei, name):
    run = scenes.scene(name).runs.get()
    page = text(client.get(run.get_absolute_url()))
    assert run.code in page
    assert all(str(step.title) in page for step in run.steps.all())


def test_what_went_wrong_is_said_with_the_answer_of_the_vendor(client, viewer):
    run = scenes.scene("failed").runs.get()
    page = text(client.get(run.get_absolute_url()))
    assert "Cloudflare did not let us change the DNS record" in page
    assert "403" in page
    assert "attempt 5 of 5" in page


def test_the_panel_alone_is_what_the_page_renews(client, viewer):
    run = running()
    panel = text(client.get(reverse("runs:panel", args=[run.code]), headers=HTMX))
    assert "<html" not in panel
    assert 'id="run"' in panel


def test_a_viewer_is_offered_nothing_to_press(client, viewer):
    page = text(client.get(waiting().get_absolute_url()))
    assert "/tell/" not in page
    assert "/steps/" not in page


def test_the_number_of_queries_is_bounded(client, wei, django_assert_max_num_queries):
    few, many = scenes.scene("done").runs.get(), scenes.scene("done").runs.get()
    for number in range(30):
        make.step(many, f"more-{number}", position=20 + number)
    client.get(few.get_absolute_url())
    for run in (few, many):
        with django_assert_max_num_queries(25):
            client.get(run.get_absolute_url())


def test_an_event_that_was_changed_is_named(client, viewer):
    run = scenes.scene("running").runs.get()
    assert "Whole: no event has been changed" in text(client.get(reverse("runs:events", args=[run.code])))
    StepEvent.objects.filter(run=run, seq=2).update(kind="forged")
    assert "Event 2 is not as it was written" in text(client.get(reverse("runs:events", args=[run.code])))


# --- Telling ------------------------------------------------------------------------------------------------------
def test_a_press_pauses_the_run(client, wei):
    run = running()
    response = client.post(tell(run, "pause"), {"version": run.version}, headers={"Referer": run.get_absolute_url()})
    assert response.status_code == 302
    run.refresh_from_db()
    assert run.state == Run.State.PAUSING


def test_htmx_is_told_that_the_panels_are_to_renew_themselves(client, wei):
    run = running()
    response = client.post(tell(run, "pause"), {"version": run.version}, headers=HTMX)
    assert response.status_code == 200
    assert "live:run" in response["HX-Trigger"]


def test_a_comment_is_kept_with_the_command(client, wei):
    run = running()
    client.post(tell(run, "pause"), {"version": run.version, "reason": "Vercel called"})
    assert run.commands.get().reason == "Vercel called"
    assert "Vercel called" in text(client.get(run.get_absolute_url()))


def test_pressing_twice_is_one_command(client, wei):
    run = running()
    for _ in range(2):
        assert client.post(tell(run, "pause"), {"version": run.version}).status_code == 302
    assert run.commands.count() == 1


def test_approving_takes_the_typed_target(client, wei):
    run = waiting(context={"to_region": "us-west-1"})
    wrong = client.post(tell(run, "approve", "dns"), {"version": run.version, "phrase": "tokyo"})
    assert wrong.status_code == 422
    assert "That is not “us-west-1”." in text(wrong)
    assert run.steps.get().state == Step.State.WAITING_APPROVAL
    right = client.post(tell(run, "approve", "dns"), {"version": run.version, "phrase": "us-west-1"})
    assert right.status_code == 302
    assert run.steps.get().state == Step.State.READY


@pytest.mark.parametrize(
    ("context", "verb", "word"),
    [
        ({"from_region": "tokyo", "to_region": "california"}, "undo", "tokyo"),
        ({"from_region": "", "to_region": "", "target": "backup-api.example.com"}, "undo", "backup-api.example.com"),
    ],
)
def test_undoing_takes_the_name_of_where_traffic_goes_back_to(client, wei, context, verb, word):
    run = make.run({"key": "dns", "state": "failed"}, state="paused_by_failed_step", context=context)
    assert f"Type {word} to confirm" in text(client.get(tell(run, verb)))
    response = client.post(tell(run, verb), {"version": run.version, "reason": "Wrong", "phrase": "elsewhere"})
    assert response.status_code == 422


def test_declining_takes_a_reason(client, wei):
    run = waiting()
    assert client.post(tell(run, "decline", "dns"), {"version": run.version}).status_code == 422
    client.post(tell(run, "decline", "dns"), {"version": run.version, "reason": "The standby is older"})
    assert run.steps.get().state == Step.State.CANCELLED


def test_a_step_may_ask_for_people_of_its_own(client, wei):
    run = waiting()
    Approval.objects.update(permission="people.manage")
    response = client.get(tell(run, "approve", "dns"))
    assert response.status_code == 403
    assert "Administrator" in text(response)


def test_a_stale_page_is_refused_and_shows_the_run_as_it_is_now(client, wei):
    run = stuck()
    seen = run.version
    Run.objects.update(version=seen + 1)
    response = client.post(tell(run, "skip", "dns"), {"version": seen, "reason": "Not needed"})
    assert response.status_code == 409
    page = text(response)
    assert "The run has changed since you looked at it" in page
    assert re.search(rf'name="version" value="{seen + 1}"', page)
    assert "Not needed" in page  # what was typed is not lost
    again = client.post(tell(run, "skip", "dns"), {"version": seen + 1, "reason": "Not needed"})
    assert again.status_code == 302
    assert run.steps.get(key="dns").state == Step.State.SKIPPED


def test_in_a_dialog_the_refusal_stands_in_the_dialog(client, wei):
    run = stuck()
    response = client.post(tell(run, "retry", "dns"), {"version": run.version + 7}, headers=HTMX)
    assert response.status_code == 409
    assert response["HX-Retarget"] == "#ask"
    assert "<dialog" in text(response)


def test_stopping_is_not_refused_because_the_run_has_moved_on(client, wei):
    run = running()
    Run.objects.update(version=9)
    response = client.post(tell(run, "abort"), {"version": 1, "reason": "Wrong region"})
    assert response.status_code == 302
    run.refresh_from_db()
    assert run.state in (Run.State.ABORTING, Run.State.ABORTED)


@pytest.mark.parametrize(
    ("verb", "ends"), [("skip", "skipped"), ("ignore", "failed_ignored"), ("mark_done", "succeeded")]
)
def test_a_failed_step_is_settled(client, wei, verb, ends):
    run = stuck()
    assert client.post(tell(run, verb, "dns"), {"version": run.version}).status_code == 422  # it takes a reason
    client.post(tell(run, verb, "dns"), {"version": run.version, "reason": "Seen in their console"})
    assert run.steps.get(key="dns").state == ends


def test_a_failed_step_is_tried_again_without_a_reason(client, wei):
    run = stuck()
    assert client.post(tell(run, "retry", "dns"), {"version": run.version}).status_code == 302
    assert run.steps.get(key="dns").state in (Step.State.READY, Step.State.RUNNING)


def test_the_question_says_what_follows_and_what_is_kept(client, wei):
    page = text(client.get(tell(running(), "abort")))
    assert "Abort the run?" in page
    assert "stays as it is" in page
    assert "Let it run" in page


@pytest.mark.parametrize("verb", ["pause", "abort"])
def test_it_takes_the_permission(client, viewer, verb):
    run = running()
    assert client.get(tell(run, verb)).status_code == 403
    assert client.post(tell(run, verb), {"version": run.version, "reason": "x"}).status_code == 403
    assert run.commands.count() == 0


def test_strangers_are_sent_to_log_in(client):
    run = running()
    for address in (run.get_absolute_url(), tell(run, "pause"), reverse("runs:events", args=[run.code])):
        assert client.post(address).url.startswith(reverse("account_login"))


@pytest.mark.parametrize("verb", ["explode", "approve"])
def test_what_a_run_cannot_be_told_is_not_found(client, wei, verb):
    assert client.get(tell(running(), verb)).status_code == 404


def test_the_way_back_leads_to_no_other_house(client, wei):
    run = running()
    response = client.post(tell(run, "pause"), {"version": run.version, "back": "https://evil.example.com/"})
    assert "evil" not in response.url


def test_a_step_that_nobody_knows_how_to_do_cannot_be_looked_at(client, wei):
    response = client.get(reverse("runs:look-at-step", args=[waiting().code, "dns"]))
    assert response.status_code == 409
    assert "does not know how to do “test.dns”" in text(response)


def test_a_run_that_has_ended_is_told_nothing_more(client, wei):
    run = make.run({"key": "dns", "state": "succeeded"}, state="succeeded", ended_at=now())
    response = client.post(tell(run, "pause"), {"version": run.version})
    assert response.status_code == 409
