"""What each channel makes of a message, and what it offers to whoever gets it."""

from __future__ import annotations

import pytest
from django.utils.timezone import now

from dr_console.notifications import delivery, offers
from dr_console.notifications.channels import email, phone, robots, slack, webhook
from dr_console.notifications.messages import Message
from dr_console.notifications.models import Channel, Delivery
from dr_console.notifications.purposes import Wish
from dr_console.providers import budgets
from dr_console.providers.checking import ROBOTS
from dr_console.providers.deadlines import Deadline
from dr_console.web.sentences import sentence
from tests.callbacks.conftest import asked, people, sent

__all__ = ["asked", "people", "sent"]
pytestmark = pytest.mark.django_db
State = Delivery.State
TOLD = Message(
    subject="P0 INC-1: Tokyo <b>",
    body="Why & how.",
    facts=((sentence("Severity"), "P0"),),
    url="http://127.0.0.1:8000/incidents/INC-1/",
    url_text="Open the incident",
)


def test_what_is_asked_of_nobody_offers_nothing(sent):
    assert offers.wishes(sent(purpose="")) == ()
    assert offers.wishes(sent(purpose="unheard-of")) == ()


@pytest.mark.parametrize(
    ("payload", "offered"),
    [
        ({}, (Wish.ACKNOWLEDGE, Wish.ESCALATE)),
        ({"wishes": ["acknowledge"]}, (Wish.ACKNOWLEDGE,)),
        ({"wishes": []}, ()),
        ({"action": "resolve"}, ()),
        ({"action": "acknowledge"}, ()),
    ],
    ids=["all", "one", "none", "over", "taken"],
)
def test_the_payload_says_what_may_be_asked_for(sent, payload, offered):
    assert offers.wishes(sent(payload=payload)) == offered


# --- Mail -----------------------------------------------------------------------------------------
def test_a_letter_says_the_same_in_text_and_html(sent):
    letter = email.letter_of(sent(channel=Channel.EMAIL, address="ada@example.com", message=TOLD))
    for part in ("Severity", "P0", "Open the incident", "/answer/acknowledge-", "/answer/escalate-"):
        assert part in letter.text
        assert part in letter.html
    assert "Why & how." in letter.text
    assert "Why &amp; how." in letter.html
    assert "Tokyo &lt;b&gt;" in letter.html
    assert "style" not in letter.html


def test_a_letter_is_written_in_the_language_of_its_reader(sent):
    letter = email.letter_of(sent(channel=Channel.EMAIL, address="a@b.example", message=TOLD, language="zh-hans"))
    assert '<html lang="zh-hans">' in letter.html


def test_letters_about_one_incident_are_one_thread(sent):
    first, second = (
        email.letter_of(sent(channel=Channel.EMAIL, address="a@b.example", about="INC-1")) for _number in range(2)
    )
    assert first.answers == second.answers
    assert first.id != second.id


def test_what_asks_for_nothing_has_no_link(sent):
    letter = email.letter_of(sent(channel=Channel.EMAIL, address="a@b.example", purpose=""))
    assert "/answer/" not in letter.text + letter.html


# --- Telephone ------------------------------------------------------------------------------------
def test_a_call_asks_and_says_where_the_answer_goes(sent):
    call = sent(channel=Channel.PHONE, address="+15550102", message=TOLD)
    said = phone.announcement_of(call, "twilio")
    assert said.question == "Press 1 to acknowledge, 2 to escalate."
    assert "/callbacks/twilio/keys/keys-" in said.keys_url
    assert "/callbacks/twilio/status/status-" in said.status_url
    assert "/callbacks/voice/keys/" in phone.announcement_of(call, "webhook").keys_url


def test_a_call_that_asks_nothing_is_followed_all_the_same(sent):
    said = phone.announcement_of(sent(channel=Channel.PHONE, address="+15550102", purpose=""), "twilio")
    assert (said.question, said.keys_url) == ("", "")
    assert said.status_url


def test_where_no_vendor_can_reach_us_nothing_is_asked(sent, settings):
    call = sent(channel=Channel.PHONE, address="+15550102")
    settings.DR_MODE = "live"
    said = phone.announcement_of(call, "twilio")
    assert (said.question, said.keys_url, said.status_url) == ("", "", "")


# --- Slack ----------------------------------------------------------------------------------------
def post(sent, **fields) -> Delivery:
    budgets.forget()  # Slack takes one message a second, which is not what is tried here
    one = sent(channel=Channel.SLACK, state=State.QUEUED, may_wait=False, **fields)
    delivery.send(one.pk)
    one.refresh_from_db()
    assert one.state == State.SENT
    return one


def test_all_about_one_incident_is_one_thread(people, sent):
    first, second, third = (post(sent, about="INC-1") for _number in range(3))
    root = slack.place_of(first)
    assert (root.thread, slack.place_of(second).thread, slack.place_of(third).thread) == ("", root.id, root.id)
    assert slack.place_of(post(sent, about="INC-2")).thread == ""
    assert slack.place_of(post(sent, about="")).thread == ""


def test_a_thread_whose_beginning_was_deleted_begins_anew(people, sent):
    first = post(sent, about="INC-1")
    Delivery.objects.filter(pk=first.pk).update(provider_ref="C0INCIDENTS 1.000001")
    assert slack.place_of(post(sent, about="INC-1")).thread == ""


def test_a_reply_whose_answer_was_lost_is_found_in_its_thread(people, sent):
    post(sent, about="INC-1")
    reply = post(sent, about="INC-1")
    known, reply.provider_ref = reply.provider_ref, ""
    reply.save(update_fields=["provider_ref"])
    assert slack.SlackChannel().find(reply, deadline=Deadline.after(5)) == known


def test_what_never_arrived_is_not_found(people, sent):
    post(sent, about="INC-1")
    lost = sent(channel=Channel.SLACK, about="INC-1", handed_over_at=now())
    assert slack.SlackChannel().find(lost, deadline=Deadline.after(5)) == ""


def test_a_message_says_what_became_of_it_above_everything(sent):
    message = slack.message_of(sent(message=TOLD), said="Acknowledged by <Ada>", may_be_answered=False)
    assert message.text.startswith("Acknowledged by &lt;Ada&gt;")
    assert message.paragraphs[0] == "*Acknowledged by &lt;Ada&gt;*"
    assert [button.action for button in message.buttons] == ["open"]


# --- Robots ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("vendor", ROBOTS)
def test_a_robot_says_it_in_its_room_with_links_to_answer(people, sent, settings, vendor):
    known = {"url": f"{people.url}/robots/{vendor}/hook/sandbox-{vendor}", "secret": f"sandbox-{vendor}-secret"}
    settings.DR_CREDENTIALS = {**settings.DR_CREDENTIALS, vendor: known}
    one = sent(channel=vendor, state=State.QUEUED, message=TOLD, is_practice=True)
    delivery.send(one.pk)
    one.refresh_from_db()
    assert one.state == State.SENT
    [heard] = people.heard(vendor)
    assert "[DRILL]" in heard["text"]
    assert "/answer/acknowledge-" in heard["detail"]["links"]["Acknowledge"]


def test_a_robot_that_is_not_set_up_fails_and_names_the_setting(sent, settings):
    settings.DR_CREDENTIALS = {**settings.DR_CREDENTIALS, "wecom": {"url": ""}}
    one = sent(channel=Channel.WECOM, state=State.QUEUED)
    delivery.send(one.pk)
    one.refresh_from_db()
    assert (one.state, one.error["said"]) == (State.FAILED, "DR_ROBOT_WECOM_URL")


def test_whom_it_is_for_is_named_in_the_room(sent):
    assert robots.message_of(sent(message=TOLD)).text.startswith("Ada: ")


def test_a_webhook_is_given_the_addresses_to_answer_at(sent):
    told = webhook.told(sent(channel=Channel.WEBHOOK, address="http://127.0.0.1:9/"))
    assert set(told["answers"]) == {"acknowledge", "escalate"}
