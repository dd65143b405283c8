"""Tokens with which programs speak to the API: make one, take it back, and let in who shows it."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Q
from django.utils.timezone import now
from django.utils.translation import gettext as _

from dr_console.audit.services import record
from dr_console.errors import Refused
from dr_console.people.models import ApiToken

#: So that a token is known for one wherever it turns up: in a log, in a repository.
PREFIX = "drc_"
HINT_LETTERS = 10
MINUTE = timedelta(minutes=1)


class ScopeMissing(Exception):
    """The token is good, but not for this."""

    def __init__(self, scope: str) -> None:
        super().__init__(scope)
        self.scope = scope


class TooManyCalls(Exception):
    """The token has used up its minute. `retry_after`: whole seconds until the next one."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


@transaction.atomic
def make(name: str, *, scopes: Iterable[str], by: User | None, days: int | None = None) -> tuple[ApiToken, str]:
    """Make a token; return it and what is to be shown, once. `days`: how long it works; None: until it is revoked."""
    if ApiToken.objects.filter(name=name).exists():
        raise Refused(_("There is a token called “%(name)s” already.") % {"name": name})
    plain, at = PREFIX + secrets.token_urlsafe(32), now()
    made = ApiToken.objects.create(
        name=name,
        digest=_digest(plain),
        hint=plain[:HINT_LETTERS],
        scopes=sorted(set(scopes)),
        made_by=by,
        made_at=at,
        expires_at=at + timedelta(days=days) if days else None,
    )
    record("token.made", by=by, target=named(made), after=_facts(made))
    return made, plain


@transaction.atomic
def revoke(token: ApiToken, *, by: User | None) -> None:
    """From now on it opens nothing. It stays on the list, for what it did is its own."""
    if not ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now()):
        raise Refused(_("The token “%(name)s” is revoked already.") % {"name": token})
    record("token.revoked", by=by, target=named(token))


def let_in(plain: str, *, scope: str) -> ApiToken | None:
    """Whose token this is, counting the call; None for one that is unknown, revoked or expired.

    Raises ScopeMissing, and TooManyCalls.
    """
    token = ApiToken.objects.usable().filter(digest=_digest(plain)).first()
    if token is None:
        return None
    if scope not in token.scopes:
        raise ScopeMissing(scope)
    _count_call(token, now())
    return token


def named(token: ApiToken) -> str:
    """How the audit log calls it."""
    return f"token {token.name}"


def _count_call(token: ApiToken, at: datetime) -> None:
    minute = at.replace(second=0, microsecond=0)
    mine = ApiToken.objects.filter(pk=token.pk)
    counted = {"calls": F("calls") + 1, "last_used_at": at}
    # The second look is for whom somebody else overtook in beginning the minute.
    for _look in range(2):
        if mine.filter(minute=minute, calls__lt=settings.DR_API_CALLS_PER_MINUTE).update(**counted):
            return
        if mine.filter(Q(minute=None) | ~Q(minute=minute)).update(minute=minute, calls=1, last_used_at=at):
            return
    raise TooManyCalls(max(1, round((minute + MINUTE - at).total_seconds())))


def _digest(plain: str) -> str:
    # It is long and random: nothing slower than a plain sum is needed to keep it from being guessed.
    return hashlib.sha256(plain.encode()).hexdigest()


def _facts(token: ApiToken) -> dict[str, object]:
    return {"hint": token.hint, "scopes": token.scopes, "expires_at": str(token.expires_at or "")}
