"""What goes wrong while a message is sent: channels that fail, answers that are lost, workers that die."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.db import OperationalError, connection
from django.utils.timezone import now

from dr_console.notifications import claims, delivery
from dr_console.notifications.models import Channel, Delivery
from dr_console.providers.mail import SMTP_BACKEND
from tests import make
from tests.notifications.test_delivery import fresh, send
from tests.ports import free_port

pytestmark = pytest.mark.django_db
State = Delivery.State
A_WHILE_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def in_time(one: Delivery) -> Delivery:
    """Send it once its time has come."""
    Delivery.objects.filter(pk=one.pk).update(not_before=now())
    return send(one)


def abandoned(one: Delivery, **fields: Any) -> None:
    """As a worker leaves it that was killed."""
    fields = {"attempts": 1, **fields, "state": State.SENDING, "fence": 1, "lease_until": A_WHILE_AGO}
    Delivery.objects.filter(pk=one.pk).update(**fields)


def test_slack_says_when_and_it_is_sent_then(people):
    people.fault("throttled", "slack", retry_after=30, times=1)
    one = send(make.message())
    assert one.state == State.QUEUED
    assert timedelta(seconds=25) < one.not_before - now() < timedelta(seconds=31)
    assert one.attempts == 0, "being told to wait is no failure"
    assert one.error["problem"] == "throttled"
    assert one.handed_over_at is None


@pytest.mark.parametrize("kind", ["reset", "error"])
def test_slack_did_it_and_broke_off_so_it_is_looked_for_and_not_said_twice(people, kind):
    people.fault(kind, "slack", route="*chat.postMessage*", after_effect=True, times=1)
    one = send(make.message())
    assert (one.state, one.error["outcome"]) == (State.QUEUED, "unknown")
    assert in_time(one).state == State.SENT
    assert one.provider_ref
    assert len(people.heard("slack")) == 1


def test_slack_did_nothing_and_broke_off_so_it_is_said_after_all(people):
    people.fault("reset", "slack", route="*chat.postMessage*", times=1)
    one = in_time(send(make.message()))
    assert (one.state, one.attempts) == (State.SENT, 2)
    assert len(people.heard("slack")) == 1


def test_a_call_whose_answer_was_lost_does_not_ring_twice(people):
    people.fault("reset", "twilio", after_effect=True, times=1)
    one = in_time(send(make.message(channel=Channel.PHONE, address="+15550123")))
    assert one.state == State.SENT
    assert len(people.heard("phone")) == 1


def test_another_message_that_rang_the_same_telephone_is_not_taken_for_this_one(people):
    first = send(make.message(channel=Channel.PHONE, address="+15550123"))
    assert first.state == State.SENT
    people.fault("reset", "twilio", route="POST *", times=1)
    second = in_time(send(make.message(channel=Channel.PHONE, address="+15550123")))
    assert second.provider_ref != first.provider_ref
    assert len(people.heard("phone")) == 2


def test_pagerduty_whose_answer_was_lost_is_asked_again_and_rings_once(people):
    people.fault("reset", "pagerduty", after_effect=True, times=20)
    one = send(make.message(channel=Channel.PAGERDUTY))
    assert one.state == State.QUEUED
    people.delete("/faults")
    assert in_time(one).state == State.SENT
    assert len({heard["detail"].get("incident", heard["id"]) for heard in people.heard("pagerduty")}) == 1


class BreaksOff:
    """A mail server that takes a letter and is gone before it has said so."""

    taken = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.taken += 1
        server.transport.abort()
        return "250 OK"


def test_mail_whose_answer_was_lost_was_perhaps_sent(settings):
    server = BreaksOff()
    controller = Controller(server, hostname="127.0.0.1", port=free_port())
    controller.start()
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = SMTP_BACKEND, "127.0.0.1", controller.port
    try:
        one = in_time(send(make.message(channel=Channel.EMAIL, address="ada@example.com")))
    finally:
        controller.stop()
    assert one.state == State.UNKNOWN
    assert one.error["outcome"] == "unknown"
    assert server.taken == 1


def test_an_address_that_is_refused_for_now_is_tried_again_and_one_for_good_is_not(people):
    people.fault("throttled", "email", times=1)
    assert send(make.message(channel=Channel.EMAIL, address="ada@example.com")).state == State.QUEUED
    people.delete("/faults")
    people.fault("error", "email", status=550)
    one = send(make.message(channel=Channel.EMAIL, address="gone@example.com"))
    assert (one.state, one.error["code"]) == (State.FAILED, "550")


def test_mail_waits_for_a_server_that_is_down_and_then_arrives(people, settings):
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    one = send(make.message(channel=Channel.EMAIL, address="ada@example.com"))
    assert (one.state, one.attempts, one.error["problem"]) == (State.QUEUED, 1, "unreachable")
    settings.EMAIL_PORT = port
    assert in_time(one).state == State.SENT
    assert len(people.heard("email")) == 1


@pytest.mark.parametrize(("group", "expected"), [("", [15, 30, 60, 300, 900]), ("escalation:1", [15, 30, 60])])
def test_pauses_grow_and_after_a_few_tries_it_has_failed(people, settings, group, expected):
    settings.EMAIL_PORT = 1
    one = send(make.message(channel=Channel.EMAIL, address="ada@example.com", group=group))
    pauses = []
    while one.state == State.QUEUED:
        pauses.append(round((one.not_before - now()).total_seconds()))
        one = in_time(one)
    assert pauses == expected
    assert (one.state, one.attempts) == (State.FAILED, len(expected) + 1)
    assert one.ended_at


def test_what_will_never_be_taken_is_not_tried_again(people):
    one = send(make.message(address="C0NOSUCHPLACE"))
    assert (one.state, one.attempts, one.error["problem"]) == (State.FAILED, 1, "not_found")


def test_who_is_held_back_for_too_long_gives_up(people):
    people.fault("throttled", "slack", retry_after=3000)
    one = make.message()
    Delivery.objects.update(give_up_at=now() + timedelta(minutes=10))
    assert send(one).state == State.FAILED


def test_killed_between_claim_and_sending_the_next_one_sends_it(people):
    one = make.message(channel=Channel.EMAIL, address="ada@example.com")
    abandoned(one)
    assert delivery.due(now()) == [one.pk]
    assert send(one).state == State.SENT
    assert len(people.heard("email")) == 1


def test_killed_after_sending_the_next_one_finds_that_it_arrived(people):
    one = send(make.message())
    abandoned(one, provider_ref="", handed_over_at=now())
    assert send(one).state == State.SENT
    assert one.provider_ref
    assert len(people.heard("slack")) == 1


def test_killed_while_sending_mail_nobody_can_tell(people):
    one = make.message(channel=Channel.EMAIL, address="ada@example.com")
    abandoned(one, handed_over_at=now())
    assert send(one).state == State.UNKNOWN
    assert people.heard("email") == []


def test_killed_while_paging_the_page_is_sent_again_and_rings_once(people):
    one = send(make.message(channel=Channel.PAGERDUTY))
    abandoned(one, handed_over_at=now())
    assert send(one).state == State.SENT
    assert len({heard["detail"].get("incident", heard["id"]) for heard in people.heard("pagerduty")}) == 1


def test_who_slept_through_its_lease_neither_sends_nor_writes(people):
    one = make.message()
    abandoned(one, handed_over_at=now())
    asleep = claims.claim(fresh(one))
    assert asleep is not None
    assert asleep.may_have_arrived
    Delivery.objects.update(lease_until=A_WHILE_AGO)
    assert send(one).state == State.SENT
    assert claims.hand_over(asleep.delivery) is False
    delivery._end(asleep.delivery, State.FAILED)
    assert fresh(one).state == State.SENT
    assert len(people.heard("slack")) == 1


def test_a_look_that_fails_leaves_it_open(people):
    people.fault("reset", "slack", after_effect=True, times=50)
    one = in_time(send(make.message()))
    assert one.state == State.QUEUED
    assert one.handed_over_at, "it may have arrived still"
    people.delete("/faults")
    assert in_time(one).state == State.SENT
    assert len(people.heard("slack")) == 1


def test_a_busy_database_is_written_to_a_moment_later(people):
    busy = [OperationalError("database is locked")] * 2

    def is_busy(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "provider_ref" in sql and sql.startswith("UPDATE") and busy:
            raise busy.pop()
        return execute(sql, params, many, context)

    one = make.message()
    with connection.execute_wrapper(is_busy):
        assert delivery.send(one.pk) == State.SENT
    assert busy == []
    assert fresh(one).state == State.SENT
    assert len(people.heard("slack")) == 1
