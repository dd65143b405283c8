"""Does anybody climb the ladders of escalation? The engine says so after each round; who hears nothing stands in.

Two clocks are kept apart: that of the engine's own processes, which a watchdog goes by, and that of a web process that
does their work meanwhile. All times are the database's, so that hosts whose clocks differ agree on them.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.timezone import now

from dr_console.audit.services import record as audit
from dr_console.live.publish import nudge
from dr_console.operations.clock import ago, database_now
from dr_console.operations.models import EngineTick

AMBER_AFTER = timedelta(seconds=15)
RED_AFTER = timedelta(seconds=30)
# A round may be said less often than it is done: each is a write, and many processes do rounds.
SAID_EVERY = timedelta(seconds=2)
# Whoever stands in and has not come round again for so long is gone as well.
STAND_IN_LASTS = timedelta(seconds=10)
NEVER = timedelta.max
THE_ROW = 1

_here = threading.local()


class Level(StrEnum):
    """How much is to be feared."""

    WELL = "well"
    LATE = "late"  # amber
    STOPPED = "stopped"  # red


@dataclass(frozen=True)
class Reading:
    """`age`: since the end of the engine's last own round; NEVER before the first. `stand_in`: the web process that
    does its work, since `stand_in_since`; empty where nobody does.
    """

    age: timedelta
    stand_in: str = ""
    stand_in_since: datetime | None = None

    @property
    def level(self) -> Level:
        return level_of(self.age)


def level_of(age: timedelta) -> Level:
    if age < AMBER_AFTER:
        return Level.WELL
    return Level.LATE if age < RED_AFTER else Level.STOPPED


def ticked() -> None:
    """Say that a round over all escalations has just ended. Cheap: one read, and a write every two seconds.

    In a process that only stands in nothing is said: the engine's own processes are missed as before.
    """
    if getattr(_here, "stands_in", False) or reading().age < SAID_EVERY:
        return
    if not _row().update(at=database_now(), process=me()):
        EngineTick.objects.update_or_create(pk=THE_ROW, defaults={"at": now(), "process": me()})


def age() -> timedelta:
    """Since the end of the engine's last own round; NEVER (timedelta.max) before the first."""
    return reading().age


def age_in_seconds() -> float | None:
    """For /metrics; None before the first round."""
    since = age()
    return None if since == NEVER else since.total_seconds()


def reading() -> Reading:
    """One query."""
    row = _row().annotate(clock=database_now()).first()
    if row is None:
        return Reading(NEVER)
    # A clock that was set back gives no age below nothing.
    since = NEVER if row.at is None else max(row.clock - row.at, timedelta())
    return Reading(since, row.stand_in, row.stand_in_since)


def stand_in(me: str) -> bool:
    """Whether the process `me` is to do a round in the engine's stead: nobody did for 30 s, and no other stands in.

    To be called before each round: it is what tells the others that `me` is still at it.
    """
    EngineTick.objects.bulk_create([EngineTick(pk=THE_ROW)], ignore_conflicts=True)
    missed = _row().filter(Q(at=None) | Q(at__lt=ago(RED_AFTER)))
    if missed.filter(stand_in=me).update(stand_in_at=database_now()):
        return True
    return _take_over(missed, me)


@transaction.atomic
def _take_over(missed: QuerySet[EngineTick], me: str) -> bool:
    free = missed.filter(Q(stand_in="") | Q(stand_in_at__lt=ago(STAND_IN_LASTS)))
    if not free.update(stand_in=me, stand_in_since=database_now(), stand_in_at=database_now()):
        return False
    audit("engine.stand_in", by=None, target=me)
    nudge("console", "watchdog")
    return True


@transaction.atomic
def give_back() -> str:
    """Once the engine does its own rounds again: let nobody stand in. Returns who did; empty where nobody did."""
    stood_in = _row().exclude(stand_in="").filter(at__gte=ago(AMBER_AFTER))
    name = stood_in.values_list("stand_in", flat=True).first()
    if not name or not stood_in.filter(stand_in=name).update(stand_in="", stand_in_since=None, stand_in_at=None):
        return ""
    audit("engine.back", by=None, target=name)
    nudge("console", "watchdog")
    return name


@contextmanager
def standing_in() -> Iterator[None]:
    """What is done in this thread meanwhile counts as no sign of life of the engine's own processes."""
    _here.stands_in = True
    try:
        yield
    finally:
        _here.stands_in = False


def me() -> str:
    """This process, as people find it: process 4711 on console-1."""
    return f"{os.getpid()}@{socket.gethostname()}"[:300]


def _row() -> QuerySet[EngineTick]:
    return EngineTick.objects.filter(pk=THE_ROW)
