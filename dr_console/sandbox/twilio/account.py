"""The pretend account: calls, messages, and how requests to the console are signed.

https://www.twilio.com/docs/usage/security#validating-requests
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import urlencode

from dr_console.sandbox.callbacks import Callbacks, Then
from dr_console.sandbox.outbox import Message as Arrived
from dr_console.sandbox.world import World

TOKEN = "sandbox-twilio-token"
NUMBER = "+15550100"
ANSWER_WITHIN_SECONDS = 15.0
VERSION = "2010-04-01"
SHARED_KEY = "webhooks_sharedkey_sandbox"


@dataclass
class Call:
    """`status`: Twilio's own word. `events`: which of initiated, ringing, answered, completed are told of."""

    sid: str
    account: str
    token: str
    to: str
    sender: str
    at: float
    url: str = ""
    method: str = "POST"
    twiml: str = ""
    fallback: str = ""
    callback: str = ""
    callback_method: str = "POST"
    events: tuple[str, ...] = ("completed",)
    ring_seconds: float = 60.0
    detects_machines: bool = False
    status: str = "queued"
    answered_by: str = ""
    started_at: float | None = None
    ended_at: float | None = None
    changed_at: float = 0.0
    sequence: int = 0
    digits: str = ""
    warnings: list[str] = field(default_factory=list)
    arrived: Arrived | None = None

    @property
    def is_over(self) -> bool:
        return self.status in ("completed", "busy", "failed", "no-answer", "canceled")


@dataclass
class Text:
    sid: str
    account: str
    token: str
    to: str
    sender: str
    body: str
    at: float
    callback: str = ""
    status: str = "queued"
    sent_at: float | None = None
    changed_at: float = 0.0
    error: int | None = None
    arrived: Arrived | None = None


class Account:
    """`shared_secret`: if set, requests are signed with it by SHA-256 as Twilio does since 2026, not by the token."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.calls: dict[str, Call] = {}
        self.texts: dict[str, Text] = {}
        self.shared_secret = ""
        self._callbacks = Callbacks()

    def new_sid(self, prefix: str) -> str:
        return f"{prefix}{self.world.random.getrandbits(128):032x}"

    def send(self, method: str, url: str, form: dict[str, str], token: str, then: Then, *, queue: str = "") -> None:
        """Ask the console, signed."""
        method = "GET" if method.upper() == "GET" else "POST"
        if method == "GET":
            url = f"{url}{'&' if '?' in url else '?'}{urlencode(form)}"
        fields = "".join(name + form[name] for name in sorted(form)) if method == "POST" else ""
        hash_function = hashlib.sha256 if self.shared_secret else hashlib.sha1
        secret = self.shared_secret or token
        signature = base64.b64encode(hmac.new(secret.encode(), (url + fields).encode(), hash_function).digest())
        headers = {
            "X-Twilio-Signature": signature.decode(),
            "I-Twilio-Idempotency-Token": str(uuid.UUID(int=self.world.random.getrandbits(128), version=4)),
            "User-Agent": "TwilioProxy/1.1",
            "Accept": "*/*",
        }
        if self.shared_secret:
            headers["X-Twilio-Webhooks-Signature-Settings"] = f"key={SHARED_KEY},algorithm=HMAC_SHA256"
        if method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
        body = urlencode(form).encode() if method == "POST" else b""
        self._callbacks.call(method, url, headers, body, within=ANSWER_WITHIN_SECONDS, queue=queue, then=then)


def rfc2822(at: float | None) -> str | None:
    return None if at is None else format_datetime(datetime.fromtimestamp(at, UTC))
