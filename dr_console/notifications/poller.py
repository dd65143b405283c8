"""Looks every two seconds, and whenever somebody rings, for messages that are due, and has them sent."""

from __future__ import annotations

import os
import threading
import weakref
from functools import lru_cache

import structlog
from django.db import DatabaseError, connection

from dr_console.notifications import claims, delivery, edits
from dr_console.notifications.lanes import Lanes
from dr_console.operations.clock import shared_now

log = structlog.get_logger(__name__)

EVERY_SECONDS = 2.0
MOST_HERE = 100


class Poller(threading.Thread):
    """Any number of them may run, in any process: a message is sent by whoever claims it first."""

    def __init__(self, *, every: float = EVERY_SECONDS) -> None:
        super().__init__(name="notifications poller", daemon=True)
        self._every = every
        self._is_stopped = False
        self._rung = threading.Event()
        self._lanes = Lanes()

    def run(self) -> None:
        _running.add(self)
        while not self._is_stopped:
            self._rung.wait(self._every)
            self._rung.clear()
            if not self._is_stopped:
                self._look()
        _running.discard(self)

    def ring(self) -> None:
        """Have it look now."""
        self._rung.set()

    def stop(self) -> None:
        self._is_stopped = True
        self._lanes.stop()
        self._rung.set()

    def _look(self) -> None:
        try:
            self._lanes.wake()
            edits.look()
        except DatabaseError as error:
            log.warning("cannot look for messages that are due", error=str(error).strip())
        finally:
            # Not kept: one that has broken would never mend.
            connection.close()


_running: weakref.WeakSet[Poller] = weakref.WeakSet()


def ring() -> bool:
    """Have the pollers of this process look now. False where it has none."""
    pollers = list(_running)
    for poller in pollers:
        poller.ring()
    return bool(pollers)


def look_once(*, here: bool = False) -> int:
    """Have what is due sent by threads of this process, and return how many messages were due.

    For a process that takes over from workers that are gone; call it every second or two. It does not wait for what
    it has begun. `here`: send in this thread instead, one after another, and wait. Raises DatabaseError.
    """
    if not here:
        edits.look()
        return _lanes(os.getpid()).wake()
    waiting = claims.due(shared_now(), most=MOST_HERE)
    for id in waiting:
        delivery.send(id)
    edits.carry_out_due()
    return len(waiting)


@lru_cache(maxsize=4)
def _lanes(process: int) -> Lanes:
    """One for each process: threads do not survive a fork."""
    return Lanes()
