"""Who may tell of alerts: make a source, give it a secret, pause it, and tell whether a call is from it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.text import slugify
from django.utils.timezone import now
from django.utils.translation import gettext as _

from dr_console.audit.services import record as audit
from dr_console.errors import Refused
from dr_console.live.publish import nudge
from dr_console.operations.sealing import Unsealable, seal, unseal
from dr_console.providers import signatures, webhook
from dr_console.providers.signatures import Verdict
from incidents.models import AlertSource
from incidents.services import heartbeat_monitors

Kind = AlertSource.Kind
PURPOSE = "alert-source"
#: So that a token is known for one wherever it turns up.
PREFIX = "dra_"
HINT_LETTERS = 10
#: After a change of the secret, the one before still works so long.
OVERLAP = timedelta(hours=24)
FIELDS = ("name", "service", "severity", "opens", "mapping", "is_practice", "every_minutes", "grace_minutes")


class SecretUnreadable(Exception):
    """The console cannot read the signing secret that it keeps: SECRET_KEY is another one than it was."""


@transaction.atomic
def make(name: str, kind: str, *, by: User | None, given: str = "", **fields: Any) -> tuple[AlertSource, str]:
    """Make a source; return it and the secret to be shown, once. `given`: a signing secret that the sender made.

    A source of PagerDuty starts without: PagerDuty makes the secret when it is told the address.
    """
    source = AlertSource(key=_free_key(name, kind), name=name, kind=kind, made_by=by)
    for field, value in fields.items():
        setattr(source, field, value)
    plain = _give_secret(source, given)
    _expect(source, now())
    source.save()
    audit("alert_source.made", by=by, target=named(source), after=_facts(source))
    nudge("console", "alerts")
    return source, plain


@transaction.atomic
def change(source: AlertSource, *, by: User, **fields: Any) -> AlertSource:
    source = _locked(source)
    before = _facts(source)
    for field, value in fields.items():
        setattr(source, field, value)
    _expect(source, now())
    source.save(update_fields=[*fields, "due_at"])
    if source.patience is None:
        heartbeat_monitors.stand_down(source, now())
    audit("alert_source.changed", by=by, target=named(source), before=before, after=_facts(source))
    nudge("console", "alerts")
    return source


@transaction.atomic
def new_secret(source: AlertSource, *, by: User, given: str = "") -> str:
    """Another secret; the one before works for OVERLAP more. Returns what is to be shown, once."""
    source = _locked(source)
    source.old_digest, source.old_sealed, source.old_until = source.digest, source.sealed, now() + OVERLAP
    plain = _give_secret(source, given)
    source.save(update_fields=["digest", "sealed", "hint", "old_digest", "old_sealed", "old_until"])
    audit("alert_source.secret", by=by, target=named(source), after={"hint": source.hint})
    nudge("console", "alerts")
    return plain


@transaction.atomic
def forget_old_secret(source: AlertSource, *, by: User) -> None:
    """The secret before the present one opens nothing any more."""
    gone = {"old_digest": "", "old_sealed": "", "old_until": None}
    if not AlertSource.objects.filter(pk=source.pk, old_until__isnull=False).update(**gone):
        raise Refused(_("There is no other secret any more."))
    audit("alert_source.old_secret_ended", by=by, target=named(source))
    nudge("console", "alerts")


@transaction.atomic
def pause(source: AlertSource, *, by: User) -> None:
    """Its calls are answered well and passed over."""
    if not AlertSource.objects.listening().filter(pk=source.pk).update(paused_at=now(), due_at=None):
        raise Refused(_("“%(name)s” is paused already.") % {"name": source})
    heartbeat_monitors.stand_down(source, now())
    audit("alert_source.paused", by=by, target=named(source))
    nudge("console", "alerts")


@transaction.atomic
def resume(source: AlertSource, *, by: User) -> None:
    source = _locked(source)
    if source.paused_at is None:
        raise Refused(_("“%(name)s” is not paused.") % {"name": source})
    source.paused_at = None
    _expect(source, now())
    source.save(update_fields=["paused_at", "due_at"])
    audit("alert_source.resumed", by=by, target=named(source))
    nudge("console", "alerts")


@transaction.atomic
def remove(source: AlertSource, *, by: User) -> None:
    """Its address is gone and its secret forgotten; what it told of stays."""
    gone: dict[str, Any] = dict.fromkeys(("digest", "sealed", "old_digest", "old_sealed"), "")
    gone |= {"removed_at": now(), "due_at": None, "old_until": None}
    if not AlertSource.objects.filter(pk=source.pk, removed_at=None).update(**gone):
        raise Refused(_("“%(name)s” is removed already.") % {"name": source})
    heartbeat_monitors.stand_down(source, now())
    audit("alert_source.removed", by=by, target=named(source))
    nudge("console", "alerts")


def verdict(source: AlertSource, headers: Mapping[str, str], body: bytes, *, at: datetime) -> Verdict:
    """Whether a call is from the source. `headers` by their names in small letters. Raises SecretUnreadable."""
    if not source.signs:
        return _verdict_of_token(source, headers.get("authorization", ""), at)
    keys = _signing_secrets(source, at)
    if source.kind == Kind.PAGERDUTY:
        return signatures.pagerduty(body, headers.get("x-pagerduty-signature"), secrets=keys)
    return webhook.verify(headers, body, secrets=keys, at=at.timestamp())


def named(source: AlertSource) -> str:
    """How the audit log calls it."""
    return f"alert source {source.key}"


def _verdict_of_token(source: AlertSource, header: str, at: datetime) -> Verdict:
    shown = _shown(header)
    if not shown:
        return Verdict.UNSIGNED
    valid = [source.digest, source.old_digest if _is_old_valid(source, at) else ""]
    # Each of them, so that the time it takes tells nothing.
    hits = [hmac.compare_digest(_digest(shown), digest) for digest in valid if digest]
    return Verdict.GENUINE if any(hits) else Verdict.FORGED


def _shown(header: str) -> str:
    """The token, as `Bearer <token>` or as the password of `Basic`."""
    scheme, _space, rest = header.partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(rest.strip(), validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _signing_secrets(source: AlertSource, at: datetime) -> list[str]:
    sealed = [source.sealed, source.old_sealed if _is_old_valid(source, at) else ""]
    try:
        return [unseal(one, purpose=PURPOSE) for one in sealed if one]
    except Unsealable as error:
        raise SecretUnreadable(source.key) from error


def _is_old_valid(source: AlertSource, at: datetime) -> bool:
    return source.old_until is not None and source.old_until > at


def _give_secret(source: AlertSource, given: str) -> str:
    """Put a new secret into the row; return it if somebody has to be shown it."""
    if source.kind == Kind.PAGERDUTY:
        source.sealed, source.hint = (seal(given, purpose=PURPOSE), given[:4]) if given else ("", "")
        return ""
    if source.kind == Kind.WEBHOOK:
        plain = given or webhook.PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()
        source.sealed, source.hint = seal(plain, purpose=PURPOSE), plain[:HINT_LETTERS]
        return "" if given else plain
    plain = PREFIX + secrets.token_urlsafe(32)
    source.digest, source.hint = _digest(plain), plain[:HINT_LETTERS]
    return plain


def _expect(source: AlertSource, at: datetime) -> None:
    """Count anew from now on: whoever has just said so should not be told at once that it is late."""
    listens = source.paused_at is None and source.removed_at is None
    source.due_at = at + source.patience if source.patience and listens else None


def _digest(plain: str) -> str:
    # It is long and random: nothing slower than a plain sum is needed to keep it from being guessed.
    return hashlib.sha256(plain.encode()).hexdigest()


def _free_key(name: str, kind: str) -> str:
    """What stands in its address: of its name, or of its kind where the name has no Latin letter."""
    stem = slugify(name)[:50] or kind
    taken = set(AlertSource.objects.filter(key__startswith=stem).values_list("key", flat=True))
    return next(
        key for number in range(1, len(taken) + 2) if (key := stem if number == 1 else f"{stem}-{number}") not in taken
    )


def _locked(source: AlertSource) -> AlertSource:
    found = AlertSource.objects.select_for_update().get(pk=source.pk)
    if found.removed_at is not None:
        raise Refused(_("“%(name)s” is removed.") % {"name": found})
    return found


def _facts(source: AlertSource) -> dict[str, object]:
    return {
        "name": source.name,
        "kind": source.kind,
        "service": source.service.key if source.service else "",
        "severity": source.severity,
        "opens": source.opens,
        "is_practice": source.is_practice,
        "every_minutes": source.every_minutes,
    }
