"""The page behind a link in a message: it asks, acts once, and does no harm after that."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils.timezone import now

from dr_console.notifications import tokens
from dr_console.notifications.messages import Message
from dr_console.notifications.models import Channel, Delivery
from dr_console.notifications.purposes import Wish
from tests import make

pytestmark = pytest.mark.django_db


def path(one: Delivery, wish: Wish = Wish.ACKNOWLEDGE) -> str:
    return "/answer/" + tokens.answer_url(one.pk, wish).split("/answer/")[1]


@pytest.fixture
def letter(sent) -> Delivery:
    return sent(channel=Channel.EMAIL, address="ada@example.com", handed_over_at=now())


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_whoever_only_looks_changes_nothing(client, letter, asked, method):
    getattr(client, method)(path(letter))
    assert asked.answers == []


def test_it_says_what_it_is_about_and_asks(client, letter):
    page = client.get(path(letter)).content.decode()
    assert "Tokyo does not answer" in page
    assert "Three probes failed." in page
    assert "answer-button" in page


def test_a_press_acts_without_login(client, letter, asked):
    page = client.post(path(letter)).content.decode()
    [(pk, answer)] = asked.answers
    assert (pk, answer.wish, answer.by, answer.via, answer.user_id) == (letter.pk, "acknowledge", "Ada", "link", None)
    assert "Heard from Ada" in page
    letter.refresh_from_db()
    assert (letter.state, letter.answered_by) == (Delivery.State.ACKNOWLEDGED, "Ada")


def test_who_found_it_in_a_room_is_not_taken_for_whom_it_was_for(client, sent, asked):
    client.post(path(sent(channel=Channel.FEISHU, handed_over_at=now())))
    assert asked.answers[0][1].by == "somebody (Feishu)"


def test_a_browser_without_cookies_may_press(letter, asked):
    assert Client(enforce_csrf_checks=True).post(path(letter)).status_code == 200
    assert len(asked.answers) == 1


def test_whoever_is_logged_in_is_named(client, letter, asked):
    wei = make.user("wei", first_name="Wei", last_name="Zhang")
    client.force_login(wei)
    client.post(path(letter))
    assert (asked.answers[0][1].by, asked.answers[0][1].user_id) == ("Wei Zhang", wei.pk)


def test_pressing_twice_does_no_harm_and_says_who_was_first(client, letter, asked):
    for _time in range(2):
        assert client.post(path(letter)).status_code == 200
    page = client.get(path(letter)).content.decode()
    assert "Ada has answered" in page
    assert "answer-button" not in page


def test_the_other_link_escalates(client, letter, asked):
    page = client.get(path(letter, Wish.ESCALATE)).content.decode()
    assert "Escalate" in page
    client.post(path(letter, Wish.ESCALATE))
    assert asked.answers[0][1].wish is Wish.ESCALATE


def test_it_knows_when_the_page_was_read(client, letter, asked):
    read = now() - timedelta(minutes=5)
    client.post(path(letter), {"as_of": read.isoformat()})
    assert asked.answers[0][1].as_of == read


@pytest.mark.parametrize("given", ["", "soon", "2026-01-01T00:00:00", "2999-01-01T00:00:00+00:00", "\x00"])
def test_a_time_that_cannot_be_is_that_of_the_message(client, letter, asked, given):
    client.post(path(letter), {"as_of": given})
    assert asked.answers[0][1].as_of == letter.handed_over_at


def test_what_needs_no_answer_any_more_has_nothing_to_press(client, letter, asked):
    asked.wanted = False
    page = client.get(path(letter)).content.decode()
    assert "This needs no answer any more." in page
    assert "answer-button" not in page


def test_an_old_link_says_so(client, letter, asked, time_machine):
    link = path(letter)
    time_machine.move_to(datetime.now(now().tzinfo) + timedelta(days=4))
    for response in (client.get(link), client.post(link)):
        assert response.status_code == 410
        assert "three days" in response.content.decode()
    assert asked.answers == []


@pytest.mark.parametrize("token", ["nonsense", "acknowledge-1.x.y", "%00", "%E4%BD%A0"])
def test_what_is_no_link_of_ours_is_not_found(client, token):
    assert client.get(f"/answer/{token}/").status_code == 404
    assert client.post(f"/answer/{token}/").status_code == 404


def test_the_link_of_a_call_is_no_link(client, letter):
    assert client.get(f"/answer/{tokens.token(letter.pk, tokens.Use.KEYS)}/").status_code == 404


def test_the_link_of_a_message_that_is_gone_is_not_found(client):
    assert client.get(f"/answer/{tokens.token(10**9, tokens.Use.ACKNOWLEDGE)}/").status_code == 404


def test_a_message_that_asks_for_nothing_has_no_such_page(client, sent):
    assert client.get(path(sent(purpose=""))).status_code == 404


def test_the_address_is_told_to_no_other_page(client, letter):
    response = client.get(path(letter))
    assert response["Referrer-Policy"] == "no-referrer"
    assert "noindex" in response["X-Robots-Tag"]
    assert "no-store" in response["Cache-Control"]


def test_what_others_wrote_is_shown_and_not_carried_out(client, sent):
    message = Message(subject="<script>alert(1)</script>", body="<b>bold</b>", facts=(("<i>", "<u>"),))
    shown = client.get(path(sent(channel=Channel.EMAIL, address="a@b.example", message=message))).content.decode()
    assert "<script>alert" not in shown
    assert "<b>bold" not in shown


def test_it_speaks_chinese(client, letter):
    page = client.get(path(letter), headers={"Accept-Language": "zh-CN"}).content.decode()
    assert '<html lang="zh-hans"' in page
