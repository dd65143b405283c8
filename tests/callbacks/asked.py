"""Who is asked about messages here: it writes down what it is asked, and says what the test wants it to say."""

from __future__ import annotations

from dataclasses import dataclass, field

from dr_console.notifications.models import Delivery
from dr_console.notifications.purposes import Answer, Reply
from dr_console.web.sentences import sentence


@dataclass
class Asked:
    """`wanted`: whether messages are still to be sent. `is_done`: what the next answer comes to."""

    answers: list[tuple[int, Answer]] = field(default_factory=list)
    wanted: bool = True
    is_done: bool = True


now_asked = Asked()


def forget() -> Asked:
    """As new, for the next test."""
    global now_asked
    now_asked = Asked()
    return now_asked


def is_wanted(delivery: Delivery) -> bool:
    return now_asked.wanted


def awaits_answer(delivery: Delivery) -> bool:
    return is_wanted(delivery)


def answered(delivery: Delivery, answer: Answer) -> Reply:
    now_asked.answers.append((delivery.pk, answer))
    now_asked.wanted = now_asked.wanted and not now_asked.is_done
    return Reply(sentence("Heard from %(by)s", by=answer.by), is_done=now_asked.is_done)


def changed(delivery: Delivery) -> None:
    pass
