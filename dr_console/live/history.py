"""Read what happened on a topic, and forget what is too old to be asked for.

The numbers of a topic have no gaps, and the row's lock makes them visible in order: so a page has missed nothing
exactly when the numbers that it was given follow each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from dr_console.live.models import Event, Topic

NumberedName = tuple[int, str]


def head(topic: str) -> int:
    """The number of the topic's last event; 0 before the first."""
    return heads([topic]).get(topic, 0)


def heads(topics: Iterable[str]) -> dict[str, int]:
    return dict(Topic.objects.filter(name__in=list(topics)).values_list("name", "seq"))


def events_after(topic: str, seq: int, limit: int) -> list[NumberedName]:
    """At most `limit` events that follow number `seq`, in order."""
    events = Event.objects.filter(topic__name=topic, seq__gt=seq).order_by("seq")
    return list(events.values_list("seq", "name")[:limit])


def follow_without_gap(seq: int, events: list[NumberedName]) -> bool:
    return not events or events[-1][0] - seq == len(events)


def missed(topic: str, seq: int, limit: int) -> list[NumberedName] | None:
    """The next events for a page that has seen `seq`; None when nobody can say what it missed.

    That is so when some have been pruned, or when the topic has never come as far: the database was restored.
    """
    at = head(topic)
    if seq == at:
        return []
    events = events_after(topic, seq, limit)
    return events if events and follow_without_gap(seq, events) else None


def prune(before: datetime) -> int:
    """Forget the events from before that time. The topics keep their numbers."""
    return Event.objects.filter(at__lt=before).delete()[0]
