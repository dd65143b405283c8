"""The telephone: a key that was pressed is an answer, and nothing else that a call can come to is one."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection
from django.utils.timezone import now

from dr_console.notifications import services, tokens
from dr_console.notifications.callbacks.calls import became
from dr_console.notifications.channels import phone
from dr_console.notifications.models import Channel, Delivery, DeliveryEvent
from dr_console.notifications.services import Report
from dr_console.providers.capabilities.phone import CallState
from dr_console.web.sentences import spoken
from tests import make
from tests.callbacks import vendors
from tests.callbacks.vendors import path_of

pytestmark = pytest.mark.django_db
State = Delivery.State
VENDORS = ["twilio", "voice"]


@pytest.fixture
def call(sent) -> Delivery:
    alternatives = [{"channel": "email", "address": "ada@example.com", "dedup_key": "call:email"}]
    return sent(
        channel=Channel.PHONE,
        address="+15550102",
        provider_ref="CA1",
        handed_over_at=now(),
        alternatives=alternatives,
    )


def press(client, one, digits, *, vendor="twilio", **more):
    path = path_of(tokens.keys_url(vendor, one.pk))
    if vendor == "twilio":
        return vendors.twilio(client, path, {"CallSid": "CA1", "CallStatus": "in-progress", "Digits": digits}, **more)
    return vendors.voice(client, path, {"id": "c1", "key": one.dedup_key, "to": one.address, "digits": digits}, **more)


def report(client, one, status, *, vendor="twilio", answered_by="", number=0, **more):
    path = path_of(tokens.status_url(vendor, one.pk))
    if vendor == "voice":
        by = answered_by.split("_")[0]
        return vendors.voice(client, path, {"id": "c1", "status": status, "answered_by": by}, **more)
    form = {"CallSid": "CA1", "CallStatus": status, "SequenceNumber": str(number)}
    return vendors.twilio(client, path, form | ({"AnsweredBy": answered_by} if answered_by else {}), **more)


def fresh(one: Delivery) -> Delivery:
    one.refresh_from_db()
    return one


@pytest.mark.parametrize("vendor", VENDORS)
def test_one_acknowledges(client, call, asked, vendor):
    response = press(client, call, "1", vendor=vendor)
    assert response.status_code == 200
    assert "Heard from Ada" in response.content.decode()
    [(pk, answer)] = asked.answers
    assert (pk, answer.wish, answer.by, answer.via) == (call.pk, "acknowledge", "Ada", "phone")
    assert answer.as_of == call.handed_over_at
    assert fresh(call).state == State.ACKNOWLEDGED


@pytest.mark.parametrize("vendor", VENDORS)
def test_two_escalates(client, call, asked, vendor):
    press(client, call, "2", vendor=vendor)
    assert asked.answers[0][1].wish == "escalate"
    assert fresh(call).state == State.DELIVERED


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("digits", ["3", "0", "*", "#", "９"], ids=["three", "nought", "star", "hash", "wide"])
def test_any_other_key_is_asked_again_and_shows_that_somebody_is_there(client, call, asked, vendor, digits):
    response = press(client, call, digits, vendor=vendor).content.decode()
    assert asked.answers == []
    assert fresh(call).state == State.DELIVERED
    assert ("<Gather" in response) if vendor == "twilio" else ('"asks_again": true' in response)
    assert "Press 1 to acknowledge, 2 to escalate." in response or vendor == "voice"


def test_no_key_at_all_proves_nothing(client, call, asked):
    assert "<Gather" in press(client, call, "").content.decode()
    assert (asked.answers, fresh(call).state) == ([], State.SENT)


def test_it_is_answered_in_their_language(client, sent, asked):
    call = sent(channel=Channel.PHONE, address="+15550102", language="zh-hans")
    assert 'language="zh-CN"' in press(client, call, "1").content.decode()


def test_the_question_of_the_message_is_asked_again(client, sent):
    call = sent(channel=Channel.PHONE, address="+15550102", payload={"question": "Is <this> heard?", "wishes": []})
    assert "<Gather" not in press(client, call, "9").content.decode()
    call = sent(channel=Channel.PHONE, address="+15550102", payload={"question": "Is <this> heard?"})
    assert "Is &lt;this&gt; heard?" in press(client, call, "9").content.decode()


def test_what_may_not_be_asked_for_is_not_done(client, sent, asked):
    call = sent(channel=Channel.PHONE, address="+15550102", payload={"wishes": ["acknowledge"]})
    press(client, call, "2")
    assert asked.answers == []
    press(client, call, "1")
    assert len(asked.answers) == 1


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("status", ["busy", "no-answer", "failed", "canceled"])
def test_a_call_that_nobody_took_has_failed_and_the_next_channel_is_tried(client, call, vendor, status):
    assert report(client, call, status, vendor=vendor, number=2).status_code == 204
    assert fresh(call).state == State.FAILED
    assert list(call.stand_ins.values_list("channel", "address")) == [("email", "ada@example.com")]


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("answered_by", ["machine_start", "fax", "human", "unknown", ""])
def test_a_call_that_ended_without_a_key_has_failed_whoever_took_it(client, call, vendor, answered_by):
    report(client, call, "completed", vendor=vendor, answered_by=answered_by, number=3)
    assert fresh(call).state == State.FAILED
    assert call.stand_ins.count() == 1


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_is_told_after_the_key_takes_nothing_back(client, call, vendor):
    press(client, call, "1", vendor=vendor)
    report(client, call, "completed", vendor=vendor, answered_by="human", number=3)
    assert fresh(call).state == State.ACKNOWLEDGED
    assert spoken(call.events.last().said) == "The call has ended."
    assert call.stand_ins.count() == 0


@pytest.mark.parametrize("vendor", VENDORS)
def test_while_it_rings_nothing_is_decided(client, call, vendor):
    for number, status in enumerate(["queued", "ringing", "in-progress"]):
        report(client, call, status, vendor=vendor, number=number)
    assert fresh(call).state == State.SENT
    said = [spoken(event.said) for event in DeliveryEvent.objects.filter(delivery=call, kind="reported")]
    assert said == [
        "The call is queued.",
        "It rings.",
        "The line was picked up, by a person or by a voicemail.",
    ]


@pytest.mark.parametrize("vendor", VENDORS)
def test_reports_that_come_in_the_wrong_order_or_twice_change_nothing(client, call, vendor):
    report(client, call, "busy", vendor=vendor, number=2)
    report(client, call, "ringing", vendor=vendor, number=1)
    report(client, call, "busy", vendor=vendor, number=2)
    assert fresh(call).state == State.FAILED
    assert call.stand_ins.count() == 1


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_call_made_again_is_another_one(client, call, vendor):
    """Its reports begin anew, and a receiver that knows repeats is to ring."""
    report(client, call, "busy", vendor=vendor, number=2)
    services.send_again(call, by=make.user("ada", role="commander"))
    Delivery.objects.filter(pk=call.pk).update(state=State.SENT, handed_over_at=now())
    report(client, call, "ringing", vendor=vendor, number=1)
    report(client, call, "no-answer", vendor=vendor, number=2)
    assert fresh(call).state == State.FAILED
    assert phone.key_of(call) != call.dedup_key


def test_a_call_that_asked_for_nothing_is_delivered_to_a_person(client, sent):
    call = sent(channel=Channel.PHONE, address="+15550102", purpose="")
    report(client, call, "completed", answered_by="human")
    assert fresh(call).state == State.DELIVERED


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_is_signed_by_somebody_else_is_turned_away(client, call, asked, vendor):
    assert press(client, call, "1", vendor=vendor, secret="sandbox-other").status_code == 401
    assert report(client, call, "busy", vendor=vendor, secret="sandbox-other").status_code == 401
    assert client.post(path_of(tokens.keys_url(vendor, call.pk)), {"Digits": "1"}).status_code == 401
    assert (asked.answers, fresh(call).state) == ([], State.SENT)


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_address_of_another_call_or_use_answers_nothing(client, call, asked, vendor):
    for token in (tokens.token(call.pk, tokens.Use.STATUS), tokens.token(10**9, tokens.Use.KEYS), "nonsense"):
        path = f"/callbacks/{vendor}/keys/{token}/"
        if vendor == "twilio":
            response = vendors.twilio(client, path, {"Digits": "1"})
            assert "can no longer be answered" in response.content.decode() or "<Hangup/>" in response.content.decode()
        else:
            assert vendors.voice(client, path, {"digits": "1"}).status_code == 410
    assert (asked.answers, fresh(call).state) == ([], State.SENT)


def test_after_an_hour_the_keys_of_a_call_are_worth_nothing(client, call, asked, time_machine):
    time_machine.move_to("2026-03-01 12:00 +0000")
    path = path_of(tokens.keys_url("twilio", call.pk))
    time_machine.move_to("2026-03-01 13:01 +0000")
    vendors.twilio(client, path, {"Digits": "1"})
    assert asked.answers == []


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_only_post_is_taken(client, call, vendor, method):
    assert getattr(client, method)(path_of(tokens.keys_url(vendor, call.pk))).status_code == 405


def test_what_says_nothing_known_is_passed_over(client, call):
    assert report(client, call, "teleported").status_code == 204
    assert vendors.voice(client, path_of(tokens.status_url("voice", call.pk)), b"[1]").status_code == 204
    assert vendors.voice(client, path_of(tokens.status_url("voice", call.pk)), b"{").status_code == 204
    assert fresh(call).state == State.SENT


def test_while_the_database_is_away_they_are_asked_to_press_again(client, call):
    with connection.execute_wrapper(_gone):
        response = press(client, call, "1")
    assert response.status_code == 200
    assert "<Gather" in response.content.decode()
    assert "cannot take your answer now" in response.content.decode()


def test_while_the_database_is_away_reports_are_to_come_again(client, call):
    with connection.execute_wrapper(_gone):
        response = report(client, call, "busy")
    assert (response.status_code, bool(response["Retry-After"])) == (503, True)


def test_more_fields_than_anybody_sends_are_not_taken_apart(client, call):
    path = path_of(tokens.keys_url("twilio", call.pk))
    form = {f"Field{number}": "1" for number in range(501)}
    assert vendors.twilio(client, path, form | {"Digits": "1"}).status_code == 401


def test_what_is_too_big_is_not_read(client, call):
    path = path_of(tokens.keys_url("voice", call.pk))
    assert vendors.voice(client, path, b" " * (1024 * 1024 + 1)).status_code == 413


@pytest.mark.parametrize("state", list(CallState))
@pytest.mark.parametrize("answered_by", ["human", "machine", ""])
def test_no_call_counts_as_heard_where_a_key_was_asked_for(state, answered_by):
    what, said = became(state, answered_by, was_asked=True)
    assert what is (Report.FAILED if state.is_final else Report.NOTED)
    assert spoken(said)


def _gone(execute, sql, params, many, context):
    raise OperationalError("the database is away")
