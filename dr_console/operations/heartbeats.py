"""Say that a process is alive, and notice which has gone quiet."""

from __future__ import annotations

import os
import socket
import threading
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError, connection
from django.db.models import Max
from django.utils.timezone import now

from dr_console.operations.models import Heartbeat

EVERY_SECONDS = 10
QUIET_AFTER = timedelta(seconds=60)
FORGET_AFTER = timedelta(days=1)

log = structlog.get_logger(__name__)


def beat(process: str, *, kind: Heartbeat.Kind) -> None:
    """Write that `process` on this host is alive: one UPDATE, an INSERT the first time."""
    host = socket.gethostname()
    alive = {"pid": os.getpid(), "at": now()}
    if not Heartbeat.objects.filter(kind=kind, process=process, host=host).update(**alive):
        Heartbeat.objects.update_or_create(kind=kind, process=process, host=host, defaults=alive)


def last_heard() -> dict[str, datetime]:
    """When each kind of process was last heard of, on whatever host."""
    return dict(Heartbeat.objects.values_list("kind").annotate(at=Max("at")))


def last_heard_by_queue() -> dict[str, datetime]:
    """When a worker last answered, for each queue that ever had an answer."""
    rows = Heartbeat.objects.filter(kind=Heartbeat.Kind.QUEUE)
    return dict(rows.values_list("process").annotate(at=Max("at")))


def forget_the_gone() -> int:
    """Delete the rows of processes that have not been heard of for a day."""
    return Heartbeat.objects.filter(at__lt=now() - FORGET_AFTER).delete()[0]


class Pulse(threading.Thread):
    """Beats for one process until it is stopped. A thread of its own, so that busy work cannot delay it."""

    def __init__(self, process: str, *, kind: Heartbeat.Kind, every: float = EVERY_SECONDS) -> None:
        super().__init__(name=f"pulse of {process}", daemon=True)
        self.process, self.kind, self.every = process, kind, every
        self._stopped = threading.Event()

    def run(self) -> None:
        while True:
            self._beat()
            if self._stopped.wait(self.every):
                return

    def stop(self) -> None:
        self._stopped.set()

    def _beat(self) -> None:
        try:
            beat(self.process, kind=self.kind)
        except DatabaseError as error:
            log.warning("heartbeat not written", process=self.process, error=str(error).strip())
        finally:
            # Not kept: one that has broken would never mend, and a connection for a write in ten seconds is a waste.
            connection.close()
