"""PagerDuty tells what people do with our pages."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from django.db import OperationalError, connection

from dr_console.notifications.models import CallbackEvent, Channel, Delivery, DeliveryEvent
from dr_console.web.sentences import spoken
from tests.callbacks import vendors
from tests.callbacks.vendors import event

pytestmark = pytest.mark.django_db
State = Delivery.State
KEY = "incident:INC-2026-001"
INTEGRATION = {"id": "PINT", "type": "events_api_v2_inbound_integration", "summary": "DR Console"}


@pytest.fixture
def rung(sent) -> Delivery:
    return sent(channel=Channel.PAGERDUTY, payload={"key": KEY, "action": "trigger"}, provider_ref=KEY)


def fresh(one: Delivery) -> Delivery:
    one.refresh_from_db()
    return one


def test_whoever_takes_the_page_there_has_answered_it_here(client, rung, asked):
    response = vendors.pagerduty(client, event("acknowledged", KEY))
    assert (response.status_code, response.json()) == (202, {"status": "taken"})
    [(pk, answer)] = asked.answers
    assert (pk, answer.wish, answer.by, answer.via) == (rung.pk, "acknowledge", "Wei Zhang", "pagerduty")
    assert answer.as_of == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert fresh(rung).state == State.ACKNOWLEDGED


def test_what_comes_twice_is_taken_once(client, rung, asked):
    assert vendors.pagerduty(client, event("acknowledged", KEY)).json() == {"status": "taken"}
    assert vendors.pagerduty(client, event("acknowledged", KEY)).json() == {"status": "known"}
    assert len(asked.answers) == 1


def test_our_own_acknowledgement_does_not_come_back_as_an_answer(client, rung, asked):
    vendors.pagerduty(client, event("acknowledged", KEY, agent=INTEGRATION))
    assert (asked.answers, fresh(rung).state) == ([], State.SENT)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("resolved", "Resolved at PagerDuty by Wei Zhang."),
        ("escalated", "Escalated at PagerDuty by Wei Zhang."),
        ("reassigned", "Reassigned at PagerDuty by Wei Zhang."),
        ("unacknowledged", "At PagerDuty, Wei Zhang has taken the acknowledgement back."),
        ("triggered", "PagerDuty has begun to page."),
    ],
)
def test_what_else_becomes_of_the_page_is_noted(client, rung, asked, kind, said):
    vendors.pagerduty(client, event(kind, KEY))
    [noted] = DeliveryEvent.objects.filter(delivery=rung, kind="reported")
    assert spoken(noted.said) == said
    assert (asked.answers, fresh(rung).state) == ([], State.SENT)


def test_it_goes_to_the_newest_page_of_the_key_and_never_to_what_ended_it(client, sent, asked):
    sent(channel=Channel.PAGERDUTY, payload={"key": KEY}, provider_ref=KEY)
    newest = sent(channel=Channel.PAGERDUTY, payload={"key": KEY}, provider_ref=KEY)
    sent(channel=Channel.PAGERDUTY, payload={"key": KEY, "action": "acknowledge"}, provider_ref=KEY)
    vendors.pagerduty(client, event("acknowledged", KEY))
    assert [pk for pk, _answer in asked.answers] == [newest.pk]


@pytest.mark.parametrize("state", [State.SENDING, State.UNKNOWN])
def test_an_answer_may_come_before_we_know_that_the_page_was_taken(client, sent, asked, state):
    sent(channel=Channel.PAGERDUTY, payload={"key": KEY}, state=state)
    vendors.pagerduty(client, event("acknowledged", KEY))
    assert len(asked.answers) == 1


@pytest.mark.parametrize(
    "told",
    [
        event("acknowledged", "somebody-else"),
        event("acknowledged", ""),
        event("acknowledged", KEY) | {"data": None},
        event("acknowledged", KEY) | {"data": []},
        {"id": "01", "event_type": "pagey.ping", "resource_type": "pagey", "data": {"type": "ping"}},
        event("custom_field_values.updated", KEY),
    ],
    ids=["another key", "no key", "no incident", "a list", "ping", "of no interest"],
)
def test_what_is_about_no_page_of_ours_is_taken_and_passed_over(client, rung, asked, told):
    response = vendors.pagerduty(client, told)
    assert (response.status_code, response.json()) == (202, {"status": "ignored"})
    assert asked.answers == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"event": []}', b'{"event": {"id": "1"}}', b"\xff", b"[" * 9999])
def test_what_cannot_be_read_is_said_to_be_wrong(client, rung, body):
    assert vendors.pagerduty(client, body).status_code == 400


def test_odd_values_do_no_harm(client, rung, asked):
    told = event("acknowledged", KEY, agent={"type": "user_reference", "summary": "W" * 5000}, id="x" * 5000)
    told["occurred_at"] = "yesterday"
    assert vendors.pagerduty(client, told).status_code == 202
    assert len(asked.answers[0][1].by) == 200


def test_another_secret_opens_nothing(client, rung, asked):
    assert vendors.pagerduty(client, event("acknowledged", KEY), secret="sandbox-other").status_code == 401
    unsigned = client.post("/callbacks/pagerduty/", json.dumps({"event": {}}), content_type=vendors.JSON)
    assert unsigned.status_code == 401
    assert (asked.answers, CallbackEvent.objects.count()) == ([], 0)


def test_without_any_secret_they_are_to_try_again(client, settings, rung):
    settings.DR_CREDENTIALS = {**settings.DR_CREDENTIALS, "pagerduty": {"webhook_secret": ""}}
    assert vendors.pagerduty(client, event("acknowledged", KEY)).status_code == 503


def test_trouble_of_ours_is_503_and_nothing_is_half_done(client, rung, asked):
    def broken(execute, sql, *args):
        if "notifications_deliveryevent" in sql and sql.startswith("INSERT"):
            raise OperationalError("the disk is full")
        return execute(sql, *args)

    with connection.execute_wrapper(broken):
        response = vendors.pagerduty(client, event("acknowledged", KEY))
    assert (response.status_code, bool(response["Retry-After"])) == (503, True)
    assert (fresh(rung).state, CallbackEvent.objects.count()) == (State.SENT, 0)
    asked.wanted = True
    assert vendors.pagerduty(client, event("acknowledged", KEY)).json() == {"status": "taken"}
    assert fresh(rung).state == State.ACKNOWLEDGED


def test_only_post_is_taken(client):
    assert client.get("/callbacks/pagerduty/").status_code == 405


def test_events_are_forgotten_when_nobody_sends_them_again(client, rung, time_machine):
    time_machine.move_to("2026-03-01 12:00 +0000", tick=False)
    vendors.pagerduty(client, event("triggered", KEY))
    time_machine.move_to("2026-03-05 12:00 +0000", tick=False)
    vendors.pagerduty(client, event("escalated", KEY, id="02"))
    assert list(CallbackEvent.objects.values_list("event_id", flat=True)) == ["02"]
