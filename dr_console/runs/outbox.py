"""Hand over what stands in the outbox: at least once, each row by whoever claims it first."""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.db import transaction
from django.db.models import F
from django.utils.timezone import now

from dr_console.runs import registry
from dr_console.runs.mishaps import Kept
from dr_console.runs.models import Outbox

HELD_FOR = timedelta(seconds=30)
KEPT_FOR = timedelta(days=7)
LONGEST_PAUSE_SECONDS = 60.0
MOST_AT_ONCE = 100

log = structlog.get_logger(__name__)


def relay() -> int:
    """Hand over what is due, the oldest first; how many rows were."""
    due = Outbox.objects.filter(done_at=None, not_before__lte=now()).order_by("pk")
    return sum(_hand_over(row) for row in due[:MOST_AT_ONCE])


def prune() -> int:
    """Forget what was handed over a week ago."""
    return Outbox.objects.filter(done_at__lt=now() - KEPT_FOR).delete()[0]


def _hand_over(row: Outbox) -> bool:
    held_until = now() + HELD_FOR
    mine = Outbox.objects.filter(pk=row.pk, done_at=None, attempts=row.attempts)
    with transaction.atomic():
        if not mine.update(attempts=F("attempts") + 1, not_before=held_until):
            return False
    handler = registry.handler(row.topic)
    kept = Kept()
    with kept:
        if handler is not None:
            handler(row.payload)
    held = Outbox.objects.filter(pk=row.pk, not_before=held_until, done_at=None)
    if kept.error is None:
        return bool(held.update(done_at=now(), error=""))
    # One that fails must not stop the others: it comes again, and says why.
    log.warning("not handed over", topic=row.topic, payload=row.payload, error=kept.line)
    pause = timedelta(seconds=min(2.0**row.attempts, LONGEST_PAUSE_SECONDS))
    held.update(not_before=now() + pause, error=kept.line[:1000])
    return False
