"""What a person may say of an incident as it stands: how far it is, how bad, and whether it is another one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from incidents.models import Incident
from incidents.queries.actions import COMMAND, Action, close, decide_severity, reopen, resolve

Status = Incident.Status
MOST_DUPLICATES = 20


@dataclass(frozen=True)
class Stage:
    """One of the states that an incident goes through. `at`: when it got there; None: it has not, or nobody knows."""

    label: str | Promise
    at: datetime | None
    is_passed: bool
    is_now: bool


def stages(incident: Incident) -> list[Stage]:
    """In their order, up to the one that it has reached."""
    times = {
        Status.OPEN: incident.started_at,
        Status.MITIGATED: incident.mitigated_at,
        Status.RESOLVED: incident.resolved_at,
        Status.CLOSED: incident.closed_at,
    }
    reached = list(Status).index(Status(incident.status))
    return [
        Stage(one.label, times[one], place <= reached and times[one] is not None, place == reached)
        for place, one in enumerate(Status)
    ]


def acts(incident: Incident) -> list[Action]:
    """What leads on comes first, what leads back last."""
    if incident.merged_into_id is not None:
        return [_act(incident, "unmerge", _("Take the merge back…"), "undo-2")]
    found = {
        Status.OPEN: [_act(incident, "mitigate", _("Mark as mitigated…"), "check"), resolve(incident)],
        Status.MITIGATED: [resolve(incident), reopen(incident)],
        Status.RESOLVED: [close(incident), reopen(incident)],
        Status.CLOSED: [reopen(incident)],
    }[Status(incident.status)]
    if incident.status == Status.CLOSED:
        return found
    severity = _act(incident, "severity", _("Change severity…"), "gauge") if incident.severity else None
    return [
        *found,
        severity or decide_severity(incident),
        _act(incident, "merge", _("It is a duplicate…"), "arrow-right"),
    ]


def _act(incident: Incident, name: str, label: str, icon: str) -> Action:
    return Action(label, reverse(f"incidents:{name}", args=[incident.reference]), "ask", icon, permission=COMMAND)


def duplicates(incident: Incident) -> list[Incident]:
    """What was merged into it, the oldest first; as many as a page can show."""
    return list(incident.duplicates.order_by("pk")[:MOST_DUPLICATES])
