"""Sending, answering and cancelling at the same instant: whoever comes first is heard, and nobody waits crosswise."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.utils.timezone import now

from dr_console.notifications import delivery, services
from dr_console.notifications.models import Channel, Delivery
from dr_console.notifications.purposes import Answer, Wish
from tests import make
from tests.notifications.asked import NAME

pytestmark = pytest.mark.django_db(transaction=True)
State = Delivery.State
PEOPLE = 4


def pages() -> list[Delivery]:
    """Three to each, of which two may be said together."""
    return [
        make.message(
            channel=Channel.EMAIL,
            address=f"{person}@example.com",
            person=f"contact:{person}",
            group=f"escalation:{person}",
            purpose=NAME,
            topics=[f"incident-{person}"],
            may_wait=number > 0,
        )
        for person in range(PEOPLE)
        for number in range(3)
    ]


def test_sending_answering_and_cancelling_at_once(people, asked):
    asked_for = pages()
    acts = [lambda one=one: delivery.send(one.pk) for one in asked_for]
    acts += [lambda one=one: delivery.send(one.pk) for one in asked_for[::-1]]
    acts += [lambda one=one: answer(one) for one in asked_for[::3]]
    acts += [lambda person=person: services.cancel_group(f"escalation:{person}") for person in range(PEOPLE)]
    together = Barrier(len(acts))

    def act(number: int) -> None:
        together.wait(60)
        try:
            acts[number]()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        for future in [pool.submit(act, number) for number in range(len(acts))]:
            future.result()
    ended = {State.SENT, State.ACKNOWLEDGED, State.CANCELLED}
    assert set(Delivery.objects.values_list("state", flat=True)) <= ended
    for one in Delivery.objects.filter(pk__in=[one.pk for one in asked_for[::3]]):
        assert one.state == State.ACKNOWLEDGED
    heard = [str(message) for message in people.heard("email")]
    assert len(heard) == Delivery.objects.filter(provider_ref__gt="").count(), (
        "what was heard is known to have been sent"
    )


def answer(one: Delivery) -> None:
    services.answer(one, Answer(Wish.ACKNOWLEDGE, by="Ada", via="link", as_of=now()))
