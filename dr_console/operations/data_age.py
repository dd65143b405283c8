"""How old what a page shows is, and why it may not be true any more."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime

from django.db import DatabaseError
from django.utils.timezone import now
from django.utils.translation import gettext as _

from dr_console.live.ping import ping
from dr_console.operations import heartbeats, loudness
from dr_console.operations.engine import Level
from dr_console.operations.models import Heartbeat

STALE_AFTER_SECONDS = 40
REDIS_ASKED_EVERY_SECONDS = 5.0

_started_at = now()


@dataclass(frozen=True)
class DataAge:
    """What the data-age panel says: the moment it was drawn, and each reason to doubt it."""

    at: datetime = field(default_factory=now)
    reasons: list[str] = field(default_factory=list)
    stale_after: int = STALE_AFTER_SECONDS

    @property
    def epoch(self) -> int:
        return int(self.at.timestamp())


@dataclass
class _RedisAsked:
    """The last answer of Redis: asked now and then, not by every page."""

    answered: bool = True
    at: float = float("-inf")

    def answers(self) -> bool:
        if time.monotonic() - self.at > REDIS_ASKED_EVERY_SECONDS:
            # Before asking, so that while Redis hangs one request waits for it and not all of them.
            self.at = time.monotonic()
            self.answered = ping()
        return self.answered


redis = _RedisAsked()


def data_age() -> DataAge:
    """The state of affairs now. Never raises: a page that came without the database still says so."""
    at = now()
    try:
        reasons = _quiet(at)
    except DatabaseError:
        reasons = [_("The database does not answer.")]
    if not redis.answers():
        reasons.append(_("Redis does not answer: changes arrive late."))
    level = loudness.remembered.state().level
    if level is Level.LATE:
        reasons.append(_("Escalations have not been looked at for more than 15 seconds."))
    elif level is Level.STOPPED:
        reasons.append(_("Escalations have not been looked at for more than 30 seconds."))
    return DataAge(at=at, reasons=reasons)


def _quiet(at: datetime) -> list[str]:
    last = heartbeats.last_heard()

    def is_quiet(kind: Heartbeat.Kind) -> bool:
        # A console that has just started has the same minute before anybody is called quiet.
        return at - max(last.get(kind, _started_at), _started_at) > heartbeats.QUIET_AFTER

    reasons = []
    # A worker may be alive and deaf: then beat rings, and nobody takes from the queues.
    deaf = is_quiet(Heartbeat.Kind.QUEUE) and not is_quiet(Heartbeat.Kind.BEAT)
    if is_quiet(Heartbeat.Kind.WORKER) or deaf:
        reasons.append(_("The workers have been quiet for more than a minute."))
    if is_quiet(Heartbeat.Kind.BEAT):
        reasons.append(_("The scheduler has been quiet for more than a minute."))
    if is_quiet(Heartbeat.Kind.WATCH):
        reasons.append(_("Nothing has checked the services’ health for more than a minute."))
    return reasons
