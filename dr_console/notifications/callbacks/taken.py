"""Know what a vendor has told us before: those that get no answer tell it again."""

from __future__ import annotations

from datetime import timedelta

from django.utils.timezone import now

from dr_console.live.publish import hold
from dr_console.notifications.models import CallbackEvent

# PagerDuty tries for two days.
KEPT = timedelta(days=3)
CHARACTERS = CallbackEvent._meta.get_field("event_id").max_length or 0
KIND_CHARACTERS = CallbackEvent._meta.get_field("kind").max_length or 0


def is_new(vendor: str, event_id: str, kind: str) -> bool:
    """Write down that it was taken; False where it was before. Called in the transaction that acts on it.

    Whoever brings the same at the same moment waits here for what becomes of the first.
    """
    hold("console")
    at = now()
    CallbackEvent.objects.filter(at__lt=at - KEPT).delete()
    _event, made = CallbackEvent.objects.get_or_create(
        vendor=vendor, event_id=event_id[:CHARACTERS], defaults={"at": at, "kind": kind[:KIND_CHARACTERS]}
    )
    return made
