"""Messages of any form: a mapping says where in the body each field is found.

A path is names and numbers between dots, "data.items.0.name". `alerts` leads to a list of alerts, where one message
tells of several; the other paths then begin at each of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_noop as _

from incidents.alerting.signals import (
    LONGEST_LABEL,
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

# Where the fields stand in a message as Standard Webhooks recommend it: {"type", "timestamp", "data": {…}}.
DEFAULT = {
    "title": "data.title",
    "fingerprint": "data.fingerprint",
    "status": "data.status",
    "severity": "data.severity",
    "service": "data.service",
    "text": "data.text",
    "link": "data.link",
    "started_at": "data.started_at",
    "labels": "data.labels",
    "alerts": "",
}
OVER = frozenset("resolved ok okay closed clear cleared recovered recovery normal healthy up inactive false 0".split())


def read(message: Mapping[str, Any], mapping: Mapping[str, str], *, event_id: str) -> Reading:
    """Raises Unreadable where an alert has no title: all of them are taken, or none."""
    paths = {**DEFAULT, **mapping}
    said_at = moment_of(message.get("timestamp"))
    if not paths["alerts"]:
        return Reading((_signal(message, paths, "", said_at),), event_id)
    alerts = _found(message, paths["alerts"])
    if not isinstance(alerts, list):
        raise Unreadable(_("There is no list at %(place)s."), place=paths["alerts"])
    places = (f"{paths['alerts']}.{index}." for index in range(len(alerts)))
    return Reading(
        tuple(_signal(one, paths, place, said_at) for one, place in zip(alerts, places, strict=True)), event_id
    )


def _signal(alert: Any, paths: Mapping[str, str], place: str, said_at: Any) -> Signal:
    title = text_of(_found(alert, paths["title"]), LONGEST_TITLE)
    if not title:
        raise Unreadable(_("There is no text at %(place)s."), place=f"{place}{paths['title']}")
    labels = labels_of(_found(alert, paths["labels"]))
    for name in ("severity", "service"):
        if value := text_of(_found(alert, paths[name]), LONGEST_LABEL):
            labels[name] = value
    status = text_of(_found(alert, paths["status"]), 100).casefold()
    is_firing = status not in OVER
    return Signal(
        fingerprint=fingerprint_of(_found(alert, paths["fingerprint"]), {"title": title, **_place(labels)}),
        is_firing=is_firing,
        title=title,
        started_at=moment_of(_found(alert, paths["started_at"])),
        ended_at=None if is_firing else said_at,
        said_at=said_at,
        text=text_of(_found(alert, paths["text"]), LONGEST_TEXT, one_line=False),
        link=link_of(_found(alert, paths["link"])),
        labels=labels,
    )


def _place(labels: Mapping[str, str]) -> dict[str, str]:
    """Without how bad it is: that may change while it is the same."""
    return {name: value for name, value in labels.items() if name != "severity"}


def _found(value: Any, path: str) -> Any:
    """What the path leads to; None where it leads nowhere."""
    for part in filter(None, path.split(".")):
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value if path else None
