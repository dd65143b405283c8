"""Climb the ladder of the built-in plan on a clock that stands still, and see who was paged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dr_console.notifications.models import Delivery
from dr_console.web.sentences import sentence
from incidents.models import Escalation, Incident
from incidents.services import escalation
from incidents.services import incident as incidents

START = datetime(2026, 11, 28, 3, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WHY = sentence("Three probes in a row failed.")


def declared(severity="P0", **fields) -> Incident:
    return incidents.declare(title="API unavailable", severity=severity, service=None, by=None, why=WHY, **fields)[0]


def climb(incident) -> Escalation:
    return Escalation.objects.filter(incident=incident).order_by("-number")[0]


def at(clock, minutes):
    """So long after the start, everything that is due is done."""
    clock.move_to(START + minutes * MINUTE, tick=False)
    return escalation.tick()


def paged(incident, *, place=None):
    rows = Delivery.objects.filter(about=incident.reference, purpose="escalation").exclude(person="")
    rows = rows.filter(dedup_key__contains=f":{place}:") if place else rows
    return [(one.person, one.channel) for one in rows.order_by("pk")]


def kinds(incident):
    return list(climb(incident).events.values_list("kind", flat=True))


def told(incident):
    """What its timeline says of paging."""
    return [entry.words for entry in incident.timeline.order_by("seq") if entry.kind in ("alerted", "decided")]
