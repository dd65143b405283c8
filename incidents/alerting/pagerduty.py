"""Webhooks of PagerDuty, version 3.

https://developer.pagerduty.com/docs/webhooks-overview
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_noop as _

from incidents.alerting.signals import (
    LONGEST_FINGERPRINT,
    LONGEST_LABEL,
    LONGEST_TITLE,
    Acknowledged,
    Reading,
    Signal,
    Unreadable,
    link_of,
    moment_of,
    text_of,
)

FIRING = {"incident.triggered", "incident.reopened", "incident.priority_updated"}
OVER = {"incident.resolved"}
ACKNOWLEDGED = "incident.acknowledged"
# The key of a page of ours, as services.alerts gives it to PagerDuty: it must not come back as somebody else's alert.
OWN = "incident:"


def read(message: Mapping[str, Any]) -> Reading:
    """Events that say nothing of whether it fires are read as nothing."""
    event = message.get("event")
    if not isinstance(event, Mapping):
        raise Unreadable(_("There is no object at %(place)s."), place="event")
    event_id, kind = text_of(event.get("id"), LONGEST_FINGERPRINT), text_of(event.get("event_type"), 100)
    if not event_id or not kind:
        raise Unreadable(_("There is no text at %(place)s."), place="event.id" if kind else "event.event_type")
    if kind not in FIRING | OVER | {ACKNOWLEDGED}:
        return Reading(event_id=event_id)
    incident = event.get("data")
    if not isinstance(incident, Mapping):
        raise Unreadable(_("There is no object at %(place)s."), place="event.data")
    return _reading(event, incident, event_id, kind)


def _reading(event: Mapping[str, Any], incident: Mapping[str, Any], event_id: str, kind: str) -> Reading:
    fingerprint = text_of(incident.get("id"), LONGEST_FINGERPRINT)
    if not fingerprint:
        raise Unreadable(_("There is no text at %(place)s."), place="event.data.id")
    key = text_of(incident.get("incident_key"), 255)
    page = key.removeprefix(OWN) if key.startswith(OWN) else ""
    if kind == ACKNOWLEDGED:
        taken = Acknowledged(fingerprint, _summary(event.get("agent")) or "PagerDuty", page)
        return Reading(event_id=event_id, acknowledged=taken, is_own_page=bool(page))
    if page:
        return Reading(event_id=event_id, is_own_page=True)
    return Reading((_signal(event, incident, fingerprint, is_firing=kind not in OVER),), event_id)


def _signal(event: Mapping[str, Any], incident: Mapping[str, Any], fingerprint: str, *, is_firing: bool) -> Signal:
    said_at = moment_of(event.get("occurred_at"))
    named = {
        "service": _summary(incident.get("service")),
        "priority": _summary(incident.get("priority")),
        "urgency": text_of(incident.get("urgency"), LONGEST_LABEL),
        "escalation_policy": _summary(incident.get("escalation_policy")),
        "number": text_of(incident.get("number"), LONGEST_LABEL),
    }
    labels = {name: value for name, value in named.items() if value}
    return Signal(
        fingerprint=fingerprint,
        is_firing=is_firing,
        title=text_of(incident.get("title"), LONGEST_TITLE) or f"PagerDuty {labels.get('number') or fingerprint}",
        started_at=moment_of(incident.get("created_at")) or said_at,
        ended_at=None if is_firing else said_at,
        said_at=said_at,
        link=link_of(incident.get("html_url")),
        labels=labels,
    )


def _summary(reference: Any) -> str:
    return text_of(reference.get("summary"), LONGEST_LABEL) if isinstance(reference, Mapping) else ""
