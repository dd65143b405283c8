"""What comes back: somebody answers to a message, or the vendor reports what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_noop as _

from dr_console.live.publish import hold
from dr_console.notifications import edits, outcomes, stopping
from dr_console.notifications.events import Kind, record, tell
from dr_console.notifications.models import Delivery
from dr_console.notifications.next_channel import channel_name
from dr_console.notifications.purposes import Answer, Reply, Wish, purpose
from dr_console.web.sentences import Sentence, sentence

State = Delivery.State


class Report(StrEnum):
    """What a vendor says became of a message."""

    DELIVERED = "delivered"  # a person has it before them: read, picked up and pressed a key
    FAILED = "failed"  # nobody took it: the next channel is tried
    NOTED = "noted"  # anything else; it is kept in the log


@transaction.atomic
def answer(delivery: Delivery, answer: Answer) -> Reply:
    """Do what somebody who got the message asks for, and return what they are to be told.

    Answered to a second time, nothing changes, and they are told how it stands. An answer to several messages that
    were said together goes to each of them. What still waits for the same person is no longer sent.
    """
    hold("console")
    delivery = Delivery.objects.get(pk=delivery.pk)
    together = list(delivery.bundle.exclude(state=State.CANCELLED).order_by("pk"))
    replies = [_ask(one, answer) for one in together or [delivery]]
    for one, reply in zip(together, replies, strict=False):
        _mark(one, answer, reply)
    reply = _in_one(replies)
    _mark(delivery, answer, reply)
    for one, said in zip([*together, delivery], [*(replies if together else []), reply], strict=True):
        edits.answered(one, answer, said)
    return reply


def _ask(delivery: Delivery, answer: Answer) -> Reply:
    asked = purpose(delivery.purpose)
    if asked is None:
        return Reply(sentence(_("Nobody waits for an answer to this message.")), is_done=False)
    return asked.answered(delivery, answer)


def _mark(delivery: Delivery, answer: Answer, reply: Reply) -> None:
    is_acknowledged = answer.wish is Wish.ACKNOWLEDGE and reply.is_done
    record(delivery, Kind.ANSWERED, _in_words(answer, reply.said), by=answer.by)
    if is_acknowledged:
        _no_longer_wait(delivery)
    outcomes.reach(delivery, State.ACKNOWLEDGED if is_acknowledged else State.DELIVERED, answered_by=answer.by)
    tell(delivery)


def _in_words(answer: Answer, said: Sentence) -> Sentence:
    words = {
        Wish.ACKNOWLEDGE: _("Acknowledged by %(via)s: %(said)s"),
        Wish.ESCALATE: _("Escalated by %(via)s: %(said)s"),
    }
    return sentence(words[answer.wish], via=_way(answer.via), said=said)


def _way(via: str) -> Sentence:
    ways = {"link": _("the link in the message"), "page": _("the console"), "hand": _("word of mouth")}
    return sentence(ways[via]) if via in ways else channel_name(via)


def _no_longer_wait(delivery: Delivery) -> None:
    if delivery.group and delivery.person:
        waiting = Delivery.objects.filter(group=delivery.group, person=delivery.person).exclude(pk=delivery.pk)
        stopping.stop(waiting, sentence(_("They have answered.")))


def _in_one(replies: list[Reply]) -> Reply:
    if len(replies) == 1:
        return replies[0]
    done = [reply for reply in replies if reply.is_done]
    first = (done or replies)[0]
    said = sentence(
        _("Of %(count)s messages that were said together, %(done)s are answered. The first: %(first)s"),
        count=len(replies),
        done=len(done),
        first=first.said,
    )
    return Reply(said, is_done=bool(done))


@transaction.atomic
def reported(delivery: Delivery, what: Report | str, seq: int = 0, said: Mapping[str, Any] | None = None) -> bool:
    """Keep what the vendor says became of a message, and do what follows. Returns whether its state is another now.

    `seq`: the vendor's number of the report, from 1, or its time: one that is not newer than the last changes nothing.
    0: the vendor's reports have no order. `said`: a sentence, what exactly it said.
    """
    hold("console")
    delivery = Delivery.objects.get(pk=delivery.pk)
    if seq and seq == delivery.provider_seq:
        return False
    record(delivery, Kind.REPORTED, said)
    tell(delivery)
    if seq:
        newer = Delivery.objects.filter(pk=delivery.pk, provider_seq__lt=seq)
        if not newer.update(provider_seq=seq):
            return False
    return _act_on(delivery, Report(what), said)


def _act_on(delivery: Delivery, what: Report, said: Mapping[str, Any] | None) -> bool:
    if what is Report.DELIVERED:
        unheard = _with_the_vendor(State.SENDING, State.SENT, State.UNKNOWN, State.FAILED)
        return outcomes.settle(unheard, delivery, State.DELIVERED, said)
    if what is Report.FAILED:
        open_ones = _with_the_vendor(State.SENDING, State.SENT, State.UNKNOWN)
        return outcomes.settle(open_ones, delivery, State.FAILED, said, error=said or None)
    return False


def _with_the_vendor(*states: State) -> QuerySet[Delivery]:
    """In one of these states, or waiting for a look whether an earlier try has arrived."""
    return Delivery.objects.filter(Q(state__in=states) | Q(state=State.QUEUED, handed_over_at__isnull=False))
