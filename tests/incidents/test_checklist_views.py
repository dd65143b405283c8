"""The checklist on the page: what is pressed, what comes back, who may, and what is said where it may not be."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils.timezone import now

from incidents.models import ChecklistItem, Incident, Service
from incidents.services import checklist
from incidents.services.checklist import Details
from incidents.services.checklist_choice import choose
from tests import make, scenes
from tests.providers.conftest import in_sandbox
from tests.sandboxed import Sandbox

__all__ = ["in_sandbox"]
pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true", "HX-Target": "ask"}
POSTS = ["change", "move", "not-applicable", "press", "remove", "tick", "untick"]


@pytest.fixture
def rita(client) -> User:
    someone = make.user("rita", role="responder")
    client.force_login(someone)
    return someone


@pytest.fixture
def incident(db) -> Incident:
    make.plan()
    made = make.incident(service=Service.objects.get(key="api"), failure="api_errors")
    choose(made)
    return made


def url(incident: Incident, verb: str, key: str = "confirm-scope") -> str:
    return reverse(f"incidents:checklist-{verb}", args=[incident.reference, key])


def item(incident: Incident, key: str = "confirm-scope") -> ChecklistItem:
    return incident.checklist.get(key=key)


def text(response: Any, status: int = 200) -> str:
    assert response.status_code == status
    return str(response.content.decode())


def details(**fields: str) -> dict[str, str]:
    return {"owner": "", "role": "commander", "due": "keep", "note": "", "evidence_url": "", "version": "0"} | fields


# --- The panel --------------------------------------------------------------------------------------------------------
def test_the_panel_says_how_far_it_is_and_who_did_what(client, rita, incident, time_machine):
    time_machine.move_to(incident.started_at + timedelta(minutes=7), tick=False)
    checklist.tick(item(incident), by=rita)
    page = text(client.get(reverse("incidents:checklist-panel", args=[incident.reference])))
    assert "Quick recovery checklist" in page
    assert "1/9" in page
    assert "1 overdue" in page
    assert 'aria-checked="true" aria-label="Confirm the scope' in page
    assert "Is data lost?" in page
    assert "<html" not in page


def test_who_may_only_read_finds_nothing_to_press(client, incident):
    client.force_login(make.user("vera", role="viewer"))
    page = text(client.get(reverse("incidents:checklist-panel", args=[incident.reference])))
    assert "<form" not in page.replace('<form class="checklist-question"', "")
    assert "<button" not in page
    assert "Nobody has said" in page
    assert "<button" not in text(client.get(url(incident, "item"), headers=HTMX))


def test_of_a_closed_incident_nothing_can_be_pressed(client, rita, incident):
    Incident.objects.update(status="closed", resolved_at=now())
    assert "<button" not in text(client.get(reverse("incidents:checklist-panel", args=[incident.reference])))
    assert client.post(url(incident, "tick")).status_code == 409


def test_without_a_list_the_panel_says_so(client, rita):
    page = text(client.get(reverse("incidents:checklist-panel", args=[make.incident().reference])))
    assert "The plan has no checklist for this incident." in page


def test_the_panel_asks_as_often_for_many_as_for_few(client, rita, incident, django_assert_max_num_queries):
    for number in range(20):
        checklist.add(incident, f"Own {number}", by=rita, details=Details(owner=rita))
    address = reverse("incidents:checklist-panel", args=[incident.reference])
    client.get(address)
    with django_assert_max_num_queries(14):
        client.get(address)


# --- Ticking ----------------------------------------------------------------------------------------------------------
def test_a_press_answers_htmx_with_news_and_everybody_else_with_the_page(client, rita, incident):
    response = client.post(url(incident, "tick"), headers=HTMX)
    assert (response.status_code, response["HX-Retarget"]) == (200, "#ask")
    assert "live:checklist" in response["HX-Trigger"]
    assert item(incident).settled_by == rita
    assert client.post(url(incident, "untick")).url == incident.get_absolute_url()
    assert item(incident).is_open


def test_the_second_is_told_who_was_first(client, rita, incident):
    checklist.tick(item(incident), by=make.user("bob"))
    response = client.post(url(incident, "tick"), headers={"HX-Request": "true"})
    assert "bob has already ticked" in text(response, 409)
    assert response["HX-Retarget"] == "#messages"
    # In a dialog the page's messages lie behind it: the sentence stands in the dialog.
    assert "<dialog" in text(client.post(url(incident, "tick"), headers=HTMX), 409)
    assert "bob has already ticked" in text(client.post(url(incident, "tick")), 409)


def test_what_does_not_apply_needs_a_reason(client, rita, incident):
    assert "Say why it does not apply." in text(client.post(url(incident, "not-applicable"), headers=HTMX), 409)
    client.post(url(incident, "not-applicable"), {"reason": "Known from the call"})
    assert item(incident).reason == "Known from the call"
    page = text(client.get(reverse("incidents:checklist-panel", args=[incident.reference])))
    assert "Does not apply: Known from the call · rita" in " ".join(page.split())


# --- One item ---------------------------------------------------------------------------------------------------------
def test_an_item_is_a_page_and_a_dialog(client, rita, incident):
    page = text(client.get(url(incident, "item")))
    assert "<html" in page
    assert "Confirm the scope and impact of the failure" in page
    assert text(client.get(url(incident, "item"), headers=HTMX)).lstrip().startswith("<dialog")


def test_who_note_and_evidence_are_kept(client, rita, incident):
    typed = details(owner=str(rita.pk), due="15", note="Osaka sees it too", evidence_url="https://graphs.example.com/7")
    assert client.post(url(incident, "change"), typed).status_code == 302
    kept = item(incident)
    assert (kept.owner, kept.note, kept.evidence_url) == (rita, "Osaka sees it too", "https://graphs.example.com/7")
    assert kept.due_at is not None
    assert timedelta(minutes=14) < kept.due_at - now() <= timedelta(minutes=15)
    page = text(client.get(reverse("incidents:checklist-panel", args=[incident.reference])))
    assert 'href="https://graphs.example.com/7" rel="noopener noreferrer external"' in page


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("evidence_url", "javascript:alert(1)"),
        ("evidence_url", "ftp://files.example.com/x"),
        ("evidence_url", "https://ada:secret@example.com/"),
        ("evidence_url", "https://example.com/" + "x" * 500),
        ("note", "x" * 2001),
        ("due", "7"),
        ("role", "king"),
        ("owner", "999999"),
        ("version", "-1"),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_nothing_is_kept(client, rita, incident, field, value):
    page = text(client.post(url(incident, "change"), details(**{field: value})), 422)
    assert 'class="errors' in page or "error" in page
    assert (item(incident).version, incident.timeline.count()) == (0, 0)


def test_what_was_typed_is_not_lost_when_somebody_else_was_quicker(client, rita, incident):
    checklist.change(item(incident), Details(role="commander", note="First"), by=make.user("bob"), seen=0)
    page = text(client.post(url(incident, "change"), details(note="Second"), headers=HTMX), 409)
    assert "Somebody else has just changed this item." in page
    assert "First" in page
    assert "Second" in page
    assert 'name="version" value="1"' in page


def test_markup_in_a_note_is_text(client, rita, incident):
    client.post(url(incident, "change"), details(note="<script>alert(1)</script>"))
    page = text(client.get(reverse("incidents:checklist-panel", args=[incident.reference])))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


# --- Adding and moving ------------------------------------------------------------------------------------------------
def test_an_item_is_added_where_it_belongs(client, rita, incident):
    address = reverse("incidents:checklist-add", args=[incident.reference])
    assert "<dialog" in text(client.get(address, headers=HTMX))
    typed = {"text": " Stop the   nightly job ", "after": "fail-over", "role": "operations", "due": "30"}
    assert client.post(address, typed).url == incident.get_absolute_url()
    added = incident.checklist.get(key="own-1")
    assert (added.words, added.role) == ("Stop the nightly job", "operations")
    assert item(incident, "fail-over").position + 1 == added.position
    assert "What is to be done" in text(client.post(address, {"text": ""}), 422)


def test_buttons_move_it_and_the_dialog_stays(client, rita, incident):
    response = client.post(url(incident, "move", "fail-over"), {"to": "up"}, headers=HTMX)
    assert response.status_code == 204
    assert item(incident, "fail-over").position < item(incident, "activate-team").position
    assert client.post(url(incident, "move", "fail-over"), {"to": "down"}).url == url(incident, "item", "fail-over")
    assert item(incident, "fail-over").position > item(incident, "activate-team").position
    # Past what is hidden as well: the place is the one that is seen.
    client.post(url(incident, "move", "notify-people"), {"to": "up"})
    assert item(incident, "notify-people").position < item(incident, "verify-standby").position


def test_only_what_was_added_comes_off(client, rita, incident):
    assert client.post(url(incident, "remove")).status_code == 409
    added = checklist.add(incident, "Never mind", by=rita)
    client.post(url(incident, "remove", added.key))
    assert client.get(url(incident, "item", added.key)).status_code == 404


# --- Questions, and what items lead to --------------------------------------------------------------------------------
def test_the_question_is_answered_by_one_press(client, rita, incident):
    address = reverse("incidents:checklist-answer", args=[incident.reference])
    client.post(address, {"condition": "data_lost", "says": "yes"})
    page = text(client.get(reverse("incidents:checklist-panel", args=[incident.reference])))
    assert "Bring back the data that was lost" in page
    for wrong in ({"condition": "degraded", "says": "yes"}, {"condition": "data_lost", "says": "perhaps"}):
        assert client.post(address, wrong).status_code == 409


def test_the_failover_leads_to_its_preview_and_to_its_run(client, rita, incident):
    found = client.get(url(incident, "lead", "fail-over")).url
    assert found.startswith("/failover/")
    assert found.endswith(f"/preview/?incident={incident.reference}")
    running = scenes.scene("running")
    choose(running)
    assert client.get(url(running, "lead", "fail-over")).url == running.runs.get().get_absolute_url()
    strange = make.incident()
    choose(strange)
    assert client.get(url(strange, "lead", "fail-over")).url == reverse("incidents:failover")


def test_the_others_lead_where_they_say(client, rita, incident):
    assert client.get(url(incident, "lead", "analyse-root-cause")).url == reverse("incidents:report")
    assert client.get(url(incident, "lead")).url == url(incident, "item")
    assert incident.reference in client.get(url(incident, "lead", "notify-people")).url


def test_the_team_is_paged_by_one_press(client, rita, incident):
    client.post(url(incident, "press", "activate-team"))
    assert item(incident, "activate-team").settled_by == rita
    assert "Nothing is done by pressing that." in text(client.post(url(incident, "press")), 409)


@pytest.mark.parametrize(
    ("broken", "state", "says"), [(False, "done", "All answer well."), (True, "open", "backup-api.example.com")]
)
def test_the_standby_is_asked(client, rita, incident, in_sandbox: Sandbox, broken, state, says):
    if broken:
        in_sandbox.post("/scenarios", {"name": "region-outage", "parameters": {"region": "california", "how": "reset"}})
    client.post(url(incident, "press", "verify-standby"))
    asked = item(incident, "verify-standby")
    assert (asked.state, asked.finding_is_good) == (state, not broken)
    assert says in asked.found


def test_where_no_plan_answers_no_standby_can_be_asked(client, rita):
    make.plan()
    strange = make.incident()
    choose(strange)
    assert "which standby is meant" in text(client.post(url(strange, "press", "verify-standby")), 409)


# --- Who may ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("verb", POSTS)
def test_working_the_list_takes_the_permission(client, incident, verb):
    assert client.post(url(incident, verb)).url.startswith(reverse("account_login"))
    client.force_login(make.user("vera", role="viewer"))
    assert client.post(url(incident, verb)).status_code == 403
    assert client.get(url(incident, verb)).status_code == 405


def test_what_is_not_there_is_not_found(client, rita, incident):
    assert client.get(url(incident, "item", "no-such-item")).status_code == 404
    assert client.post(reverse("incidents:checklist-tick", args=["INC-1999-001", "confirm-scope"])).status_code == 404
