"""A message has come to something: the row, its log, the next channel, whoever sent it and the open pages, at once.

Every function here is called within a transaction that holds the topic "console" already.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce

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
    written = {**_times(state), **fields, "state": state, "lease_until": None}
    if not rows.filter(pk=delivery.pk).update(**written):
        return False
    delivery.refresh_from_db()
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
    less = Delivery.objects.filter(pk=delivery.pk).exclude(state__in=(state, *BETTER.get(state, ())))
    less.update(**{**_times(state), **fields, "state": state, "lease_until": None})


def _settle_within(delivery: Delivery, state: State, said: Mapping[str, Any] | None, *, by: str) -> list[Delivery]:
    open_ones = delivery.bundle.exclude(state__in=(state, State.CANCELLED, *BETTER.get(state, ())))
    within = list(open_ones)
    open_ones.update(state=state, lease_until=None, **_times(state))
    for one in within:
        one.refresh_from_db()
    record_all(within, KINDS[state], said, by=by)
    for one in within:
        _follow(one, state)
    return within


def _follow(delivery: Delivery, state: State) -> None:
    if state in NEEDS_ANOTHER_WAY:
        next_channel.pass_on(delivery)
    if asked := purpose(delivery.purpose):
        asked.changed(delivery)


def _times(state: State) -> dict[str, Any]:
    """A time once written stays: a message is sent, delivered and acknowledged for the first time only once."""
    at = shared_now()
    reached = {
        State.SENT: ("sent_at",),
        State.DELIVERED: ("sent_at", "delivered_at"),
        State.ACKNOWLEDGED: ("sent_at", "delivered_at", "acknowledged_at"),
    }.get(state, ())
    return {"ended_at": Coalesce(F("ended_at"), at), **{name: Coalesce(F(name), at) for name in reached}}
