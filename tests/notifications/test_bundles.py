"""Several messages that are due to one person at once are said together."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils.timezone import now
from django.utils.translation import gettext_noop

from dr_console.errors import Refused
from dr_console.notifications import bundles, claims, delivery, services
from dr_console.notifications.messages import Message
from dr_console.notifications.models import Channel, Delivery, DeliveryEvent
from dr_console.notifications.overdue import overdue_messages
from dr_console.notifications.purposes import Answer, Wish
from dr_console.notifications.services import Report
from dr_console.web.sentences import sentence, spoken
from tests import make
from tests.notifications.asked import NAME
from tests.notifications.test_delivery import fresh, kinds, send
from tests.notifications.test_delivery_in_trouble import abandoned

pytestmark = pytest.mark.django_db
State, Kind = Delivery.State, DeliveryEvent.Kind
CALL = {"channel": "phone", "address": "+15550123"}


def page(number: int, **fields: Any) -> Delivery:
    defaults: dict[str, Any] = {
        "channel": Channel.EMAIL,
        "address": "ada@example.com",
        "person": "contact:ada",
        "recipient": "Ada",
        "purpose": NAME,
        "about": f"INC-2026-00{number}",
        "group": f"escalation:{number}",
        "topics": [f"incident-{number}"],
        "message": Message(subject=f"Fault {number}", body="Look.", url=f"http://127.0.0.1/{number}"),
        "alternatives": [{**CALL, "dedup_key": f"{number}:phone"}],
    }
    return make.message(**defaults | fields)


@pytest.fixture
def three(people, asked) -> list[Delivery]:
    return [page(1), page(2), page(3)]


def bundle_of(pages: list[Delivery]) -> Delivery:
    [one] = {fresh(page).bundled_into for page in pages}
    assert one is not None
    return one


def states(pages: list[Delivery]) -> set[str]:
    return {fresh(page).state for page in pages}


def test_they_are_said_in_one_letter(three, people, asked):
    assert delivery.send(three[0].pk) == State.SENT
    one = bundle_of(three)
    assert states([*three, one]) == {State.SENT}
    assert one.subject == "[SANDBOX] 3 messages: Fault 1"
    [heard] = people.heard("email")
    for said in ("Fault 2", "Fault 3", "INC-2026-003", "http://127.0.0.1/2"):
        assert said in str(heard), said
    assert kinds(three[1]) == [Kind.BUNDLED, Kind.ACCEPTED]
    assert sorted(asked.told) == sorted((page.pk, State.SENT) for page in [*three, one])
    assert one.topics == ["incident-1", "incident-2", "incident-3"]


def test_whichever_is_taken_first_and_none_is_left_to_send(three):
    send(three[2])
    assert claims.due(now()) == []
    assert all(delivery.send(page.pk) == "" for page in three)
    assert overdue_messages() == []


def test_an_answer_goes_to_all_of_them(three, asked):
    send(three[0])
    one = bundle_of(three)
    reply = services.answer(one, Answer(Wish.ACKNOWLEDGE, by="Ada", via="link", as_of=now()))
    assert reply.is_done
    assert "Of 3 messages that were said together, 3 are answered" in spoken(reply.said)
    assert [pk for pk, _wish in asked.answers] == [page.pk for page in three]
    assert states([*three, one]) == {State.ACKNOWLEDGED}


def test_a_report_goes_to_all_of_them(three):
    send(three[0])
    services.reported(bundle_of(three), Report.DELIVERED, seq=1, said=sentence(gettext_noop("OK")))
    assert states(three) == {State.DELIVERED}


def test_when_it_fails_each_goes_on_by_its_next_channel(three, people):
    people.fault("error", "email", status=550)
    send(three[0])
    one = bundle_of(three)
    assert states([*three, one]) == {State.FAILED}
    assert not one.stand_ins.exists()
    calls = [page.stand_ins.get() for page in three]
    people.delete("/faults")
    send(calls[0])
    assert bundle_of(calls).channel == Channel.PHONE, "and there they are said together again"


def test_what_is_cancelled_between_two_tries_is_left_out(three, people, settings):
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    send(three[0])
    one = bundle_of(three)
    assert states([*three, one]) == {State.QUEUED}
    assert services.cancel_group("escalation:1") == 1
    settings.EMAIL_PORT = port
    Delivery.objects.filter(pk=one.pk).update(not_before=now())
    assert send(one).state == State.SENT
    [heard] = people.heard("email")
    assert "2 messages: Fault 2" in str(heard)
    assert "Fault 1" not in str(heard)
    assert [fresh(page).state for page in three] == [State.CANCELLED, State.SENT, State.SENT]


def test_when_all_of_it_is_cancelled_it_is_not_sent(three, people, settings):
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    send(three[0])
    one = bundle_of(three)
    for number in (1, 2, 3):
        services.cancel_group(f"escalation:{number}")
    settings.EMAIL_PORT = port
    Delivery.objects.filter(pk=one.pk).update(not_before=now())
    assert send(one).state == State.CANCELLED
    assert people.heard("email") == []


def test_what_nobody_wants_is_not_put_in(three, asked):
    asked.unwanted.add(three[1].pk)
    send(three[0])
    assert fresh(three[1]).bundled_into is None
    assert len({fresh(page).bundled_into_id for page in (three[0], three[2])}) == 1


def test_killed_while_it_was_sent_all_of_it_was_perhaps_sent(three):
    claim = claims.claim(fresh(three[0]))
    assert claim is not None
    assert states(three) == {State.SENDING}
    abandoned(claim.delivery, handed_over_at=now())
    assert send(claim.delivery).state == State.UNKNOWN
    assert states(three) == {State.UNKNOWN}
    assert Delivery.objects.filter(stands_in_for__in=three).count() == 3


def test_killed_before_it_was_sent_all_of_it_is_sent_after_all(people, asked):
    """By a channel that can tell that nothing has arrived: by none else would anybody hear of it."""
    pages = [page(number, **CALL, alternatives=[]) for number in (1, 2, 3)]
    claim = claims.claim(fresh(pages[0]))
    assert claim is not None
    abandoned(claim.delivery, handed_over_at=now())
    assert send(claim.delivery).state == State.SENT
    assert states(pages) == {State.SENT}
    assert len(people.heard("phone")) == 1


def test_it_is_as_impatient_as_the_pages_in_it(three, settings):
    """R5."""
    settings.EMAIL_PORT = 1
    send(three[0])
    one, pauses = bundle_of(three), []
    while one.state == State.QUEUED:
        pauses.append(round((one.not_before - now()).total_seconds()))
        Delivery.objects.filter(pk=one.pk).update(not_before=now())
        one = send(one)
    assert pauses == [15, 30, 60]
    assert Delivery.objects.filter(stands_in_for__in=three).count() == 3


def test_told_to_wait_for_long_each_goes_on_by_its_next_channel(three, people):
    people.fault("throttled", "slack", retry_after=600)
    for each in three:
        Delivery.objects.filter(pk=each.pk).update(channel=Channel.SLACK, address="U02ABCDEF")
    send(three[0])
    assert states(three) == {State.FAILED}
    assert Delivery.objects.filter(stands_in_for__in=three).count() == 3


def test_kept_back_none_of_it_waits_for_ever(three, settings, commander_user):
    settings.EMAIL_PORT = 1
    send(three[0])
    services.keep_back(bundle_of(three), by=commander_user)
    assert states(three) == {State.CANCELLED}
    assert services.send_again(three[0], by=commander_user).state == State.QUEUED


def test_it_can_be_answered_to_while_anybody_waits_for_an_answer_to_anything_in_it(three, asked):
    send(three[0])
    one = bundle_of(three)
    asked.unwanted |= {one.pk, three[0].pk, three[1].pk}
    assert bundles.may_be_answered(one)
    asked.unwanted.add(three[2].pk)
    assert not bundles.may_be_answered(one)


@pytest.mark.parametrize(
    "fields",
    [
        {"may_wait": False},
        {"person": "contact:bob"},
        {"address": "other@example.com"},
        {"language": "zh-hans"},
        {"is_practice": True},
        {"purpose": ""},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_these_are_not_said_with_others(people, asked, fields):
    one, other = page(1), page(2, **fields)
    assert send(one).state == State.SENT
    assert (fresh(one).bundled_into, fresh(other).bundled_into) == (None, None)


def test_what_goes_to_a_room_is_said_by_itself(people, asked):
    one, other = (page(number, channel=Channel.SLACK, address="", person="") for number in (1, 2))
    assert (send(one).state, send(other).state) == (State.SENT, State.SENT)
    assert len(people.heard("slack")) == 2


def test_on_the_telephone_only_the_first_are_told_in_full(people, asked):
    pages = [page(number, **CALL, alternatives=[]) for number in range(1, 7)]
    send(pages[0])
    body = bundle_of(pages).body
    assert body.count("Fault") == 3
    assert "and 3 more" in body


def test_a_message_that_says_others_is_not_sent_again(three, commander_user):
    send(three[0])
    with pytest.raises(Refused, match="each by itself"):
        services.send_again(bundle_of(three), by=commander_user)


@pytest.fixture
def commander_user():
    return make.user("ada", role="commander")
