"""Send the signs of life: claim the minute, audit, ask the switch, write down what became of it."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.utils.timezone import now

from dr_console.errors import ProviderError
from dr_console.operations.deadman import EVERY, THE_ROW, overdue
from dr_console.operations.models import HeartbeatOut
from dr_console.providers.deadlines import Deadline
from dr_console.providers.deadman import send_sign_of_life

LOOKS_EVERY_SECONDS = 5.0
CALL_SECONDS = 10.0

log = structlog.get_logger(__name__)


def look() -> bool:
    """Send a sign of life if it is time for one and nothing is overdue. Returns whether one was taken.

    Any number of processes may ask: one of them has the minute.
    """
    if not settings.DR_DEADMAN_URL or not _claim(now()):
        return False
    found = overdue()
    if found:
        log.error("no sign of life is sent: something is overdue", overdue=[said["text"] for said in found])
        return _write(withheld=found, error=None)
    try:
        send_sign_of_life(settings.DR_DEADMAN_URL, deadline=Deadline.after(CALL_SECONDS))
    except ProviderError as error:
        log.error("the dead man’s switch did not take the sign of life", error=str(error))
        return _write(withheld=[], error=error.facts())
    return _write(withheld=[], error=None, sent_at=now())


def _claim(at: datetime) -> bool:
    last = HeartbeatOut.objects.filter(pk=THE_ROW).values_list("looked_at", flat=True).first()
    if last is None:
        fresh = HeartbeatOut(pk=THE_ROW, looked_at=at - 2 * EVERY)
        HeartbeatOut.objects.bulk_create([fresh], ignore_conflicts=True)
        last = fresh.looked_at
    # A minute that lies ahead was claimed by a clock that has been set back since.
    if timedelta() <= at - last < EVERY:
        return False
    return bool(HeartbeatOut.objects.filter(pk=THE_ROW, looked_at=last).update(looked_at=at))


def _write(**found: object) -> bool:
    HeartbeatOut.objects.filter(pk=THE_ROW).update(**found)
    return "sent_at" in found


class SignsOfLife(threading.Thread):
    """Looks until it is stopped. A thread of its own: a switch that hangs must not hold up anything else."""

    def __init__(self, *, every: float = LOOKS_EVERY_SECONDS) -> None:
        super().__init__(name="signs of life", daemon=True)
        self.every = every
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(self.every):
            try:
                look()
            except DatabaseError as error:
                log.error("no sign of life is sent: the database does not answer", error=str(error).strip())
            finally:
                connection.close()

    def stop(self) -> None:
        self._stopped.set()
