"""Webhooks of Prometheus Alertmanager (version 4), and of Grafana, which sends the same with more in it.

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_noop as _

from incidents.alerting.signals import (
    LONGEST_TEXT,
    LONGEST_TITLE,
    Reading,
    Signal,
    Unreadable,
    fingerprint_of,
    labels_of,
    link_of,
    moment_of,
    text_of,
)

STATES = {"firing": True, "resolved": False}
TITLES, TEXTS = ("summary", "title", "message"), ("description", "message")
LINKS = ("panelURL", "dashboardURL", "generatorURL")


def read(message: Mapping[str, Any]) -> Reading:
    """Raises Unreadable where one of its alerts cannot be understood: all of them are taken, or none."""
    alerts = message.get("alerts")
    if not isinstance(alerts, list):
        raise Unreadable(_("There is no list at %(place)s."), place="alerts")
    signals = tuple(_signal(one, f"alerts[{index}]") for index, one in enumerate(alerts))
    left_out = message.get("truncatedAlerts")
    return Reading(signals, left_out=left_out if isinstance(left_out, int) else 0)


def _signal(alert: Any, place: str) -> Signal:
    if not isinstance(alert, Mapping):
        raise Unreadable(_("There is no object at %(place)s."), place=place)
    status = alert.get("status")
    if not isinstance(status, str) or status not in STATES:
        raise Unreadable(_("%(place)s is neither firing nor resolved."), place=f"{place}.status")
    labels, notes = labels_of(alert.get("labels")), alert.get("annotations")
    if not labels:
        raise Unreadable(_("There are no labels at %(place)s."), place=f"{place}.labels")
    annotations = notes if isinstance(notes, Mapping) else {}
    return Signal(
        fingerprint=fingerprint_of(alert.get("fingerprint"), labels),
        is_firing=STATES[status],
        title=_first(annotations, TITLES, LONGEST_TITLE)
        or labels.get("alertname", "")[:LONGEST_TITLE]
        or _named(labels),
        started_at=moment_of(alert.get("startsAt")),
        ended_at=None if STATES[status] else moment_of(alert.get("endsAt")),
        text=_text(annotations),
        link=next(filter(None, (link_of(alert.get(name)) for name in LINKS)), ""),
        labels=labels,
    )


def _first(annotations: Mapping[str, Any], names: tuple[str, ...], longest: int, *, one_line: bool = True) -> str:
    return next(filter(None, (text_of(annotations.get(name), longest, one_line=one_line) for name in names)), "")


def _text(annotations: Mapping[str, Any]) -> str:
    """What the alert says of itself, with the way to its runbook."""
    text = _first(annotations, TEXTS, LONGEST_TEXT, one_line=False)
    runbook = link_of(annotations.get("runbook_url"))
    return "\n".join(filter(None, (text, runbook)))


def _named(labels: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in sorted(labels.items()))[:LONGEST_TITLE]
