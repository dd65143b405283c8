"""A channel that fails gives way to the next one of the same person, at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from dr_console.notifications import claims, delivery
from dr_console.notifications.models import Channel, Delivery, DeliveryEvent
from dr_console.web.sentences import spoken
from tests import make
from tests.notifications.asked import NAME
from tests.notifications.conftest import ANSWERS
from tests.notifications.test_delivery import fresh, kinds, send
from tests.notifications.test_delivery_in_trouble import abandoned

pytestmark = pytest.mark.django_db
State, Kind = Delivery.State, DeliveryEvent.Kind
MAIL = {"channel": "email", "address": "ada@example.com", "dedup_key": "1:email"}
CALL = {"channel": "phone", "address": ANSWERS, "dedup_key": "1:phone"}


def page(**fields: Any) -> Delivery:
    defaults: dict[str, Any] = {"group": "escalation:1", "person": "contact:ada", "alternatives": [MAIL, CALL]}
    return make.message(**defaults | fields)


def stand_in_of(one: Delivery) -> Delivery:
    return Delivery.objects.get(stands_in_for=one)


def test_what_fails_goes_on_by_the_next_channel_with_the_same_words(people):
    one = send(page(address="C0NOSUCHPLACE", payload={"urgency": "critical"}, recipient="Ada", priority=0))
    assert one.state == State.FAILED
    assert kinds(one) == [Kind.TRIED, Kind.REFUSED, Kind.PASSED_ON]
    assert spoken(one.events.last().said) == "Now by E-mail: ada@example.com"
    mail = stand_in_of(one)
    for name in ("subject", "body", "payload", "group", "person", "recipient", "priority", "language"):
        assert getattr(mail, name) == getattr(one, name), name
    assert (mail.alternatives, mail.dedup_key) == ([CALL], "1:email")
    assert send(mail).state == State.SENT
    assert len(people.heard("email")) == 1


def test_channels_are_tried_until_one_works_and_each_once(people, settings):
    settings.DEFAULT_FROM_EMAIL = "dr@example.com"
    people.fault("error", "email", status=550)
    mail = send(stand_in_of(send(page(address="C0NOSUCHPLACE"))))
    assert mail.state == State.FAILED
    call = send(stand_in_of(mail))
    assert (call.channel, call.state, call.alternatives) == (Channel.PHONE, State.SENT, [])


def test_the_last_channel_that_fails_has_nobody_to_give_way_to(people, asked):
    one = send(page(address="C0NOSUCHPLACE", alternatives=[], purpose=NAME))
    assert not one.stand_ins.exists()
    assert asked.told == [(one.pk, State.FAILED)]


def test_a_way_that_is_being_tried_already_is_passed_over(people):
    page(channel=Channel.EMAIL, address="ada@example.com", dedup_key="1:email")
    one = send(page(address="C0NOSUCHPLACE"))
    assert stand_in_of(one).channel == Channel.PHONE


def test_nothing_goes_on_that_nobody_wants_any_more(people, asked):
    one = page(address="C0NOSUCHPLACE", purpose=NAME)
    delivered = claims.claim(one)
    assert delivered is not None
    asked.unwanted.add(one.pk)
    delivery._carry_out(delivered)
    assert fresh(one).state == State.FAILED
    assert not one.stand_ins.exists()


def test_what_was_perhaps_sent_goes_on_as_well(people):
    one = page(channel=Channel.EMAIL, address="ada@example.com", alternatives=[CALL])
    abandoned(one, handed_over_at=now())
    assert send(one).state == State.UNKNOWN
    assert kinds(one) == [Kind.TRIED, Kind.LOST, Kind.LOST, Kind.PASSED_ON]
    assert send(stand_in_of(one)).state == State.SENT


def test_a_channel_that_is_down_gives_way_after_its_tries(people, settings):
    settings.EMAIL_PORT = 1
    one = send(page(channel=Channel.EMAIL, address="ada@example.com", alternatives=[CALL]))
    for _number in range(3):
        assert (one.state, one.stand_ins.count()) == (State.QUEUED, 0)
        Delivery.objects.update(not_before=now())
        one = send(one)
    assert (one.state, one.attempts) == (State.FAILED, 4)
    assert stand_in_of(one).not_before <= now()


def test_a_vendor_that_asks_for_long_patience_gives_way_at_once(people):
    people.fault("throttled", "slack", retry_after=300)
    one = send(page())
    assert one.state == State.FAILED
    assert stand_in_of(one).channel == Channel.EMAIL


def test_without_another_way_it_is_patient(people):
    people.fault("throttled", "slack", retry_after=300)
    one = send(page(alternatives=[]))
    assert (one.state, one.not_before > now() + timedelta(minutes=4)) == (State.QUEUED, True)


def test_one_that_ends_whoever_sends_it_is_not_sent_for_ever(people):
    one = page(channel=Channel.PAGERDUTY, alternatives=[MAIL])
    abandoned(one, handed_over_at=now(), attempts=7)
    assert send(one).state == State.UNKNOWN
    assert people.heard("pagerduty") == []
    assert stand_in_of(one).channel == Channel.EMAIL
