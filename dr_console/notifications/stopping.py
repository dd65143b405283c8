"""What need not be said any more is not sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Q, QuerySet

from dr_console.notifications.events import Kind, record_all, tell
from dr_console.notifications.models import Delivery
from dr_console.operations.clock import shared_now

State = Delivery.State
# Nothing of it can have arrived.
WAITING = Q(state=State.QUEUED, handed_over_at=None)


def stop(asked: QuerySet[Delivery], said: Mapping[str, Any] | None = None, *, by: str = "") -> int:
    """Cancel those of `asked` that still wait. Returns how many; what is being sent, or may have been, stays.

    Called within a transaction that holds the topic "console" already. `said`: a sentence, why.
    """
    stopped = [pk for pk in asked.filter(WAITING).order_by("pk").values_list("pk", flat=True) if _stop(pk)]
    if not stopped:
        return 0
    rows = list(Delivery.objects.filter(pk__in=stopped))
    record_all(rows, Kind.CANCELLED, said, by=by)
    tell(*rows)
    # Nobody else would ever send what one of them was to say.
    stop(Delivery.objects.filter(bundled_into__in=stopped), said, by=by)
    return len(rows)


def _stop(pk: int) -> bool:
    """False where somebody has taken it in between."""
    return bool(Delivery.objects.filter(WAITING, pk=pk).update(state=State.CANCELLED, ended_at=shared_now()))
