"""Buttons in Slack: pressed here as Slack sends them, and shown as Slack keeps them."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils.timezone import now

from dr_console.notifications import delivery, edits
from dr_console.notifications.models import Channel, Delivery, MessageEdit
from dr_console.notifications.purposes import Answer, Wish
from dr_console.notifications.services import answer, cancel_group
from dr_console.web.sentences import sentence
from tests import make
from tests.callbacks import vendors
from tests.callbacks.vendors import pressed

pytestmark = pytest.mark.django_db
State = Delivery.State


@pytest.fixture
def posted(people, sent) -> Delivery:
    """A page that stands in the sandbox's Slack, with its buttons."""
    one = sent(channel=Channel.SLACK, state=State.QUEUED)
    delivery.send(one.pk)
    one.refresh_from_db()
    return one


def buttons(people) -> dict[str, str]:
    """What can be pressed in the newest message: action and value."""
    blocks = people.heard("slack")[-1]["detail"]["blocks"]
    found = [element for block in blocks if block["type"] == "actions" for element in block["elements"]]
    return {element["action_id"]: element.get("value", "") for element in found}


def test_a_page_has_buttons(people, posted):
    assert list(buttons(people)) == ["acknowledge", "escalate"]


def test_what_nobody_is_asked_about_has_none(people, sent):
    delivery.send(sent(purpose="", state=State.QUEUED).pk)
    assert buttons(people) == {}


def test_without_a_signing_secret_there_are_none(people, sent, settings):
    settings.DR_CREDENTIALS = {
        **settings.DR_CREDENTIALS,
        "slack": {**settings.DR_CREDENTIALS["slack"], "signing_secret": ""},
    }
    delivery.send(sent(state=State.QUEUED).pk)
    assert buttons(people) == {}


def test_a_press_is_an_answer_and_the_message_says_by_whom(client, people, posted, asked):
    oncall = make.user("oncall")  # as Slack knows them: oncall@example.com
    response = vendors.slack(client, pressed("acknowledge", buttons(people)["acknowledge"]))
    assert (response.status_code, response.content) == (200, b"")
    [(pk, given)] = asked.answers
    assert (pk, given.wish, given.via) == (posted.pk, "acknowledge", "slack")
    assert given.user_id == oncall.pk
    assert edits.carry_out_due() == 1
    [message] = people.heard("slack")
    assert message["state"] == "edited"
    assert f"Acknowledged by {given.by}" in message["text"]
    assert buttons(people) == {}


def test_two_users_with_one_address_are_nobody_in_particular(client, people, posted, asked):
    for name in ("oncall", "double"):
        make.user(name)
    User.objects.update(email="oncall@example.com")
    vendors.slack(client, pressed("escalate", buttons(people)["escalate"]))
    assert asked.answers[0][1].user_id is None


def test_as_of_is_when_the_buttons_were_made(client, people, posted, asked):
    vendors.slack(client, pressed("escalate", buttons(people)["escalate"]))
    as_of = asked.answers[0][1].as_of
    assert posted.handed_over_at <= as_of <= now()


def test_what_could_not_be_done_is_said_in_the_message_and_can_be_pressed_again(client, people, posted, asked):
    asked.is_done = False
    before = buttons(people)["escalate"]
    vendors.slack(client, pressed("escalate", before))
    edits.carry_out_due()
    assert "Heard from" in people.heard("slack")[-1]["text"]
    after = buttons(people)["escalate"]
    assert after > before  # they have read of what has happened since
    vendors.slack(client, pressed("escalate", after, at="2.2"))
    assert len(asked.answers) == 2
    assert edits.carry_out_due() == 1  # at once, not when the lease of the first would have ended


def test_the_same_press_twice_is_one_answer(client, people, posted, asked):
    for _time in range(2):
        assert vendors.slack(client, pressed("acknowledge", buttons(people)["acknowledge"])).status_code == 200
    assert len(asked.answers) == 1


def test_an_answer_by_another_channel_takes_the_buttons_away(people, posted, sent):
    call = sent(channel=Channel.PHONE, address="+15550102")
    answer(call, Answer(Wish.ACKNOWLEDGE, "Wei", "phone", now()))
    assert edits.carry_out_due() == 1
    assert "Acknowledged by Wei" in people.heard("slack")[-1]["text"]
    assert buttons(people) == {}


def test_what_is_over_says_so(people, posted):
    cancel_group("asked:1", sentence("It has recovered."))
    edits.carry_out_due()
    assert "It has recovered." in people.heard("slack")[-1]["text"]
    assert buttons(people) == {}


def test_who_has_answered_stays_when_it_is_over(people, posted):
    answer(posted, Answer(Wish.ACKNOWLEDGE, "Wei", "page", now()))
    cancel_group("asked:1")
    edits.carry_out_due()
    assert "Acknowledged by Wei" in people.heard("slack")[-1]["text"]


def test_it_is_said_in_the_language_of_the_message(people, sent):
    one = sent(language="zh-hans", state=State.QUEUED)
    delivery.send(one.pk)
    answer(Delivery.objects.get(pk=one.pk), Answer(Wish.ACKNOWLEDGE, "Wei", "page", now()))
    edits.carry_out_due()
    assert "Wei" in people.heard("slack")[-1]["text"]


def test_slack_in_trouble_is_tried_again(people, posted, time_machine):
    people.fault("error", "slack", times=9)
    cancel_group("asked:1")
    edits.carry_out_due()
    edit = MessageEdit.objects.get()
    assert (edit.ended_at, edit.attempts, edit.error["vendor"]) == (None, 1, "Slack")
    assert edits.carry_out_due() == 0
    people.post("/heal")
    time_machine.move_to(now() + timedelta(minutes=5))
    assert edits.carry_out_due() == 1
    edit.refresh_from_db()
    assert edit.ended_at
    assert edit.error is None


def test_a_message_that_somebody_has_deleted_is_given_up(people, posted):
    Delivery.objects.filter(pk=posted.pk).update(provider_ref="C0INCIDENTS 1.1")
    cancel_group("asked:1")
    edits.carry_out_due()
    edit = MessageEdit.objects.get()
    assert edit.ended_at
    assert edit.error["problem"] == "not_found"


def test_what_is_still_being_sent_is_changed_once_it_stands_there(people, sent, time_machine):
    one = sent(channel=Channel.SLACK, state=State.SENDING, handed_over_at=now())
    cancel_group("asked:1")
    edits.carry_out_due()
    assert MessageEdit.objects.get().ended_at is None
    Delivery.objects.filter(pk=one.pk).update(state=State.QUEUED, handed_over_at=None)
    delivery.send(one.pk)
    time_machine.move_to(now() + timedelta(seconds=6))
    assert edits.carry_out_due() == 1
    assert buttons(people) == {}


def test_two_do_not_change_the_same_message(people, posted):
    cancel_group("asked:1")
    edit = MessageEdit.objects.get()
    assert edits._claim(edit)
    assert edits.carry_out(edit.pk) is False


def test_another_text_that_is_asked_for_meanwhile_is_carried_out_after_it(people, posted):
    cancel_group("asked:1", sentence("First."))
    edit = MessageEdit.objects.select_related("delivery").get()
    edits._claim(edit)
    edits.ask(Delivery.objects.filter(pk=posted.pk), sentence("Second."), may_be_answered=False)
    edits._change(edit)
    assert edits.carry_out_due() == 1
    assert "Second." in people.heard("slack")[-1]["text"]


@pytest.mark.parametrize(
    "payload",
    [
        "nonsense",
        [],
        {},
        {"type": "view_submission"},
        {"type": "block_actions", "actions": "x"},
        {"type": "block_actions", "actions": [None, {"action_id": "acknowledge", "value": "x"}]},
        pressed("open", ""),
        pressed("acknowledge", "999999999 2026-03-01T12:00:00+00:00"),
        pressed("explode", "1 2026-03-01T12:00:00+00:00"),
    ],
    ids=["text", "list", "empty", "other", "no list", "odd", "open", "gone", "unknown"],
)
def test_what_is_no_button_of_ours_is_passed_over(client, people, asked, payload):
    assert vendors.slack(client, payload).status_code == 200
    assert asked.answers == []


def test_a_button_of_another_channels_message_answers_nothing(client, people, sent, asked):
    letter = sent(channel=Channel.EMAIL, address="ada@example.com")
    vendors.slack(client, pressed("acknowledge", f"{letter.pk} {now().isoformat()}"))
    assert asked.answers == []


def test_when_slack_does_not_say_who_it_was_the_name_in_the_press_counts(client, people, posted, asked):
    value = buttons(people)["acknowledge"]
    people.fault("error", "slack", route="GET */users.info")
    vendors.slack(client, pressed("acknowledge", value, user="UNOBODY99"))
    assert (asked.answers[0][1].by, asked.answers[0][1].user_id) == ("oncall", None)


def test_what_is_not_signed_by_slack_is_turned_away(client, asked):
    assert vendors.slack(client, {}, secret="sandbox-other").status_code == 401
    assert client.post("/callbacks/slack/", {"payload": "{}"}).status_code == 401


def test_what_is_old_is_turned_away_where_it_is_real(client, settings):
    old = time.time() - 600
    assert vendors.slack(client, {}, at=old).status_code == 200  # the sandbox's clock is its own
    settings.DR_MODE = "live"
    assert vendors.slack(client, {}, at=old).status_code == 401


def test_without_a_signing_secret_nothing_is_believed(client, settings):
    settings.DR_CREDENTIALS = {**settings.DR_CREDENTIALS, "slack": {"signing_secret": "", "token": ""}}
    assert vendors.slack(client, {}, secret="").status_code == 503
