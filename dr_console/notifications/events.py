"""Write down what happened to a message, within the transaction that changes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from dr_console.live.publish import nudge
from dr_console.notifications.models import Delivery, DeliveryEvent
from dr_console.operations.clock import shared_now

Kind = DeliveryEvent.Kind


def record(delivery: Delivery, kind: Kind, said: Mapping[str, Any] | None = None, *, by: str = "") -> None:
    """`said`: a sentence, or the facts of a ProviderError. `by`: who did it, in words."""
    record_all([delivery], kind, said, by=by)


def record_try(delivery: Delivery, kind: Kind, said: Mapping[str, Any] | None = None) -> None:
    """A try and what it came to. Together, so that a channel that only says "later" fills no log."""
    tried = DeliveryEvent(
        delivery=delivery, kind=Kind.TRIED, attempt=delivery.attempts, at=delivery.handed_over_at or shared_now()
    )
    outcome = DeliveryEvent(delivery=delivery, kind=kind, attempt=delivery.attempts, said=dict(said or {}))
    DeliveryEvent.objects.bulk_create([tried, outcome])


def record_all(
    deliveries: Iterable[Delivery], kind: Kind, said: Mapping[str, Any] | None = None, *, by: str = ""
) -> None:
    """The same of several."""
    DeliveryEvent.objects.bulk_create(
        [
            DeliveryEvent(delivery=one, kind=kind, attempt=one.attempts, said=dict(said or {}), by=by[:200])
            for one in deliveries
        ]
    )


def tell(*deliveries: Delivery) -> None:
    """Tell the open pages that show them."""
    topics = {"console", *(topic for one in deliveries for topic in one.topics)}
    later = _told_later.get()
    if later is None:
        _nudge(topics)
    else:
        later |= topics


@contextmanager
def told_once() -> Iterator[None]:
    """Whatever is told in this block is told at its end, each page once. The topic "console" is held already."""
    topics: set[str] = set()
    token = _told_later.set(topics)
    try:
        yield
    finally:
        _told_later.reset(token)
    _nudge(topics)


def _nudge(topics: set[str]) -> None:
    for topic in sorted(topics):
        nudge(topic, "deliveries")


_told_later: ContextVar[set[str] | None] = ContextVar("told_later", default=None)
