"""Whether a request that came in is from the vendor that it says it is from. Pure: the time and the secrets are given.

Where a secret is empty, because nobody has set it, nothing is genuine.

PagerDuty: https://developer.pagerduty.com/docs/verifying-webhook-signatures
Slack: https://docs.slack.dev/authentication/verifying-requests-from-slack
Twilio: https://www.twilio.com/docs/usage/webhooks/webhooks-security
GitHub: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from urllib.parse import parse_qs, urlsplit, urlunsplit

SLACK_WINDOW_SECONDS = 5 * 60
VOICE_WINDOW_SECONDS = 5 * 60
TWILIO_HASHES = {"HMAC_SHA1": hashlib.sha1, "HMAC_SHA256": hashlib.sha256}
PORTS = {"http": 80, "https": 443}


class Verdict(StrEnum):
    GENUINE = "genuine"
    UNSIGNED = "unsigned"  # no signature, or nothing that could be one
    FORGED = "forged"  # a signature by another secret, or of another text
    STALE = "stale"  # signed so long ago (or so far ahead) that it may be a repeat


def pagerduty(body: bytes, signature: str | None, *, secrets: Iterable[str]) -> Verdict:
    """`signature`: header X-PagerDuty-Signature, "v1=…,v1=…" while PagerDuty's secret is being changed.

    `secrets`: those of all subscriptions that lead to this address; one of them must have signed.
    """
    given = [part.strip().removeprefix("v1=") for part in (signature or "").split(",") if part.strip()[:3] == "v1="]
    return _judge(given, [_hex(secret, body) for secret in secrets if secret])


def slack(body: bytes, signature: str | None, timestamp: str | None, *, secret: str, at: float) -> Verdict:
    """`signature`, `timestamp`: headers X-Slack-Signature and X-Slack-Request-Timestamp. `at`: now, in seconds."""
    if not signature or not timestamp or not (timestamp.isascii() and timestamp.isdigit()):
        return Verdict.UNSIGNED
    verdict = _judge(
        [signature.strip()], _if_set(secret, "v0=" + _hex(secret, b"v0:" + timestamp.encode() + b":" + body))
    )
    if verdict is Verdict.GENUINE and abs(at - int(timestamp)) > SLACK_WINDOW_SECONDS:
        return Verdict.STALE
    return verdict


def twilio(
    url: str,
    form: Mapping[str, str | Sequence[str]],
    signature: str | None,
    *,
    secret: str,
    settings: str | None = None,
    body: bytes = b"",
) -> Verdict:
    """`url`: the whole address that Twilio asked for, as it knows it, with the query. `form`: the fields of the body.

    `signature`, `settings`: headers X-Twilio-Signature and X-Twilio-Webhooks-Signature-Settings; the latter comes with
    a shared key, whose secret is then to be given instead of the account's token. `body`: for one that is no form.
    """
    hash_function = TWILIO_HASHES.get(_algorithm(settings or ""))
    if not signature or hash_function is None:
        return Verdict.UNSIGNED
    named = parse_qs(urlsplit(url).query).get("bodySHA256", [])
    if named and not form:
        if not hmac.compare_digest(hashlib.sha256(body).hexdigest().encode(), named[0].encode()):
            return Verdict.FORGED
    fields = _twilio_fields(form)
    expected = [
        base64.b64encode(hmac.new(secret.encode(), (spelling + fields).encode(), hash_function).digest()).decode()
        for spelling in _with_and_without_port(url)
    ]
    return _judge([signature.strip()], _if_set(secret, *expected))


def github(body: bytes, signature: str | None, *, secret: str) -> Verdict:
    """`signature`: header X-Hub-Signature-256."""
    return _judge([signature.strip()] if signature else [], _if_set(secret, "sha256=" + _hex(secret, body)))


def voice(body: bytes, signature: str | None, *, secret: str, at: float) -> Verdict:
    """What an acknowledgement from the generic voice webhook must carry, and what our own request to it carries.

    `signature`: header X-DR-Signature, "t=<seconds>,v1=<hex of HMAC-SHA256 over '<seconds>.<body>'>".
    """
    parts = dict(part.strip().split("=", 1) for part in (signature or "").split(",") if "=" in part)
    timestamp = parts.get("t", "")
    if "v1" not in parts or not (timestamp.isascii() and timestamp.isdigit()):
        return Verdict.UNSIGNED
    verdict = _judge([parts["v1"]], _if_set(secret, _hex(secret, timestamp.encode() + b"." + body)))
    if verdict is Verdict.GENUINE and abs(at - int(timestamp)) > VOICE_WINDOW_SECONDS:
        return Verdict.STALE
    return verdict


def sign_voice(body: bytes, *, secret: str, at: float) -> str:
    """The header X-DR-Signature for `body`, sent at `at`."""
    timestamp = str(int(at))
    return f"t={timestamp},v1={_hex(secret, timestamp.encode() + b'.' + body)}"


def _hex(secret: str, message: bytes) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def _if_set(secret: str, *signatures: str) -> Sequence[str]:
    return signatures if secret else ()


def _judge(given: Sequence[str], expected: Sequence[str]) -> Verdict:
    """Compare each with each, all of them, so that the time it takes tells nothing."""
    if not given:
        return Verdict.UNSIGNED
    hits = [hmac.compare_digest(one.encode(), other.encode()) for one in given for other in expected]
    return Verdict.GENUINE if any(hits) else Verdict.FORGED


def _algorithm(settings: str) -> str:
    for part in settings.split(","):
        name, _, value = part.partition("=")
        if name.strip() == "algorithm" and value.strip():
            return value.strip().upper()
    return "HMAC_SHA1"


def _twilio_fields(form: Mapping[str, str | Sequence[str]]) -> str:
    """Names and values in a row, sorted; of a name that is repeated, each different value once."""
    pairs = []
    for name in sorted(form):
        values = form[name]
        pairs += [name + value for value in sorted({values} if isinstance(values, str) else set(values))]
    return "".join(pairs)


def _with_and_without_port(url: str) -> tuple[str, str]:
    """Twilio signs either, and does not say which."""
    parts = urlsplit(url)
    host = parts.netloc.rsplit(":", 1)[0] if parts.port else parts.netloc
    port = parts.port or PORTS.get(parts.scheme, 443)
    bare, full = (urlunsplit(parts._replace(netloc=netloc)) for netloc in (host, f"{host}:{port}"))
    return bare, full
