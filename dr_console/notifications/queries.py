"""What was said to whom, and what became of it. Nothing here writes."""

from __future__ import annotations

from django.db.models import QuerySet

from dr_console.notifications.models import Delivery

MOST_SHOWN = 50


def about(reference: str) -> QuerySet[Delivery]:
    """All messages about an incident, newest first."""
    return Delivery.objects.filter(about=reference)


def told(reference: str) -> list[tuple[str, str, str, str]]:
    """Channel, address, recipient and language of everybody who was told, or may have been, or still will be."""
    reached = about(reference).exclude(state__in=(Delivery.State.FAILED, Delivery.State.CANCELLED))
    return list(reached.order_by().values_list("channel", "address", "recipient", "language").distinct())
