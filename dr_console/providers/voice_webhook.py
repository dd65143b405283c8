"""A telephone behind an address of your own: a signed POST of number and text, for where Twilio does not reach.

What is sent and what is expected back stands in docs/clouds.md.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.utils.timezone import now
from django.utils.translation import gettext_noop as _
from pydantic import BaseModel

from dr_console.errors import Problem, ProviderError
from dr_console.providers.capabilities.phone import Announcement, CallState, PhoneCall, dialled
from dr_console.providers.credentials import credential
from dr_console.providers.deadlines import Deadline
from dr_console.providers.http import Wire, Words
from dr_console.providers.signatures import sign_voice
from dr_console.vendors import is_loopback

VENDOR = "Voice webhook"
CALL = _("make a telephone call")
READ = _("read how far a call got")


class _Call(BaseModel):
    id: str
    status: CallState = CallState.QUEUED
    to: str = ""
    answered_by: str = ""
    seconds: int | None = None


class VoiceWebhook:
    """POST <url> {"key", "to", "text", …} and GET <url>/<id>, each signed in X-DR-Signature."""

    def call(self, to: str, announcement: Announcement, *, key: str, deadline: Deadline) -> PhoneCall:
        asked = {
            "key": key,
            "to": dialled(to),
            "text": announcement.text,
            "question": announcement.question,
            "language": announcement.language,
            "times": announcement.times,
            "keys_url": announcement.keys_url,
            "status_url": announcement.status_url,
        }
        answer = self._ask("POST", "", CALL, deadline, body=json.dumps(asked).encode(), key=key)
        return _phone_call(answer.read_as(_Call), dialled(to))

    def state(self, id: str, *, deadline: Deadline) -> PhoneCall:
        return _phone_call(self._ask("GET", f"/{id}", READ, deadline).read_as(_Call), "")

    def find(self, to: str, *, since: datetime, deadline: Deadline) -> PhoneCall | None:
        """The protocol has no such question; the key in the first request is what keeps a repeat from ringing twice."""
        return None

    def _ask(
        self, method: str, below: str, operation: str, deadline: Deadline, *, body: bytes = b"", key: str = ""
    ) -> Any:
        url, secret = address(operation), credential("voice", "secret", operation=operation)
        parts = urlsplit(url)
        wire = Wire(VENDOR, urlunsplit((parts.scheme, parts.netloc, "", "", "")), secrets=(secret,), refusal=_refusal)
        headers = {"X-DR-Signature": sign_voice(body, secret=secret, at=now().timestamp())}
        if body:
            headers |= {"Content-Type": "application/json", "Idempotency-Key": key}
        path = parts.path.rstrip("/") + below + (f"?{parts.query}" if parts.query else "")
        return wire.call(method, path, operation=operation, deadline=deadline, content=body or None, headers=headers)


def address(operation: str) -> str:
    """Where calls are asked for. Raises ProviderError (SETTINGS) if there is none, or it would leave the sandbox."""
    url = credential("voice", "url", operation=operation)
    if settings.DR_MODE == "sandbox" and not is_loopback(urlsplit(url).hostname or ""):
        said = "DR_VOICE_WEBHOOK_URL is not on this machine"
        raise ProviderError(VENDOR, operation, Problem.SETTINGS, said=said, permanent=True)
    return url


def _refusal(status: int, body: Any) -> Words | None:
    if status < 400:
        return None
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, dict):
        return Words(str(error.get("code", "")), str(error.get("message", "")))
    return Words("", str(error)) if error else Words()


def _phone_call(call: _Call, to: str) -> PhoneCall:
    return PhoneCall(call.id, call.to or to, call.status, call.answered_by, call.seconds)
