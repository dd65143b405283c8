"""Calendar feeds of who is on call: make an address, take it back, and know who asks at one."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext as _

from dr_console.audit.services import record as audit
from dr_console.errors import Refused
from dr_console.live.publish import nudge
from incidents.models import Contact, OnCallFeed, Rotation

HINT_LETTERS = 8
# Of one person; calendar programs are few, and an address that leaked is replaced.
MOST_OPEN = 20
READ_AGAIN = timedelta(hours=1)


@transaction.atomic
def make(of: Rotation | Contact, *, name: str, by: User) -> tuple[OnCallFeed, str]:
    """A feed of a rotation's turns, or of a contact's; and the secret part of its address, which is kept nowhere."""
    if OnCallFeed.objects.open().filter(made_by=by).count() >= MOST_OPEN:
        raise Refused(_("You have %(most)s calendar addresses already: revoke one first.") % {"most": MOST_OPEN})
    plain = secrets.token_urlsafe(32)
    whose = {"rotation_key": of.key} if isinstance(of, Rotation) else {"contact_key": of.key}
    feed = OnCallFeed.objects.create(
        **whose, name=name[:100], digest=_digest(plain), hint=plain[:HINT_LETTERS], made_by=by
    )
    audit("oncall_feed.made", by=by, target=_named(feed), after={**whose, "name": feed.name, "hint": feed.hint})
    nudge("console", "oncall")
    return feed, plain


@transaction.atomic
def revoke(feed: OnCallFeed, *, by: User) -> None:
    """From now on nothing answers at its address."""
    if not OnCallFeed.objects.open().filter(pk=feed.pk).update(revoked_at=now()):
        raise Refused(_("The calendar address “%(name)s” is revoked already.") % {"name": feed})
    audit("oncall_feed.revoked", by=by, target=_named(feed))
    nudge("console", "oncall")


def asked(plain: str) -> OnCallFeed | None:
    """The feed at this address, noting hourly that it is read; None where there is none any more, or its maker left."""
    feed = OnCallFeed.objects.open().filter(digest=_digest(plain), made_by__is_active=True).first()
    if feed is None:
        return None
    at = now()
    long_ago = Q(read_at=None) | Q(read_at__lt=at - READ_AGAIN)
    OnCallFeed.objects.filter(long_ago, pk=feed.pk).update(read_at=at)
    return feed


def _digest(plain: str) -> str:
    # It is long and random: nothing slower than a plain sum is needed to keep it from being guessed.
    return hashlib.sha256(plain.encode()).hexdigest()


def _named(feed: OnCallFeed) -> str:
    return f"on-call feed {feed.pk} {feed.name}"
