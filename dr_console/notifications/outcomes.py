"""A message has come to something: the row, its log, the next channel, whoever sent it and the open pages, at once.

Every function here is called within a transaction that holds the topic "console" already.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from dr_console.notifications import next_channel
from dr_console.notifications.events import Kind, record, record_all, record_try, tell
from dr_console.notifications.models import Delivery
from dr_console.notifications.purposes import purpose
from dr_console.operations.clock import shared_now

State = Delivery.State
KINDS = {
    State.SENT: Kind.ACCEPTED,
    State.DELIVERED: Kind.DELIVERED,
    State.FAILED: Kind.REFUSED,
    State.UNKNOWN: Kind.LOST,
    State.ACKNOWLEDGED: Kind.ANSWERED,
    State.CANCELLED: Kind.CANCELLED,
}
# What a person has heard already is not put down as less.
BETTER = {State.SENT: (State.DELIVERED, State.ACKNOWLEDGED), State.DELIVERED: (State.ACKNOWLEDGED,)}
# Who has acknowledged it has been reached, and whom it reached it was sent to.
REACHED = {
    State.SENT: ("sent_at",),
    State.DELIVERED: ("sent_at", "delivered_at"),
    State.ACKNOWLEDGED: ("sent_at", "delivered_at", "acknowledged_at"),
}
NEEDS_ANOTHER_WAY = (State.FAILED, State.UNKNOWN)


def settle(
    rows: QuerySet[Delivery],
    delivery: Delivery,
    state: State,
    said: Mapping[str, Any] | None = None,
    *,
    by: str = "",
    tried: bool = False,
    **fields: Any,
) -> bool:
    """Put `delivery` into a state that is none of waiting or being sent, if it is still among `rows`.

    What was said together with it comes to the same. `said`: as in `events.record`; `by`: who, in words; `tried`:
    whether it is what a try came to.
    """
    written = {**_times(delivery, state), **fields, "state": state, "lease_until": None}
    if not rows.filter(pk=delivery.pk).update(**written):
        return False
    _remember(delivery, written)
    if tried:
        record_try(delivery, KINDS[state], said)
    else:
        record(delivery, KINDS[state], said, by=by)
    _follow(delivery, state)
    within = _settle_within(delivery, state, said, by=by)
    tell(delivery, *within)
    return True


def reach(delivery: Delivery, state: State, **fields: Any) -> None:
    """The same after an answer: whoever sent it has been asked, and it stays at what is more. Nothing is logged."""
    written = {**_times(delivery, state), **fields, "state": state, "lease_until": None}
    less = Delivery.objects.filter(pk=delivery.pk).exclude(state__in=(state, *BETTER.get(state, ())))
    if less.update(**written):
        _remember(delivery, written)


def _settle_within(delivery: Delivery, state: State, said: Mapping[str, Any] | None, *, by: str) -> list[Delivery]:
    if not delivery.is_bundle:
        return []
    within = list(delivery.bundle.exclude(state__in=(state, State.CANCELLED, *BETTER.get(state, ()))))
    for one in within:
        written = {**_times(one, state), "state": state, "lease_until": None}
        Delivery.objects.filter(pk=one.pk).update(**written)
        _remember(one, written)
    record_all(within, KINDS[state], said, by=by)
    for one in within:
        _follow(one, state)
    return within


def _remember(delivery: Delivery, written: Mapping[str, Any]) -> None:
    """What the database has now: reading it again would cost as much as writing it."""
    for name, value in written.items():
        setattr(delivery, name, value)


def _follow(delivery: Delivery, state: State) -> None:
    if state in NEEDS_ANOTHER_WAY:
        next_channel.pass_on(delivery)
    if asked := purpose(delivery.purpose):
        asked.changed(delivery)


def _times(delivery: Delivery, state: State) -> dict[str, Any]:
    """A time once written stays: a message is sent, delivered and acknowledged for the first time only once."""
    at = shared_now()
    return {name: getattr(delivery, name) or at for name in ("ended_at", *REACHED.get(state, ()))}
