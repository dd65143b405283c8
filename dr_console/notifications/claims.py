"""Take a message to send it: one of all who try, written down before anything is said.

What may wait for its person is held back here, and what waits for the same person by then is said together with it.
Leases go by the database's clock alone, which all processes share.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext_noop as _

from dr_console.errors import Problem
from dr_console.live.publish import hold
from dr_console.notifications import bundles, drills, lines, outcomes
from dr_console.notifications.events import Kind, record, record_try, tell
from dr_console.notifications.models import Delivery
from dr_console.notifications.together import claim_together
from dr_console.operations.clock import shared_now
from dr_console.web.sentences import Sentence, sentence

State = Delivery.State
# Longer than one call and what is written around it: whoever is alive has written by then.
LEASE = timedelta(seconds=30)


def _ready(at: datetime) -> Q:
    lost = Q(state=State.SENDING, lease_until__lt=Now())
    return Q(bundled_into=None) & (Q(state=State.QUEUED, not_before__lte=at) | lost)


def due(at: datetime, *, most: int = 50) -> list[int]:
    """Ids of what is to be sent now, or was left by a worker that is gone; what matters most first, then the oldest."""
    return list(_in_turn(Delivery.objects.filter(_ready(at))).values_list("pk", flat=True)[:most])


def due_by_channel(at: datetime) -> dict[str, int]:
    """How many are due, for each channel that has any."""
    counted = Delivery.objects.filter(_ready(at)).order_by().values("channel").annotate(due=Count("pk"))
    return dict(counted.values_list("channel", "due"))


def _in_turn(ready: QuerySet[Delivery]) -> QuerySet[Delivery]:
    return ready.order_by("priority", "pk")


@dataclass(frozen=True)
class Claim:
    """A message that is ours to send. `may_have_arrived`: somebody tried before us, and nobody knows how that ended."""

    delivery: Delivery
    may_have_arrived: bool = False


def first_of(channel: str, *, most: int) -> list[tuple[int, int]]:
    """Ids and priorities of what is to be sent next by a channel: what matters most, then the oldest."""
    ready = Delivery.objects.filter(_ready(shared_now()), channel=channel)
    return list(_in_turn(ready).values_list("pk", "priority")[:most])


def told_to_wait_until(id: int) -> datetime | None:
    """When a message may be tried again that its channel had no room for; None where that is not what it waits for.

    What ends a page may only wait for that page to ring.
    """
    waits = Delivery.objects.filter(pk=id, state=State.QUEUED, error__problem=Problem.THROTTLED.value).first()
    return None if waits is None or waits.payload.get("action") in ("acknowledge", "resolve") else waits.not_before


def claim(delivery: Delivery) -> Claim | None:
    """Take this one as it was read, if it is due, nobody is at it, and it is wanted. None otherwise.

    Where nothing of it can have arrived before, it is also written down that it may have from now on.
    """
    if delivery.bundled_into_id or delivery.state not in (State.QUEUED, State.SENDING):
        return None
    if delivery.handed_over_at:
        return Claim(delivery, may_have_arrived=True) if _take_over(delivery) else None
    taken = claim_together(partial(_take_and_hand_over, delivery))
    return Claim(taken) if taken else None


@transaction.atomic
def _take_over(delivery: Delivery) -> bool:
    was_sending = delivery.state == State.SENDING
    if not _take(delivery):
        return False
    if was_sending:
        record_try(delivery, Kind.LOST, sentence(_("Whoever was sending it is gone.")))
    return True


def _take(delivery: Delivery, **fields: object) -> bool:
    """Only one of those who read this fence can raise it."""
    same = Delivery.objects.filter(_ready(shared_now()), pk=delivery.pk, state=delivery.state, fence=delivery.fence)
    if not same.update(state=State.SENDING, fence=F("fence") + 1, lease_until=Now() + LEASE, **fields):
        return False
    delivery.fence, delivery.state = delivery.fence + 1, State.SENDING
    return True


def _take_and_hand_over(delivery: Delivery) -> Delivery | None:
    at = shared_now()
    lines.hold_line(delivery)
    if reason := _why_not(delivery):
        hold("console")
        outcomes.settle(_as_read(delivery), delivery, State.CANCELLED, reason)
        return None
    if (free := lines.free_at(delivery, at)) > at:
        _hold_back(delivery, free)
        return None
    delivery = bundles.gather(delivery, at)
    if not _take(delivery, handed_over_at=at, attempts=F("attempts") + 1):
        return None
    _handed_over(delivery, at)
    return delivery


def hand_over(delivery: Delivery) -> bool:
    """Write down that one that was taken, and has surely not arrived, may have from now on.

    False where somebody else has taken it, or it is not wanted any more: nothing is to be sent then.
    """
    with transaction.atomic():
        at = shared_now()
        if reason := _why_not(delivery):
            hold("console")
            outcomes.settle(mine(delivery), delivery, State.CANCELLED, reason)
            return False
        still_mine = mine(delivery).filter(lease_until__gt=Now())
        if not still_mine.update(handed_over_at=at, attempts=F("attempts") + 1):
            return False
        _handed_over(delivery, at)
    return True


def _handed_over(delivery: Delivery, at: datetime) -> None:
    delivery.handed_over_at, delivery.attempts = at, delivery.attempts + 1
    bundles.follow(delivery)


def mine(delivery: Delivery) -> QuerySet[Delivery]:
    """The row, as long as whoever took it with this fence is the one to write."""
    return Delivery.objects.filter(pk=delivery.pk, fence=delivery.fence, state=State.SENDING)


def _as_read(delivery: Delivery) -> QuerySet[Delivery]:
    return Delivery.objects.filter(pk=delivery.pk, fence=delivery.fence, state=delivery.state)


def _why_not(delivery: Delivery) -> Sentence | None:
    """Why it is not to be sent after all."""
    if drills.addresses_a_vendor(delivery):
        return sentence(_("A drill never addresses a vendor."))
    return None if bundles.is_wanted(delivery) else sentence(bundles.NOBODY)


def _hold_back(delivery: Delivery, until: datetime) -> None:
    hold("console")
    if _as_read(delivery).update(state=State.QUEUED, not_before=until, give_up_at=lines.give_up_at(delivery, until)):
        record(delivery, Kind.HELD, sentence(_("So many messages went to this address lately that it waits.")))
        tell(delivery)
