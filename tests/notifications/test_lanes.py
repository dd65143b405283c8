"""Threads that send: a channel that hangs holds up no other, and what matters most goes first."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils.timezone import now

from dr_console.notifications import delivery, doorbell, poller, tasks
from dr_console.notifications.lanes import AT_ONCE, Lane, Lanes
from dr_console.notifications.models import Channel, Delivery
from dr_console.notifications.poller import Poller
from tests import make
from tests.notifications.test_delivery import fresh
from tests.notifications.test_real_worker import is_sent, sending, until

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]
State = Delivery.State


@pytest.fixture
def lanes() -> Iterator[Lanes]:
    ours = Lanes()
    yield ours
    ours.stop()
    until(lambda: not sending())


def letter(number: int, **fields: object) -> Delivery:
    return make.message(channel=Channel.EMAIL, address=f"a{number}@example.com", **fields)


def test_a_channel_that_hangs_holds_up_no_other(lanes, people, monkeypatch):
    monkeypatch.setattr(delivery, "CALL_SECONDS", 3.0)
    people.fault("timeout", "slack", seconds=60)
    hanging = [make.message() for _number in range(2 * AT_ONCE)]
    mail = [letter(number) for number in range(10)]
    assert lanes.wake() == len(hanging) + len(mail)
    until(lambda: all(is_sent(one)() for one in mail))
    assert not any(is_sent(one)() for one in hanging)


def test_many_are_sent_once_each_by_several_at_once(lanes, people):
    others = Lanes()
    mail = [letter(number) for number in range(30)]
    lanes.wake()
    others.wake()
    until(lambda: Delivery.objects.filter(state=State.SENT).count() == len(mail))
    assert len(people.heard("email")) == len(mail)
    until(lambda: not sending())


def test_what_comes_while_others_are_sent_and_matters_more_is_taken_next():
    low = [letter(number, priority=9).pk for number in range(5)]
    lane = Lane("email")
    lane._at_work = 1
    taken = [lane._take(), lane._take()]
    first = letter(99, priority=0)
    lane.wake(0)
    assert lane._take() == first.pk
    assert set(taken) <= set(low)


@pytest.mark.parametrize(("channel", "waits"), [("pagerduty", True), ("slack", False)])
def test_where_all_messages_share_a_limit_one_that_has_to_wait_keeps_the_others_from_asking(
    channel, waits, time_machine
):
    held, other = make.message(channel=channel), make.message(channel=channel)
    later = now() + timedelta(seconds=30)
    Delivery.objects.filter(pk=held.pk).update(error={"problem": "throttled"}, not_before=later)
    lane = Lane(channel)
    lane._at_work = 1
    lane._may_have_to_wait(held.pk)
    assert lane._take() == (None if waits else other.pk)
    time_machine.move_to(now() + timedelta(seconds=31))
    assert lane._take() is not None


def test_a_thread_that_finds_nothing_is_no_longer_counted_on():
    lane = Lane("email")
    lane._at_work = 1
    assert (lane._take(), lane._at_work) == (None, 0)


def test_the_bell_wakes_the_poller_of_the_process_and_without_one_it_is_sent_there(people, monkeypatch):
    monkeypatch.setattr(doorbell, "_put", lambda id: None)
    assert poller.ring() is False
    one = make.message()
    assert tasks.send(one.pk) == State.SENT
    ours = Poller(every=3600)
    ours.start()
    try:
        until(lambda: bool(poller._running))
        other = make.message()
        assert tasks.send(other.pk) == ""
        until(is_sent(other))
    finally:
        ours.stop()
        ours.join()
        until(lambda: not sending())
    assert poller.ring() is False


def test_one_look_sends_what_is_due_here_and_now(people):
    mail = [letter(number) for number in range(3)]
    assert poller.look_once(here=True) == 3
    assert {fresh(one).state for one in mail} == {State.SENT}
    assert poller.look_once(here=True) == 0


def test_one_look_may_leave_the_sending_to_threads(people):
    mail = [letter(number) for number in range(3)]
    assert poller.look_once() == 3
    until(lambda: all(is_sent(one)() for one in mail))
    until(lambda: not sending())


def test_bells_that_are_asked_for_together_ring_once(monkeypatch):
    rung: list[int] = []
    first, go_on = threading.Event(), threading.Event()

    def put(id: int) -> None:
        first.set()
        assert go_on.wait(20)
        rung.append(id)

    monkeypatch.setattr(doorbell, "_put", put)
    bell = doorbell._Bell()
    bell.ring(1)
    assert first.wait(20)
    for id in (2, 3, 4):  # while the first is being rung: once more for all of them
        bell.ring(id)
    go_on.set()
    bell._ringer.shutdown(wait=True)
    assert rung == [1, 2]


@pytest.mark.parametrize(("seconds", "waits"), [(50, True), (90, False)])
def test_a_channel_without_room_is_not_asked_for_each_unless_it_takes_so_long_that_they_go_elsewhere(seconds, waits):
    told = make.message(channel=Channel.PAGERDUTY)
    Delivery.objects.filter(pk=told.pk).update(
        not_before=now() + timedelta(seconds=seconds), error={"problem": "throttled"}
    )
    lane = Lane("pagerduty")
    lane._may_have_to_wait(told.pk)
    assert lane._has_to_wait() is waits


def test_what_waits_for_its_page_to_ring_holds_up_no_other():
    told = make.message(channel=Channel.PAGERDUTY, payload={"action": "acknowledge"})
    Delivery.objects.filter(pk=told.pk).update(not_before=now() + timedelta(seconds=2), error={"problem": "throttled"})
    lane = Lane("pagerduty")
    lane._may_have_to_wait(told.pk)
    assert not lane._has_to_wait()
