"""What the first page asks about incidents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, DurationField, ExpressionWrapper, F, Max, Q
from django.utils.timezone import now

from dr_console.runs.models import Interlock
from incidents.models import BlockedTrigger, Incident

MOST_SHOWN = 10


@dataclass(frozen=True)
class OpenIncidents:
    """`more` tells that there are others; `last_resolved_at` is for the quiet days.

    `kill_switches`: how many are on. `held_back`: how many failovers something keeps from starting by themselves.
    """

    shown: list[Incident]
    more: bool
    last_resolved_at: datetime | None
    kill_switches: int
    held_back: int


def open_incidents() -> OpenIncidents:
    """Worst first, then oldest first; ten at the most."""
    incidents = Incident.objects.open().select_related("service", "commander")
    found = list(incidents.order_by("severity", "started_at")[: MOST_SHOWN + 1])
    last = Incident.objects.real().exclude(resolved_at=None).order_by("-resolved_at").first()
    return OpenIncidents(
        found[:MOST_SHOWN],
        len(found) > MOST_SHOWN,
        last.resolved_at if last else None,
        kill_switches=Interlock.objects.filter(is_on=True).count(),
        held_back=BlockedTrigger.objects.filter(ended_at=None).count(),
    )


@dataclass(frozen=True)
class Counts:
    """How many there are; drills are counted apart."""

    open: int
    real: int
    open_drills: int
    drills: int


def counts() -> Counts:
    """One query."""
    is_open, is_drill = ~Q(status__in=Incident.OVER), Q(is_practice=True)
    found = Incident.objects.aggregate(
        open=Count("pk", filter=is_open & ~is_drill),
        real=Count("pk", filter=~is_drill),
        open_drills=Count("pk", filter=is_open & is_drill),
        drills=Count("pk", filter=is_drill),
    )
    return Counts(**found)


def longest_recovery(period: timedelta) -> timedelta | None:
    """The longest time from start to mitigation of a real incident in the period before now, if there was one."""
    recent = Incident.objects.real().filter(started_at__gte=now() - period).exclude(mitigated_at=None)
    took = ExpressionWrapper(F("mitigated_at") - F("started_at"), DurationField())
    longest: timedelta | None = recent.aggregate(longest=Max(took))["longest"]
    return longest
