"""Send what is due: claimed by one, handed over once, and whatever became of it written down.

A worker may be killed at any point. Before it speaks to the channel it writes `handed_over_at`; while that is empty,
nothing can have arrived and the message is simply sent by the next. Once it is written, the next one asks the channel
whether it arrived, unless the receiver knows repeats; where nobody can tell, people are told that it was perhaps sent.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db import OperationalError, transaction
from django.db.models import F, Q, QuerySet
from django.utils.timezone import now

from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.live.publish import nudge
from dr_console.notifications.channels import Way, way
from dr_console.notifications.models import Delivery
from dr_console.providers.budgets import recovery
from dr_console.providers.deadlines import Deadline, looks

log = structlog.get_logger(__name__)

State = Delivery.State
CALL_SECONDS = 8.0
# Longer than one call and what is written around it: whoever is alive has written by then.
LEASE = timedelta(seconds=20)
WRITE_SECONDS = 10.0
PAUSES = (2, 10, 60, 300)
MOST_ATTEMPTS = len(PAUSES) + 1
# How long a channel may need to show what it has taken.
SETTLE_SECONDS = 5.0
HOLD_SECONDS = 5.0


def due(at: datetime, *, most: int = 50) -> list[int]:
    """Ids of what is to be sent now, or was left by a worker that is gone; oldest first."""
    ready = Q(state=State.QUEUED, not_before__lte=at) | Q(state=State.SENDING, lease_until__lt=at)
    return list(Delivery.objects.filter(ready).order_by("pk").values_list("pk", flat=True)[:most])


def send(id: int) -> str:
    """Send one message if it is due and nobody else is at it. Returns its state then; "" where there was nothing to do.

    Harmless to call at any time, by anybody, as often as wanted.
    """
    delivery = _claim(id)
    if delivery is None:
        return ""
    with recovery():
        return _carry_out(delivery, way(delivery.channel))


def _claim(id: int) -> Delivery | None:
    delivery = Delivery.objects.filter(pk=id, state__in=(State.QUEUED, State.SENDING)).first()
    if delivery is None:
        return None
    at = now()
    # Only one of those who read this fence can raise it.
    mine = Delivery.objects.filter(pk=id, state=delivery.state, fence=delivery.fence)
    mine = mine.filter(lease_until__lt=at) if delivery.state == State.SENDING else mine.filter(not_before__lte=at)
    if not mine.update(state=State.SENDING, fence=F("fence") + 1, lease_until=at + LEASE):
        return None
    delivery.fence, delivery.state = delivery.fence + 1, State.SENDING
    return delivery


def _carry_out(delivery: Delivery, channel: Way) -> str:
    deadline = Deadline.after(CALL_SECONDS)
    try:
        may_repeat = channel.may_repeat()
        found = "" if may_repeat or not delivery.handed_over_at else channel.find(delivery, deadline=deadline)
    except ProviderError as error:
        return _ask_later(delivery, error)
    if found is None:
        return _end(delivery, State.UNKNOWN)
    if found:
        return _end(delivery, State.SENT, provider_ref=found[:200], error=None)
    if not _hand_over(delivery):
        return ""
    try:
        reference = channel.send(delivery, deadline=deadline)
    except ProviderError as error:
        return _not_sent(delivery, error, may_repeat=may_repeat)
    return _end(delivery, State.SENT, provider_ref=reference[:200], error=None)


def _hand_over(delivery: Delivery) -> bool:
    """Write down that it may have arrived from now on. False where somebody else has taken it, or it was cancelled."""
    at = now()
    mine = _mine(delivery).filter(lease_until__gt=at)
    if not mine.update(handed_over_at=at, attempts=F("attempts") + 1):
        return False
    delivery.handed_over_at, delivery.attempts = at, delivery.attempts + 1
    return True


def _ask_later(delivery: Delivery, error: ProviderError) -> str:
    """Nobody could say whether an earlier try has arrived, or how the channel is set up: nothing was sent now."""
    if error.permanent:
        return _end(delivery, State.UNKNOWN if delivery.handed_over_at else State.FAILED, error=error.facts())
    return _later(delivery, error, seconds=max(error.retry_after or 0, SETTLE_SECONDS))


def _not_sent(delivery: Delivery, error: ProviderError, *, may_repeat: bool) -> str:
    """Try again later, look later whether it arrived, or give up."""
    may_have_arrived = error.outcome is Outcome.UNKNOWN
    if may_have_arrived and not may_repeat:
        return _later(delivery, error, seconds=SETTLE_SECONDS)
    handed_over_at = delivery.handed_over_at if may_have_arrived else None
    if error.problem is Problem.THROTTLED:  # whoever is told to wait has not failed
        seconds = error.retry_after or HOLD_SECONDS
        return _later(delivery, error, seconds=seconds, attempts=delivery.attempts - 1, handed_over_at=handed_over_at)
    if error.permanent or delivery.attempts >= MOST_ATTEMPTS:
        return _end(delivery, State.UNKNOWN if may_have_arrived else State.FAILED, error=error.facts())
    seconds = max(error.retry_after or 0, PAUSES[delivery.attempts - 1])
    return _later(delivery, error, seconds=seconds, handed_over_at=handed_over_at)


def _later(delivery: Delivery, error: ProviderError, *, seconds: float, **fields: object) -> str:
    at = now() + timedelta(seconds=seconds)
    if delivery.give_up_at and at > delivery.give_up_at:
        left_open = fields.get("handed_over_at", delivery.handed_over_at)
        return _end(delivery, State.UNKNOWN if left_open else State.FAILED, error=error.facts())
    _write(delivery, state=State.QUEUED, not_before=at, lease_until=None, error=error.facts(), **fields)
    return State.QUEUED


def _end(delivery: Delivery, state: str, **fields: object) -> str:
    _write(delivery, state=state, ended_at=now(), lease_until=None, **fields)
    return state


def _write(delivery: Delivery, **fields: object) -> None:
    """Write what became of it, also where the database is busy: what has been sent must not be sent again."""
    for _look in looks(Deadline.after(WRITE_SECONDS), first=0.1, longest=1.0):
        try:
            with transaction.atomic():
                tell(delivery)  # first: whoever cancels it holds the topics already
                _mine(delivery).update(**fields)
            return
        except OperationalError as error:
            log.warning("the database is busy: what became of a message is written later", error=str(error).strip())
    log.error("what became of a message could not be written", delivery=delivery.pk, state=fields.get("state"))


def _mine(delivery: Delivery) -> QuerySet[Delivery]:
    return Delivery.objects.filter(pk=delivery.pk, fence=delivery.fence, state=State.SENDING)


def tell(delivery: Delivery) -> None:
    """Tell the open pages that show it."""
    for topic in sorted({"console", *delivery.topics}):
        nudge(topic, "deliveries")
