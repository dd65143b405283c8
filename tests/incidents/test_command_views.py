"""Command, tasks and decisions as pages: who may, what comes back, and what nobody loses."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from dr_console.live import presence
from incidents.models import Ask, CommandDecision, Handover, Incident
from incidents.search import acts_in_view
from incidents.services import asks, command, decision_log
from tests import make

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def incident() -> Incident:
    return make.incident()


@pytest.fixture
def ada(client) -> User:
    someone = make.user("ada", role="commander")
    client.force_login(someone)
    return someone


@pytest.fixture
def bob() -> User:
    return make.user("bob", role="commander")


def url(name: str, incident: Incident, *more: int) -> str:
    return reverse(f"incidents:{name}", args=[incident.reference, *more])


def text(response: Any) -> str:
    assert response.status_code == 200
    return str(response.content.decode())


@pytest.mark.parametrize("panel", ["command", "here", "asks", "decision-log"])
def test_each_panel_comes_alone_for_those_who_may_see_incidents(client, incident, panel):
    assert client.get(url(panel, incident)).status_code == 302
    client.force_login(make.user("nobody"))
    assert client.get(url(panel, incident)).status_code == 403
    client.force_login(make.user("vera", role="viewer"))
    page = text(client.get(url(panel, incident), headers=HTMX))
    assert "<html" not in page
    assert "<button" not in page
    assert "data-ask" not in page


def test_on_the_page_of_the_incident_there_is_all_of_it(client, ada, bob, incident, django_assert_max_num_queries):
    command.take_command(incident, by=ada)
    asks.ask(incident, "Call Vercel", bob, minutes=5, by=ada)
    decision_log.put_up(incident, "Fail over now?", ["Yes"], by=ada)
    page = text(client.get(incident.get_absolute_url()))
    for words in ("Call Vercel", "Fail over now?", "Hand over…", "Nobody is here", "Ask somebody…"):
        assert words in page
    for panel, most in (("command", 12), ("asks", 10), ("decision-log", 12), ("here", 9)):
        with django_assert_max_num_queries(most):
            client.get(url(panel, incident), headers=HTMX)


# --- Command ---------------------------------------------------------------------------------------------------------
def test_command_is_taken_by_one_press(client, ada, incident):
    response = client.post(url("take-command", incident), headers=HTMX)
    assert (response.status_code, response["HX-Trigger"]) == (204, '{"live:command": {}}')
    assert client.post(url("take-command", incident)).url == incident.get_absolute_url()
    incident.refresh_from_db()
    assert incident.commander == ada


def test_from_somebody_else_it_is_taken_with_a_reason(client, ada, bob, incident):
    command.take_command(incident, by=bob)
    assert client.post(url("take-command", incident), headers=HTMX).status_code == 409
    assert "Leave it to bob" in text(client.get(url("take-command", incident), headers=HTMX))
    empty = client.post(url("take-command", incident), {"reason": ""}, headers=HTMX)
    assert empty.status_code == 422
    done = client.post(url("take-command", incident), {"reason": "bob is asleep"}, headers=HTMX)
    assert (done.status_code, done["HX-Retarget"]) == (200, "#ask")
    incident.refresh_from_db()
    assert incident.commander == ada


@pytest.mark.parametrize("name", ["take-command", "offer-command"])
def test_command_is_for_those_who_may_command(client, incident, name):
    client.force_login(make.user("carl", role="responder"))
    assert client.post(url(name, incident)).status_code == 403


@pytest.mark.parametrize("name", ["acknowledge", "give-role", "ask", "put-up"])
def test_the_rest_is_for_those_who_may_respond(client, incident, name):
    client.force_login(make.user("vera", role="viewer"))
    assert client.post(url(name, incident)).status_code == 403
    client.force_login(make.user("carl", role="responder"))
    assert client.post(url(name, incident)).status_code in (302, 422)


def test_a_responder_takes_roles_for_themselves_alone(client, incident, bob):
    carl = make.user("carl", role="responder")
    client.force_login(carl)
    page = text(client.get(url("give-role", incident)))
    assert ">bob<" not in page
    given = {"role": "scribe", "person": bob.pk}
    assert client.post(url("give-role", incident), given).status_code == 422
    assert client.post(url("give-role", incident), given | {"person": carl.pk}).status_code == 302
    held = incident.roles.get(role="scribe")
    assert client.post(url("end-role", incident, held.pk), headers=HTMX).status_code == 204


def test_an_expert_is_one_for_something(client, ada, incident):
    given = {"role": "expert", "person": ada.pk, "about": ""}
    response = client.post(url("give-role", incident), given, headers=HTMX)
    assert response.status_code == 422
    assert "Say what they know about." in response.content.decode()


def test_command_is_offered_and_accepted_with_a_briefing(client, ada, bob, incident):
    command.take_command(incident, by=ada)
    asks.ask(incident, "Call Vercel", bob, minutes=5, by=ada)
    decision_log.put_up(incident, "Fail over now?", [], by=ada)
    given = {"receiver": bob.pk, "note": "<b>Vercel</b> is on the phone"}
    assert client.post(url("offer-command", incident), given, headers=HTMX).status_code == 200
    handover = Handover.objects.get()
    assert "Accept command" not in text(client.get(handover.get_absolute_url()))
    client.force_login(bob)
    assert "ada offers you command" in text(client.get(url("command", incident), headers=HTMX))
    page = text(client.get(url("next", incident), headers=HTMX))
    assert "read the briefing" in page
    assert handover.get_absolute_url() in page
    briefing = text(client.get(handover.get_absolute_url()))
    for words in ("Accept command", "Call Vercel", "Fail over now?", "Takes command", "&lt;b&gt;Vercel", "Next due"):
        assert words in briefing
    response = client.post(url("accept-command", incident, handover.pk), headers=HTMX)
    assert response["HX-Redirect"] == incident.get_absolute_url()
    incident.refresh_from_db()
    assert incident.commander == bob
    assert "As it was accepted at" in text(client.get(handover.get_absolute_url()))
    assert client.post(url("accept-command", incident, handover.pk), headers=HTMX).status_code == 409


def test_command_is_declined_with_a_reason_and_withdrawn(client, ada, bob, incident):
    command.take_command(incident, by=ada)
    handover = command.offer(incident, bob, by=ada)
    client.force_login(bob)
    assert "Decline command?" in text(client.get(url("decline-command", incident, handover.pk)))
    assert client.post(url("decline-command", incident, handover.pk), {"reason": ""}).status_code == 422
    assert client.post(url("decline-command", incident, handover.pk), {"reason": "Driving"}).status_code == 302
    client.force_login(ada)
    second = command.offer(incident, bob, by=ada)
    assert client.post(url("withdraw-command", incident, second.pk), headers=HTMX).status_code == 204
    assert "it was not accepted" in text(client.get(second.get_absolute_url()))


def test_a_briefing_of_another_incident_is_not_found(client, ada, bob, incident):
    command.take_command(incident, by=ada)
    handover = command.offer(incident, bob, by=ada)
    assert client.get(url("handover", make.incident(), handover.pk)).status_code == 404


def test_the_palette_offers_what_one_may_do(ada, incident):
    address = incident.get_absolute_url()
    offered = {one.label for one in acts_in_view(ada, address)}
    assert {"Take command", "I am on it", "Who does what…", "Ask somebody…", "To be decided…"} <= offered
    command.take_command(incident, by=ada)
    mine = {one.label for one in acts_in_view(ada, address)}
    assert "Hand over…" in mine
    assert not {"Take command", "I am on it", "Take over…"} & mine
    vera = make.user("vera", role="viewer")
    assert "Ask somebody…" not in {one.label for one in acts_in_view(vera, address)}


# --- Who is here -----------------------------------------------------------------------------------------------------
def test_the_page_says_who_is_here_and_that_its_reader_still_is(client, ada, bob, incident):
    presence.arrive(incident.topic, bob.pk, process="test")
    presence.arrive(incident.topic, ada.pk, process="test")
    assert "Here now: ada, bob" in text(client.get(url("here", incident)))
    assert "bob · here now" in text(client.get(url("ask", incident), headers=HTMX))


def test_that_nobody_can_say_is_said(client, ada, incident, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert "is not known" in text(client.get(url("here", incident)))


# --- Tasks -----------------------------------------------------------------------------------------------------------
def test_somebody_is_asked_in_a_form_that_loses_nothing(client, ada, bob, incident):
    wrong = client.post(url("ask", incident), {"text": "Call Vercel", "minutes": "10"}, headers=HTMX)
    assert wrong.status_code == 422
    assert 'value="Call Vercel"' in wrong.content.decode()
    given = {"text": "Call Vercel", "person": bob.pk, "minutes": "7"}
    assert client.post(url("ask", incident), given).status_code == 422
    assert client.post(url("ask", incident), given | {"minutes": "10"}, headers=HTMX).status_code == 200
    assert Ask.objects.get().person == bob


def test_a_task_is_accepted_and_done(client, ada, bob, incident):
    asked = asks.ask(incident, "Call Vercel", bob, minutes=10, by=ada)
    assert client.post(url("accept-ask", incident, asked.pk), headers=HTMX).status_code == 409
    client.force_login(bob)
    assert "Accept" in text(client.get(url("asks", incident), headers=HTMX))
    assert client.post(url("accept-ask", incident, asked.pk), headers=HTMX).status_code == 204
    assert "is done?" in text(client.get(url("finish-ask", incident, asked.pk)))
    assert client.post(url("finish-ask", incident, asked.pk)).status_code == 302
    again = client.post(url("finish-ask", incident, asked.pk), {"outcome": "Twice"}, headers=HTMX)
    assert again.status_code == 409
    assert 'value="Twice"' in again.content.decode()


def test_a_task_is_declined_with_a_reason_or_taken_back(client, ada, bob, incident):
    first, second = (asks.ask(incident, words, bob, minutes=10, by=ada) for words in ("One", "Two"))
    assert client.post(url("cancel-ask", incident, first.pk), headers=HTMX).status_code == 204
    client.force_login(bob)
    assert client.post(url("decline-ask", incident, second.pk), {"reason": " "}).status_code == 422
    assert client.post(url("decline-ask", incident, second.pk), {"reason": "Asleep"}).status_code == 302
    page = text(client.get(url("asks", incident)))
    assert "Nobody is asked for anything." in page
    assert "Asleep" in page


def test_what_is_overdue_shows(client, ada, bob, incident, time_machine):
    time_machine.move_to("2026-11-22 14:30 +0000", tick=False)
    client.force_login(ada)
    asks.ask(incident, "Call Vercel", bob, minutes=10, by=ada)
    assert 'data-counts-down="600"' in text(client.get(url("asks", incident)))
    time_machine.move_to("2026-11-22 14:40 +0000", tick=False)
    asks.follow_up()
    page = text(client.get(url("asks", incident)))
    assert "Overdue since" in page
    assert "Paged: overdue" in page


# --- Decisions --------------------------------------------------------------------------------------------------------
def test_a_question_is_put_up_objected_to_and_decided(client, ada, incident):
    given = {"question": "Fail over now?", "options": "Yes\n\nWait"}
    assert client.post(url("put-up", incident), given, headers=HTMX).status_code == 200
    decision = CommandDecision.objects.get()
    assert decision.options == ["Yes", "Wait"]
    assert client.post(url("no-objection", incident, decision.pk), headers=HTMX).status_code == 204
    assert client.post(url("objection", incident, decision.pk), {"objection": ""}).status_code == 422
    assert client.post(url("objection", incident, decision.pk), {"objection": "It is cold"}).status_code == 302
    assert "ada: It is cold" in text(client.get(url("decision-log", incident)))
    assert "Objections: ada: It is cold" in text(client.get(url("decide", incident, decision.pk)))
    assert client.post(url("decide", incident, decision.pk), {"option": "0"}).status_code == 302
    page = text(client.get(decision.get_absolute_url()))
    assert all(words in page for words in ("Decided", "Yes", "It is cold"))
    assert "Object…" not in page


@pytest.mark.parametrize(
    ("options", "given", "status", "outcome"),
    [
        (["Yes"], {"option": "-", "other": "Tomorrow"}, 302, "Tomorrow"),
        (["Yes"], {"option": "-", "other": " "}, 422, ""),
        (["Yes"], {"option": "1"}, 422, ""),
        (["Yes"], {}, 422, ""),
        ([], {"other": "Tomorrow"}, 302, "Tomorrow"),
        ([], {"other": ""}, 422, ""),
    ],
)
def test_what_is_decided_is_one_of_the_options_or_something_else(
    client, ada, incident, options, given, status, outcome
):
    decision = decision_log.put_up(incident, "When?", options, by=ada)
    assert client.post(url("decide", incident, decision.pk), given).status_code == status
    assert CommandDecision.objects.get().outcome == outcome


@pytest.mark.parametrize("options", ["\n".join(str(number) for number in range(9)), "x" * 201])
def test_too_many_and_too_long_options_come_back(client, ada, incident, options):
    response = client.post(url("put-up", incident), {"question": "Which?", "options": options}, headers=HTMX)
    assert response.status_code == 422
    assert options[-100:] in response.content.decode()


def test_what_need_not_be_decided_is_taken_off(client, ada, incident):
    decision = decision_log.put_up(incident, "When?", [], by=ada)
    assert client.post(url("drop-decision", incident, decision.pk), {"reason": ""}).status_code == 422
    assert client.post(url("drop-decision", incident, decision.pk), {"reason": "It came back"}).status_code == 302
    assert "It came back" in text(client.get(url("decision-log", incident)))
