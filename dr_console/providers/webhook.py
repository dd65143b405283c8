"""Signed messages to an address that a person gave us, by the scheme of Standard Webhooks.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.utils.timezone import now
from django.utils.translation import gettext_noop as _

from dr_console.errors import Problem, ProviderError
from dr_console.providers.capabilities.webhook import Message
from dr_console.providers.deadlines import Deadline
from dr_console.providers.http import Wire, Words
from dr_console.providers.signatures import Verdict

VENDOR = "Webhook"
SEND = _("take a message")
PREFIX = "whsec_"
SECRET_BYTES = range(24, 65)
WINDOW_SECONDS = 5 * 60


class SignedWebhook:
    """POST {"type", "timestamp", "data"} with webhook-id, webhook-timestamp and webhook-signature."""

    def send(self, url: str, message: Message, *, secrets: Sequence[str], deadline: Deadline) -> int:
        parts = _checked(url)
        body = json.dumps(
            {"type": message.type, "timestamp": message.at, "data": message.data}, ensure_ascii=False
        ).encode()
        below = urlunsplit(("", "", parts.path or "/", parts.query, ""))
        wire = Wire(
            VENDOR,
            urlunsplit((parts.scheme, parts.netloc, "", "", "")),
            # The address of a hook is often the key to it.
            secrets=[*secrets, *filter(lambda part: len(part) > 1, (below, parts.path, parts.query))],
            refusal=_refusal,
            guarded=True,
            takes_any_answer=True,
        )
        answer = wire.call(
            "POST",
            below,
            operation=SEND,
            deadline=deadline,
            content=body,
            headers={"Content-Type": "application/json", **signed(message.id, body, secrets)},
            harmless=True,
        )
        return answer.status


def signed(id: str, body: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """The three headers. Raises ProviderError (SETTINGS) where a secret is none."""
    timestamp = str(int(now().timestamp()))
    signatures = [f"v1,{_signature(_key(secret), id, timestamp, body)}" for secret in secrets]
    if not signatures:
        raise _wrong("a webhook needs a secret")
    return {"webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": " ".join(signatures)}


def verify(headers: Mapping[str, str], body: bytes, *, secrets: Sequence[str], at: float) -> Verdict:
    """Whether a message that came in is from somebody who has one of these secrets. `at`: now, in seconds.

    `headers` by their names in small letters.
    """
    id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    given = [part[3:] for part in headers.get("webhook-signature", "").split() if part.startswith("v1,")]
    if not id or not given or not re.fullmatch(r"[0-9]{1,12}", timestamp):
        return Verdict.UNSIGNED
    expected = [_signature(_key(secret), id, timestamp, body) for secret in secrets]
    # Each with each, so that the time it takes tells nothing.
    hits = [hmac.compare_digest(one.encode(), other.encode()) for one in given for other in expected]
    if not any(hits):
        return Verdict.FORGED
    return Verdict.STALE if abs(at - int(timestamp)) > WINDOW_SECONDS else Verdict.GENUINE


def _signature(key: bytes, id: str, timestamp: str, body: bytes) -> str:
    message = f"{id}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()


def _key(secret: str) -> bytes:
    """The bytes that a secret stands for: 24 to 64 of them, in base64, after "whsec_"."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) not in SECRET_BYTES:
        raise _wrong("a secret must be whsec_ and 24 to 64 bytes in base64")
    return key


def _checked(url: str) -> Any:
    """The address in its parts. What it leads to is looked at when it is connected to."""
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        raise _wrong("this is no address") from None
    # Plain http, where everybody on the way reads along, only in the sandbox and inside of networks that are allowed.
    schemes = {"https", "http"} if settings.DR_MODE == "sandbox" or settings.DR_ALLOWED_NETWORKS else {"https"}
    if parts.scheme not in schemes or not usable or "@" in parts.netloc:
        raise _wrong(f"an address must begin with {' or '.join(sorted(schemes))}, and have no password in it")
    return parts


def _refusal(status: int, body: Any) -> Words | None:
    return Words() if status >= 400 else None


def _wrong(why: str) -> ProviderError:
    return ProviderError(VENDOR, SEND, Problem.SETTINGS, said=why, permanent=True)
