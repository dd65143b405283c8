"""Requests as vendors send them: signed in their own ways, with the sandbox's secrets."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from dr_console.providers.signatures import sign_voice

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def pagerduty(client: Client, event: Mapping[str, Any] | bytes, *, secret: str = "sandbox-pagerduty-webhook") -> Any:
    body = event if isinstance(event, bytes) else json.dumps({"event": event}).encode()
    signature = f"v1={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"
    return client.post("/callbacks/pagerduty/", body, content_type=JSON, headers={"X-PagerDuty-Signature": signature})


def event(kind: str, key: str, *, id: str = "01EVENT", agent: Mapping[str, Any] | None = None, **data: Any) -> Any:
    """One of PagerDuty's, by somebody on their telephone."""
    person = {"id": "PABC", "type": "user_reference", "summary": "Wei Zhang"}
    return {
        "id": id,
        "event_type": f"incident.{kind}",
        "resource_type": "incident",
        "occurred_at": "2026-03-01T12:00:00.000Z",
        "agent": person if agent is None else agent,
        "data": {"id": "Q1", "type": "incident", "incident_key": key, **data},
    }


def slack(client: Client, payload: Any, *, secret: str = "sandbox-slack-signing", at: float | None = None) -> Any:
    body = urlencode({"payload": payload if isinstance(payload, str) else json.dumps(payload)}).encode()
    timestamp = str(int(time.time() if at is None else at))
    signed = hmac.new(secret.encode(), f"v0:{timestamp}:".encode() + body, hashlib.sha256).hexdigest()
    headers = {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={signed}"}
    return client.post("/callbacks/slack/", body, content_type=FORM, headers=headers)


def pressed(action: str, value: str, *, user: str = "U0ONCALL", at: str = "1.1") -> dict[str, Any]:
    """What Slack sends of one press."""
    return {
        "type": "block_actions",
        "user": {"id": user, "username": "oncall", "name": "oncall"},
        "actions": [{"action_id": action, "value": value, "action_ts": at, "type": "button", "block_id": "b1"}],
    }


def twilio(client: Client, path: str, form: Mapping[str, str], *, secret: str = "sandbox-twilio-token") -> Any:
    text = f"{settings.DR_PUBLIC_URL}{path}" + "".join(name + form[name] for name in sorted(form))
    signature = base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()).decode()
    return client.post(path, urlencode(form), content_type=FORM, headers={"X-Twilio-Signature": signature})


def voice(client: Client, path: str, told: Any, *, secret: str = "sandbox-voice-secret") -> HttpResponse:
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    headers = {"X-DR-Signature": sign_voice(body, secret=secret, at=time.time())}
    return client.post(path, body, content_type=JSON, headers=headers)


def path_of(url: str) -> str:
    """The path of an address of ours."""
    return url.removeprefix(settings.DR_PUBLIC_URL)
