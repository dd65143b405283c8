"""Which degradation level is in force, and what everybody is told of it. Nothing here writes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from dr_console.operations import signing
from dr_console.runs.models import Run
from dr_console.web.sentences import Texts
from incidents.models import DegradationChange, DegradationLevel, Service, ServiceEndpoint

FORMAT = 1
NORMAL = 0
SUBJECT = "degradation"
SHOWN = 10


@dataclass(frozen=True)
class InForce:
    """`change`: what made it so; None if it never was another. `plan`: what the plan says of it, if it still does."""

    level: int
    change: DegradationChange | None
    plan: DegradationLevel | None


def newest_change() -> DegradationChange | None:
    return DegradationChange.objects.select_related("by", "run", "incident").first()


def recent_changes() -> list[DegradationChange]:
    """The newest ones, newest first."""
    return list(DegradationChange.objects.select_related("by", "run", "incident")[:SHOWN])


def in_force() -> InForce:
    change = newest_change()
    level = change.level if change else NORMAL
    return InForce(level, change, DegradationLevel.objects.current().filter(level=level).first())


def way_back(change: DegradationChange, at: datetime) -> tuple[int, datetime | None]:
    """The level before, and until when that was meant; the normal one where its time has passed meanwhile."""
    if change.previous_until is not None and change.previous_until <= at:
        return NORMAL, None
    return change.previous_level, change.previous_until


def active_run() -> Run | None:
    """The run that is changing it now."""
    return Run.objects.active().filter(subject=SUBJECT).first()


def product_url() -> str:
    """Where the product says at which level it is: what users ask first. Empty if nobody knows."""
    if settings.DR_DEGRADATION_HEALTH_URL:
        return settings.DR_DEGRADATION_HEALTH_URL
    for service in Service.objects.current().prefetch_related("endpoints"):
        endpoints = [one for one in service.endpoints.all() if one.via == ServiceEndpoint.Via.CDN]
        for endpoint in endpoints:
            if urlsplit(endpoint.url).hostname in service.hostnames:
                return endpoint.url
    return ""


def document(now: InForce, *, language: str) -> bytes:
    """What is in force, as canonical JSON that says who signed it.

    Signed are the bytes of the same JSON without "signature": keys sorted, no spaces, UTF-8.
    """
    told = _told(now, language)
    signature = {
        "algorithm": signing.ALGORITHM,
        "key_id": signing.key_id(),
        "value": signing.sign(canonical(told)),
    }
    return canonical({**told, "signature": signature})


def canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def etag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def _told(now: InForce, language: str) -> dict[str, Any]:
    change, plan = now.change, now.plan
    messages = in_every_language(plan, "message") if plan else {}
    return {
        "format": FORMAT,
        "version": change.pk if change else 0,
        "level": now.level,
        "key": plan.key if plan else "",
        "name": in_every_language(plan, "name") if plan else {},
        "features": {"on": plan.features_on if plan else [], "off": plan.features_off if plan else []},
        "cache": plan.cache if plan else "",
        "static_only": bool(plan and plan.static_only),
        "message": messages,
        "language": language,
        "text": messages.get(language) or messages.get("en", ""),
        "since": _moment(change.at) if change else None,
        "until": _moment(change.until) if change and change.until else None,
        "is_practice": bool(change and change.is_practice),
        "is_sandbox": settings.DR_MODE == "sandbox",
    }


def in_every_language(row: Any, field: str) -> Texts:
    """A field of the plan in every language that it is written in."""
    texts = {code: getattr(row, f"{field}_{code.replace('-', '_')}", "") for code, _label in settings.LANGUAGES}
    return {code: text for code, text in texts.items() if text}


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
