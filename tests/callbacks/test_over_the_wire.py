"""Answers as they really come: the sandbox's people press, and the sandbox asks a running console, signed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from dr_console.notifications import delivery, edits
from dr_console.notifications.callbacks import subscriptions
from dr_console.notifications.models import Channel, Delivery
from tests.callbacks.conftest import People

State = Delivery.State
pytestmark = pytest.mark.django_db(transaction=True)
RINGS = "+1-555-0102"


@pytest.fixture
def world(server: str, people: People, settings: Any) -> People:
    """The sandbox, which knows where the console of this test answers."""
    settings.DR_PUBLIC_URL = server
    people.post("/slack/addresses", {"request_url": f"{server}/callbacks/slack/"})
    return people


@pytest.fixture
def send(sent: Callable[..., Delivery]) -> Callable[..., Delivery]:
    def made(**fields: Any) -> Delivery:
        one = sent(state=State.QUEUED, **fields)
        delivery.send(one.pk)
        one.refresh_from_db()
        assert one.state == State.SENT
        return one

    return made


def until(one: Delivery, state: str) -> Delivery:
    """What became of it, once it has."""
    end = time.monotonic() + 60
    while one.state != state:
        assert time.monotonic() < end, f"It is {one.state}, not {state}."
        time.sleep(0.02)
        one.refresh_from_db()
    return one


@pytest.mark.parametrize(
    ("digit", "becomes", "wish"), [("1", "acknowledged", "acknowledge"), ("2", "delivered", "escalate")]
)
def test_a_key_on_the_telephone(world, send, asked, digit, becomes, wish):
    call = send(channel=Channel.PHONE, address=RINGS)
    world.post("/clock", {"advance": 3})
    world.post("/twilio/answer", {"call": call.provider_ref, "does": "press", "digits": digit})
    world.post("/clock", {"advance": 30})
    until(call, becomes)
    assert [answer.wish for _pk, answer in asked.answers] == [wish]


@pytest.mark.parametrize("does", ["voicemail", "busy"])
def test_a_call_that_a_person_did_not_take_goes_on_to_the_next_channel(world, send, asked, does):
    alternatives = [{"channel": "email", "address": "ada@example.com", "dedup_key": "wire:email"}]
    call = send(channel=Channel.PHONE, address=RINGS, alternatives=alternatives)
    world.post("/clock", {"advance": 3})
    world.post("/twilio/answer", {"call": call.provider_ref, "does": does})
    for _time in range(3):
        world.post("/clock", {"advance": 120})
    until(call, State.FAILED)
    assert (asked.answers, call.stand_ins.count()) == ([], 1)


def test_a_key_through_the_voice_webhook(world, send, asked, settings):
    settings.DR_CREDENTIALS = {
        **settings.DR_CREDENTIALS,
        "twilio": dict.fromkeys(settings.DR_CREDENTIALS["twilio"], ""),
        "voice": {"url": f"{world.url}/voice/calls", "secret": "sandbox-voice-secret"},
    }
    call = send(channel=Channel.PHONE, address=RINGS)
    world.post("/voice/answer", {"call": call.provider_ref, "does": "press", "digits": "1"})
    world.post("/clock", {"advance": 5})
    until(call, State.ACKNOWLEDGED)
    assert len(asked.answers) == 1


def test_a_button_in_slack(world, send, asked):
    page = send(channel=Channel.SLACK)
    assert world.post("/slack/press", {"action": "acknowledge"})["status"] == 200
    until(page, State.ACKNOWLEDGED)
    assert edits.carry_out_due() == 1
    [message] = world.heard("slack")
    assert "Acknowledged by On-call engineer" in message["text"]


def test_a_page_that_is_taken_at_pagerduty(world, send, asked):
    made = subscriptions.subscribe(by=None)
    assert made.url == subscriptions.address()
    page = send(channel=Channel.PAGERDUTY, payload={"key": "incident:INC-WIRE"})
    world.post("/pagerduty/answer", {"action": "acknowledge", "incident": "incident:INC-WIRE"})
    until(page, State.ACKNOWLEDGED)
    [(_pk, answer)] = asked.answers
    assert answer.via == "pagerduty"
    # Ours goes to them, comes back by an integration, and is no second answer.
    ours = send(channel=Channel.PAGERDUTY, payload={"key": "incident:INC-WIRE", "action": "acknowledge"}, purpose="")
    assert ours.provider_ref == "incident:INC-WIRE"
    assert len(asked.answers) == 1


def test_the_link_in_a_letter(world, send, asked, client):
    letter = send(channel=Channel.EMAIL, address="ada@example.com")
    [heard] = world.heard("email")
    link = next(word for word in heard["text"].split() if "/answer/acknowledge-" in word)
    client.post("/answer/" + link.split("/answer/")[1])
    until(letter, State.ACKNOWLEDGED)
