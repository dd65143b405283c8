"""A purpose of the tests: it writes down what it is asked, and answers as the test wants it to."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.utils.translation import gettext_noop

from dr_console.notifications.models import Delivery
from dr_console.notifications.purposes import Answer, Reply, Wish
from dr_console.web.sentences import sentence

NAME = "asked"


@dataclass
class Asked:
    """`unwanted`: ids of what nobody needs to hear. `told`: (id, state) of each change. `is_done`: of its replies."""

    unwanted: set[int] = field(default_factory=set)
    told: list[tuple[int, str]] = field(default_factory=list)
    answers: list[tuple[int, Wish]] = field(default_factory=list)
    is_done: bool = True


now_asked = Asked()


def is_wanted(delivery: Delivery) -> bool:
    return delivery.pk not in now_asked.unwanted


def awaits_answer(delivery: Delivery) -> bool:
    return is_wanted(delivery)


def answered(delivery: Delivery, answer: Answer) -> Reply:
    now_asked.answers.append((delivery.pk, answer.wish))
    return Reply(sentence(gettext_noop("OK")), is_done=now_asked.is_done)


def changed(delivery: Delivery) -> None:
    now_asked.told.append((delivery.pk, delivery.state))
