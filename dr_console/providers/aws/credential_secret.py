"""Settings of vendors kept in one secret of AWS Secrets Manager: read when first needed, and held in memory alone.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock

from django.conf import settings
from django.utils.translation import gettext_noop as _

from dr_console.credentials import CREDENTIALS
from dr_console.errors import Problem, ProviderError
from dr_console.providers.aws import session
from dr_console.providers.deadlines import Deadline

log = logging.getLogger("dr_console.providers")

READ = _("read the credentials")
FRESH_SECONDS = 300.0
AGAIN_AFTER_SECONDS = 30.0
SECONDS = 10.0
KNOWN = frozenset(one.setting for credentials in CREDENTIALS.values() for one in credentials.values())


@dataclass
class _Kept:
    """What was read last. `look_at`: when to look again, on the monotonic clock."""

    secret: str = ""
    values: dict[str, str] = field(default_factory=dict, repr=False)
    look_at: float = 0.0


_kept = _Kept()
_lock = Lock()


def values() -> Mapping[str, str]:
    """What the secret holds, by name of setting, at most five minutes old.

    While AWS does not answer, what was read last goes on being used. Raises ProviderError where there is nothing yet.
    """
    secret: str = settings.DR_CREDENTIALS_SECRET
    with _lock:
        if _kept.secret != secret:
            forget()
        if time.monotonic() >= _kept.look_at:
            _look(secret)
        return dict(_kept.values)


def forget() -> None:
    """Read it anew when it is next needed."""
    _kept.secret, _kept.values, _kept.look_at = "", {}, 0.0


def _look(secret: str) -> None:
    try:
        found = _read(secret)
    except ProviderError as error:
        if not _kept.secret:
            raise
        log.warning("The credentials in %s cannot be read anew; those read last go on being used: %s", secret, error)
        _kept.look_at = time.monotonic() + AGAIN_AFTER_SECONDS
        return
    if unknown := sorted(set(found) - KNOWN):
        log.warning("%s holds what is no setting of a vendor: %s", secret, ", ".join(unknown))
    _kept.secret, _kept.values, _kept.look_at = secret, found, time.monotonic() + FRESH_SECONDS


def _read(secret: str) -> dict[str, str]:
    answer = session.call(
        session.client("secretsmanager", operation=READ),
        "get_secret_value",
        operation=READ,
        deadline=Deadline.after(SECONDS),
        harmless=True,
        SecretId=secret,
    )
    text = answer.read_as(str, at="SecretString")
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        said = f"DR_CREDENTIALS_SECRET: {secret} must be a JSON object of settings’ names and their values, as texts"
        raise ProviderError("AWS", READ, Problem.SETTINGS, said=said, permanent=True)
    return {name: value.strip() for name, value in found.items()}
