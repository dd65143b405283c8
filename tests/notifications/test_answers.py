"""What comes back: answers of people, and what vendors report."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.timezone import now
from django.utils.translation import gettext_noop

from dr_console.live.models import Event
from dr_console.notifications import services
from dr_console.notifications.models import Channel, Delivery, DeliveryEvent
from dr_console.notifications.purposes import Answer, Wish
from dr_console.notifications.services import Report
from dr_console.web.sentences import sentence, spoken
from tests import make
from tests.notifications.asked import NAME
from tests.notifications.test_delivery import fresh, kinds

pytestmark = pytest.mark.django_db
State, Kind = Delivery.State, DeliveryEvent.Kind


def page(state: str = State.SENT, **fields):
    one = make.message(**{"purpose": NAME, "group": "escalation:1", "person": "contact:ada"} | fields)
    Delivery.objects.filter(pk=one.pk).update(state=state, sent_at=now() if state == State.SENT else None)
    return fresh(one)


def says(wish: Wish = Wish.ACKNOWLEDGE, via: str = "link") -> Answer:
    return Answer(wish, by="Ada", via=via, as_of=now())


def test_an_answer_is_given_to_whoever_sent_it_and_the_message_is_acknowledged(asked):
    one = page()
    reply = services.answer(one, says())
    assert (spoken(reply.said), reply.is_done) == ("OK", True)
    assert asked.answers == [(one.pk, Wish.ACKNOWLEDGE)]
    one = fresh(one)
    assert (one.state, one.answered_by) == (State.ACKNOWLEDGED, "Ada")
    assert one.acknowledged_at
    assert one.delivered_at
    [event] = one.events.all()
    assert (event.kind, event.by, spoken(event.said)) == (
        Kind.ANSWERED,
        "Ada",
        "Acknowledged by the link in the message: OK",
    )


def test_answered_to_a_second_time_nothing_changes(asked):
    one = page()
    services.answer(one, says())
    first = fresh(one)
    reply = services.answer(one, says(via=Channel.PHONE))
    assert reply.is_done
    assert fresh(one).acknowledged_at == first.acknowledged_at


def test_who_escalates_has_heard_it_but_has_not_taken_it(asked):
    one = page()
    services.answer(one, says(Wish.ESCALATE))
    one = fresh(one)
    assert (one.state, one.acknowledged_at) == (State.DELIVERED, None)
    assert one.delivered_at


def test_an_answer_that_is_refused_acknowledges_nothing(asked):
    asked.is_done = False
    waits = page(State.QUEUED)
    one = page()
    assert services.answer(one, says()).is_done is False
    assert fresh(one).state == State.DELIVERED
    assert fresh(waits).state == State.QUEUED


def test_what_still_waits_for_the_same_person_is_not_sent(asked):
    waits, other_person = page(State.QUEUED), page(State.QUEUED, person="contact:bob")
    other_group = page(State.QUEUED, group="escalation:2")
    services.answer(page(), says())
    assert fresh(waits).state == State.CANCELLED
    assert spoken(waits.events.get().said) == "They have answered."
    assert {fresh(other_person).state, fresh(other_group).state} == {State.QUEUED}


def test_a_message_that_nobody_asks_about_says_so():
    one = make.message()
    reply = services.answer(one, says())
    assert (spoken(reply.said), reply.is_done) == ("Nobody waits for an answer to this message.", False)


def test_an_answer_that_comes_before_the_channel_has_said_anything_counts(asked):
    one = page(State.SENDING)
    services.answer(one, says())
    assert fresh(one).state == State.ACKNOWLEDGED


def test_a_report_moves_it_on_and_whoever_sent_it_is_told(asked):
    one = page()
    assert services.reported(one, Report.DELIVERED, seq=1, said=sentence(gettext_noop("OK")))
    assert (fresh(one).state, asked.told) == (State.DELIVERED, [(one.pk, State.DELIVERED)])
    assert kinds(one) == [Kind.REPORTED, Kind.DELIVERED]
    assert Event.objects.filter(topic__name="console", name="deliveries").exists()


def test_reports_are_taken_in_their_order_and_never_go_back(asked):
    one = page()
    assert services.reported(one, Report.DELIVERED, seq=3)
    assert not services.reported(one, Report.FAILED, seq=2)
    assert not services.reported(one, Report.DELIVERED, seq=3)
    assert fresh(one).state == State.DELIVERED
    assert kinds(one).count(Kind.REPORTED) == 2, "the late one stands in the log, the doubled one does not"


@pytest.mark.parametrize("state", [State.DELIVERED, State.ACKNOWLEDGED, State.CANCELLED, State.FAILED])
def test_what_has_ended_better_or_otherwise_is_not_called_failed(asked, state):
    one = page(state)
    assert not services.reported(one, Report.FAILED, seq=9)
    assert fresh(one).state == state


def test_a_call_that_nobody_took_goes_on_by_the_next_channel(asked):
    ways = [{"channel": "email", "address": "ada@example.com", "dedup_key": "e:1"}]
    one = page(channel=Channel.PHONE, address="+15550100", alternatives=ways)
    said = sentence(gettext_noop("OK"))
    assert services.reported(one, Report.FAILED, seq=2, said=said)
    one = fresh(one)
    assert (one.state, spoken(one.error)) == (State.FAILED, "OK")
    stand_in = one.stand_ins.get()
    assert (stand_in.channel, stand_in.state, stand_in.person) == ("email", State.QUEUED, "contact:ada")


def test_what_is_only_noted_changes_nothing(asked):
    one = page()
    assert not services.reported(one, Report.NOTED, said=sentence(gettext_noop("OK")))
    assert (fresh(one).state, kinds(one)) == (State.SENT, [Kind.REPORTED])


def test_a_group_is_cancelled_together_but_for_what_may_have_been_sent(asked):
    waits, sent, looked_for = page(State.QUEUED), page(), page(State.QUEUED)
    Delivery.objects.filter(pk=looked_for.pk).update(handed_over_at=now())
    assert services.cancel_group("escalation:1", by="Ada") == 1
    assert [fresh(one).state for one in (waits, sent, looked_for)] == [State.CANCELLED, State.SENT, State.QUEUED]
    assert waits.events.get().by == "Ada"
    assert services.cancel_group("escalation:1") == 0
    assert services.cancel_group("") == 0


def test_it_is_answered_after_it_was_given_up(asked):
    one = page(State.FAILED)
    services.answer(one, says())
    assert fresh(one).state == State.ACKNOWLEDGED
    assert now() - fresh(one).acknowledged_at < timedelta(minutes=1)
