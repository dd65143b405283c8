"""Sending one message: every channel, against the real clients and the sandbox."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.timezone import now

from dr_console.live.models import Event
from dr_console.notifications import claims, delivery
from dr_console.notifications.messages import Message
from dr_console.notifications.models import Channel, Delivery
from dr_console.web.sentences import sentence
from tests import make
from tests.notifications.conftest import ANSWERS

pytestmark = pytest.mark.django_db
State = Delivery.State

ADDRESSES = {
    Channel.SLACK: "",
    Channel.PAGERDUTY: "",
    Channel.EMAIL: "ada@example.com",
    Channel.PHONE: ANSWERS,
}


def fresh(one: Delivery) -> Delivery:
    one.refresh_from_db()
    return one


def kinds(one: Delivery) -> list[str]:
    """What its log says happened, in order."""
    return list(one.events.values_list("kind", flat=True))


def send(one: Delivery) -> Delivery:
    delivery.send(one.pk)
    return fresh(one)


def test_a_message_arrives_by_every_channel(people):
    for channel, address in ADDRESSES.items():
        one = send(make.message(channel=channel, address=address))
        assert (one.state, one.attempts, one.error) == (State.SENT, 1, None)
        assert one.provider_ref
        assert one.ended_at
        people.answer_the_telephone()
        [heard] = people.heard(channel)
        assert "Tokyo does not answer" in str(heard), channel


def test_it_says_all_that_it_is_given(people):
    facts = ((sentence("Severity"), "P0"),)
    message = Message(subject="Tokyo", body="Why.", facts=facts, url="http://127.0.0.1:8000/x", url_text="Open")
    for channel, address in ADDRESSES.items():
        send(make.message(channel=channel, address=address, message=message))
    people.answer_the_telephone()
    assert "http://127.0.0.1:8000/x" in str(people.heard("email"))
    assert "Severity: P0" in str(people.heard("email"))
    assert "Why." in str(people.heard("phone"))
    assert "Severity" in str(people.heard("slack"))


def test_what_is_sent_says_that_it_is_of_the_sandbox_and_of_a_drill(people):
    assert send(make.message()).subject.startswith("[SANDBOX] ")
    assert send(make.message(is_practice=True)).subject.startswith("[DRILL] [SANDBOX] ")
    assert "[SANDBOX]" in people.heard("slack")[0]["text"]


def test_in_live_mode_a_real_message_has_no_mark(settings):
    settings.DR_MODE = "live"
    assert make.message().subject == "Tokyo does not answer"


def test_the_same_is_asked_for_once(people):
    first, second = make.message(dedup_key="INC-1"), make.message(dedup_key="INC-1")
    assert first.pk == second.pk
    send(first)
    assert delivery.send(first.pk) == ""
    assert len(people.heard("slack")) == 1


def test_open_pages_are_told_of_it(people):
    send(make.message(topics=["incident-7"]))
    told = set(Event.objects.values_list("topic__name", "name"))
    assert {("console", "deliveries"), ("incident-7", "deliveries")} <= told


def test_what_waits_is_not_due_before_its_time():
    one = make.message()
    Delivery.objects.update(not_before=now() + timedelta(minutes=1))
    assert delivery.due(now()) == []
    assert delivery.send(one.pk) == ""
    assert delivery.due(now() + timedelta(minutes=2)) == [one.pk]


def test_what_somebody_has_taken_is_left_to_them(people):
    one = make.message()
    taken = claims.claim(fresh(one))
    assert taken is not None
    assert delivery.send(one.pk) == ""
    assert delivery._carry_out(taken) == State.SENT
    assert len(people.heard("slack")) == 1


def test_a_page_is_rung_and_ended_by_its_key(people):
    page = {"key": "incident:INC-7", "urgency": "error"}
    send(make.message(channel=Channel.PAGERDUTY, payload=page))
    send(make.message(channel=Channel.PAGERDUTY, payload={**page, "action": "resolve"}))
    assert [heard["state"] for heard in people.heard("pagerduty")][-1] == "resolved"


def test_without_credentials_it_fails_and_names_the_setting(settings):
    settings.DR_CREDENTIALS = {**settings.DR_CREDENTIALS, "pagerduty": {"routing_key": ""}}
    one = send(make.message(channel=Channel.PAGERDUTY))
    assert one.state == State.FAILED
    assert one.error["said"] == "DR_PAGERDUTY_ROUTING_KEY"


@pytest.mark.parametrize("action", ["acknowledge", "resolve"])
def test_nothing_ends_a_page_at_pagerduty_before_it_has_rung(people, action):
    """It would find nothing to end, and the page would ring for ever."""
    ring = make.message(channel=Channel.PAGERDUTY, payload={"key": "incident:1", "action": "trigger"})
    other = make.message(channel=Channel.PAGERDUTY, payload={"key": "incident:2"})
    Delivery.objects.filter(pk=ring.pk).update(state=State.SENDING)
    end = send(make.message(channel=Channel.PAGERDUTY, payload={"key": "incident:1", "action": action}))
    assert (end.state, end.attempts, end.error["problem"]) == (State.QUEUED, 0, "throttled")
    assert send(other).state == State.SENT
    Delivery.objects.filter(pk=ring.pk).update(state=State.SENT)
    Delivery.objects.filter(pk=end.pk).update(not_before=now())
    assert send(end).state == State.SENT
