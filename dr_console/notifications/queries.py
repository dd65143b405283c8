"""What was said to whom, and what became of it. Nothing here writes."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from dr_console.notifications.models import Delivery, DeliveryEvent

MOST_SHOWN = 50
MOST_EVENTS = 200


def about(reference: str) -> QuerySet[Delivery]:
    """All messages about an incident, newest first."""
    return Delivery.objects.filter(about=reference)


def told(reference: str) -> list[tuple[str, str, str, str]]:
    """Channel, address, recipient and language of everybody who was told, or may have been, or still will be."""
    reached = about(reference).exclude(state__in=(Delivery.State.FAILED, Delivery.State.CANCELLED))
    return list(reached.order_by().values_list("channel", "address", "recipient", "language").distinct())


def log_of(delivery: Delivery) -> list[DeliveryEvent]:
    """All that happened to it, in order; of a message with a very long life the newest."""
    return list(delivery.events.order_by("-pk")[:MOST_EVENTS])[::-1]


def related(delivery: Delivery) -> list[Delivery]:
    """What it was said in, what it says together, the way that failed before it, and those that stand in for it."""
    ids = [pk for pk in (delivery.bundled_into_id, delivery.stands_in_for_id) if pk]
    near = Q(pk__in=ids) | Q(bundled_into=delivery) | Q(stands_in_for=delivery)
    return list(Delivery.objects.filter(near).order_by("pk")[:MOST_SHOWN])
