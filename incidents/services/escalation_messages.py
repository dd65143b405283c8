"""What a page of the ladder asks of those who sent it: is it wanted still, who answered, what became of it.

The purpose "escalation" of `notifications/purposes.py`; each is called in the transaction that changes the message.
"""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db.models import F
from django.utils.translation import gettext_noop as _

from dr_console.live.publish import hold, nudge
from dr_console.notifications.models import Channel, Delivery
from dr_console.notifications.purposes import Answer, Reply, Wish
from dr_console.operations.clock import shared_now
from dr_console.web.sentences import sentence
from incidents.ladder import Status
from incidents.models import Escalation, EscalationEvent, Incident, TimelineEntry
from incidents.queries import paging
from incidents.queries.callees import user_behind
from incidents.services import escalation_acts, timeline
from incidents.services.escalation_steps import state_of

State = Delivery.State
# Whoever answers there is whom the message was for; of a shared channel nobody knows.
PERSONAL = (Channel.PHONE, Channel.EMAIL)
WENT_WRONG = (State.FAILED, State.CANCELLED)


def is_wanted(delivery: Delivery) -> bool:
    """While nobody has answered. Programs, and who is told that it is worse than others know, hear of it anyway."""
    if not delivery.person:
        return True
    row = _escalation(delivery)
    if row is None:
        return False
    if row.status == Status.ACKNOWLEDGED:
        return all(one.at < row.started_at for one in state_of(row).acknowledgements)
    return row.status in paging.PAGED and not _has_acknowledged(row, delivery.person)


def awaits_answer(delivery: Delivery) -> bool:
    """While nobody has answered; also while paging is put off, for then it goes on, and an answer would end it."""
    row = _escalation(delivery) if delivery.person else None
    if row is not None and row.status == Status.SNOOZED:
        return not _has_acknowledged(row, delivery.person)
    return is_wanted(delivery)


def _has_acknowledged(row: Escalation, person: str) -> bool:
    return any(one["key"] == person for one in row.acknowledgements)


def answered(delivery: Delivery, answer: Answer) -> Reply:
    """The person who is at the other end of it, on whichever incident it goes on as."""
    incident = Incident.objects.filter(reference=delivery.about).first()
    if incident is None:
        return Reply(sentence(_("This message belongs to nothing any more.")), is_done=False)
    person = delivery.person if delivery.channel in PERSONAL else ""
    by = _account(answer) or user_behind(person)
    name = answer.by or delivery.recipient
    if answer.wish is Wish.ESCALATE:
        return escalation_acts.escalate_now(incident, by=by, name=name, via=answer.via, as_of=answer.as_of)
    return escalation_acts.acknowledge(incident, by=by, name=name, via=answer.via, as_of=answer.as_of, person=person)


def _account(answer: Answer) -> User | None:
    return User.objects.filter(pk=answer.user_id, is_active=True).first() if answer.user_id else None


def changed(delivery: Delivery) -> None:
    """A level of which nobody could be told lets no time pass: the next one is due at once."""
    row = _escalation(delivery) if delivery.person and delivery.state == State.FAILED else None
    if row is None or row.status != Status.ACTIVE:
        return
    place = f"{row.group}:{row.round}:{row.level}:"
    if not delivery.dedup_key.startswith(place):
        return
    of_level = Delivery.objects.filter(group=row.group, dedup_key__startswith=place).exclude(person="")
    if of_level.exclude(pk=delivery.pk).exclude(state__in=WENT_WRONG).exists():
        return
    _go_on(row)


def _go_on(row: Escalation) -> None:
    """The console's topic is held from here at the latest: nobody who climbs it waits for us crosswise."""
    hold("console")
    at = shared_now()
    mine = Escalation.objects.filter(pk=row.pk, version=row.version, next_at__gt=at)
    if not mine.update(next_at=at, version=F("version") + 1):
        return
    text = _("None of the messages to level %(level)s could be sent: the next level is paged at once")
    said = sentence(text, level=row.level + 1)
    EscalationEvent.objects.create(
        escalation=row, at=at, kind=EscalationEvent.Kind.NOBODY_AT_LEVEL, round=row.round, level=row.level, said=said
    )
    nudge("console", "paging")
    nudge(row.incident.topic, "paging")
    key = f"{row.group}:{row.version + 1}:failed"
    timeline.record(row.incident, said, kind=TimelineEntry.Kind.ALERTED, at=at, dedup_key=key)


def _escalation(delivery: Delivery) -> Escalation | None:
    _name, _colon, pk = delivery.group.partition(":")
    return Escalation.objects.select_related("incident").filter(pk=pk).first() if pk.isdecimal() else None
