"""Sources of alerts for tests, and calls as those send them."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

from django.urls import reverse

from dr_console.providers.webhook import signed
from incidents.models import AlertSource, Service
from incidents.services import alert_sources

RECORDED = Path(__file__).resolve().parent.parent / "contracts" / "alertmanager"
PAGERDUTY_SECRET = "a-secret-that-pagerduty-made"


def services() -> None:
    """Two of those of the plan, without the rest of it."""
    for position, (key, name, host) in enumerate([("api", "API", "api.example.com"), ("database", "Database", "")]):
        Service.objects.create(key=key, name=name, position=position, hostnames=[host] if host else [])


def source(kind: str = "alertmanager", name: str = "Prometheus Tokyo", **fields: Any) -> tuple[AlertSource, str]:
    """A source, and its secret."""
    given = {"pagerduty": PAGERDUTY_SECRET}.get(kind, "")
    made, plain = alert_sources.make(name, kind, by=None, given=given, **fields)
    return made, plain or given


def recorded(name: str) -> dict[str, Any]:
    """What a real Alertmanager sent (0.25.0)."""
    found: dict[str, Any] = json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))
    return found


def call(client: Any, made: tuple[AlertSource, str], body: Any, **headers: str) -> Any:
    """As the source itself would."""
    one, secret = made
    text = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    url = reverse("incidents:alert-hook", args=[one.key])
    shown = {**_proof(one, secret, text), **headers}
    return client.post(url, text, content_type="application/json", headers=shown)


def _proof(one: AlertSource, secret: str, body: bytes) -> dict[str, str]:
    if one.kind == "pagerduty":
        return {"X-PagerDuty-Signature": f"v1={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"}
    if one.kind == "webhook":
        number = hashlib.sha256(body).hexdigest()[:12]
        return {name.title(): value for name, value in signed(f"msg_{number}", body, [secret]).items()}
    return {"Authorization": f"Bearer {secret}"}


def alert(name: str = "HighErrorRate", *, status: str = "firing", **labels: str) -> dict[str, Any]:
    """One alert as Alertmanager has it."""
    return {
        "status": status,
        "labels": {"alertname": name, "severity": "critical", **labels},
        "annotations": {"summary": f"{name} of {labels.get('service', 'everything')}"},
        "startsAt": "2026-11-22T14:30:00.046632362Z",
        "endsAt": "0001-01-01T00:00:00Z" if status == "firing" else "2026-11-22T14:40:00Z",
        "generatorURL": "http://prometheus.example.com/graph?g0.expr=up",
    }


def message(*alerts: dict[str, Any]) -> dict[str, Any]:
    return {"version": "4", "status": "firing", "receiver": "console", "groupKey": "{}", "alerts": list(alerts)}


def page(kind: str, *, number: str = "Q1", event: str = "", at: str = "2026-11-22T14:30:00Z", **fields: Any) -> Any:
    """An event of PagerDuty."""
    incident = {
        "id": number,
        "type": "incident",
        "html_url": f"https://example.pagerduty.com/incidents/{number}",
        "number": 1234,
        "status": kind,
        "incident_key": "d3640fbd41094207a1c11e58e46b1662",
        "created_at": "2026-11-22T14:30:00Z",
        "title": "The database does not answer",
        "service": {"id": "PF9KMXH", "summary": "database", "type": "service_reference"},
        "priority": {"id": "PSO75BM", "summary": "P1", "type": "priority_reference"},
        "urgency": "high",
    }
    return {
        "event": {
            "id": event or f"event-{kind}-{number}",
            "event_type": f"incident.{kind}",
            "resource_type": "incident",
            "occurred_at": at,
            "agent": {"id": "PLH1HKV", "summary": "Grace Hopper", "type": "user_reference"},
            "client": None,
            "data": incident | fields,
        }
    }
