"""PagerDuty Events v2: trigger, acknowledge and resolve by a key that makes repeating harmless.

https://developer.pagerduty.com/docs/events-api-v2/overview
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_noop as _
from pydantic import BaseModel

from dr_console.providers import limits
from dr_console.providers.capabilities.paging import Page
from dr_console.providers.credentials import credential
from dr_console.providers.deadlines import Deadline
from dr_console.providers.http import Wire, Words

VENDOR = "PagerDuty"
TRIGGER = _("page whoever is on call")
ACKNOWLEDGE = _("acknowledge the page")
RESOLVE = _("resolve the page")

KEY_CHARACTERS = 255
SUMMARY_CHARACTERS = 1024
SOURCE_CHARACTERS = 255
MOST_DETAIL_BYTES = 256 * 1024  # an event may have 512 kB in all
ELLIPSIS = "…"


class _Accepted(BaseModel):
    status: str
    dedup_key: str = ""


class PagerDutyEvents:
    """The half of PagingProvider that rings. An answer of 202 says that the event was taken, not that a phone rang."""

    def trigger(self, page: Page, *, deadline: Deadline) -> str:
        payload = {
            "summary": cut(page.summary, SUMMARY_CHARACTERS),
            "source": cut(page.source, SOURCE_CHARACTERS),
            "severity": page.urgency.value,
            "timestamp": page.at.astimezone(UTC).isoformat(timespec="milliseconds") if page.at else None,
            "component": page.component,
            "group": page.group,
            "class": page.kind,
            "custom_details": _details(page),
        }
        event: dict[str, Any] = {
            "payload": {name: value for name, value in payload.items() if value},
            "client": "DR Console",
            "client_url": settings.DR_PUBLIC_URL,
        }
        if page.links:
            event["links"] = [{"href": link.href, "text": link.text or link.href} for link in page.links]
        return self._send("trigger", page.key, TRIGGER, deadline, **event)

    def acknowledge(self, key: str, *, deadline: Deadline) -> None:
        self._send("acknowledge", key, ACKNOWLEDGE, deadline)

    def resolve(self, key: str, *, deadline: Deadline) -> None:
        self._send("resolve", key, RESOLVE, deadline)

    def _send(self, action: str, key: str, operation: str, deadline: Deadline, **more: Any) -> str:
        routing_key = credential("pagerduty", "routing_key", operation=operation)
        wire = Wire(VENDOR, settings.DR_VENDOR_URLS["pagerduty_events"], secrets=(routing_key,), refusal=_refusal)
        event = {"routing_key": routing_key, "event_action": action, "dedup_key": whole_key(key), **more}
        answer = wire.call(
            "POST",
            "/v2/enqueue",
            operation=operation,
            deadline=deadline,
            json=event,
            harmless=True,
            also_counted=(limits.pagerduty_events(routing_key),),
        )
        return answer.read_as(_Accepted).dedup_key or whole_key(key)


def whole_key(key: str) -> str:
    """The key itself, or where it is longer than PagerDuty keeps, its beginning and a digest of the whole."""
    if len(key) <= KEY_CHARACTERS:
        return key
    digest = hashlib.sha256(key.encode()).hexdigest()
    return f"{key[: KEY_CHARACTERS - len(digest) - 1]}-{digest}"


def cut(text: str, most: int) -> str:
    """No more than so many characters, at the end of a word where there is one near, with an ellipsis."""
    text = " ".join(text.split())
    if len(text) <= most:
        return text
    head = text[: most - len(ELLIPSIS)]
    at_a_word = head.rsplit(" ", 1)[0]
    return (at_a_word if len(at_a_word) > len(head) - 40 else head).rstrip() + ELLIPSIS


def _details(page: Page) -> dict[str, Any]:
    """What is shown with the page; where it is more than is taken, the first of it."""
    kept: dict[str, Any] = {}
    size = 0
    for name, value in page.details.items():
        size += len(json.dumps([name, value], default=str).encode())
        if size > MOST_DETAIL_BYTES:
            return kept | {ELLIPSIS: f"{len(page.details) - len(kept)} more were too long to send"}
        kept[name] = value
    return kept


def _refusal(status: int, body: Any) -> Words | None:
    if status < 400 and not (isinstance(body, dict) and body.get("status") != "success"):
        return None
    if not isinstance(body, dict):
        return Words()
    errors = body.get("errors")
    said = [str(body.get("message", "")), *(map(str, errors) if isinstance(errors, list) else ())]
    return Words(str(body.get("status", "")), "; ".join(part for part in said if part))
