"""Looks every two seconds, and whenever somebody rings, for messages that are due, and has them sent.

Each channel has threads of its own: one that hangs holds up no other. Whoever is free takes what matters most among
all that is due at that moment, so nothing waits in a line that it could not overtake.
"""

from __future__ import annotations

import os
import threading
import weakref
from functools import lru_cache

import structlog
from django.db import DatabaseError, connection

from dr_console.notifications import claims, delivery, edits
from dr_console.operations.clock import shared_now

log = structlog.get_logger(__name__)

EVERY_SECONDS = 2.0
# Side by side by one channel, in one process. Each has a connection to the database for as long as it has work.
AT_ONCE = 6


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
    waiting = claims.due_by_channel(shared_now())
    for channel in waiting:
        while delivery.send_next(channel):
            pass
    edits.carry_out_due()
    return sum(waiting.values())


class Lanes:
    """The threads that send, by channel."""

    def __init__(self) -> None:
        self._lanes: dict[str, Lane] = {}

    def wake(self) -> int:
        """Look what is due, and see to it that there are threads at it. Returns how many messages are."""
        waiting = claims.due_by_channel(shared_now())
        for channel, number in waiting.items():
            self._lanes.setdefault(channel, Lane(channel)).wake(number)
        return sum(waiting.values())

    def stop(self) -> None:
        for lane in self._lanes.values():
            lane.stop()


@lru_cache(maxsize=4)
def _lanes(process: int) -> Lanes:
    """One for each process: threads do not survive a fork."""
    return Lanes()


class Lane:
    """The threads that send by one channel. They end, and let go of the database, when nothing is due any more."""

    def __init__(self, channel: str) -> None:
        self._channel = channel
        self._lock = threading.Lock()
        self._at_work = 0
        self._calls = 0
        self._is_stopped = False

    def wake(self, due: int) -> None:
        with self._lock:
            self._calls += 1
            missing = min(due, AT_ONCE) - self._at_work
            self._at_work += max(0, missing)
        for _number in range(missing):
            threading.Thread(target=self._work, name=f"notifications {self._channel}", daemon=True).start()

    def stop(self) -> None:
        """What is being sent is sent to its end."""
        self._is_stopped = True

    def _work(self) -> None:
        is_done = False
        try:
            while not is_done:
                calls = self._calls
                is_done = (self._is_stopped or not self._send_next()) and self._has_ended(calls)
        finally:
            connection.close()
            if not is_done:  # broken off
                self._has_ended(self._calls)

    def _send_next(self) -> bool:
        try:
            return delivery.send_next(self._channel)
        except DatabaseError as error:
            log.warning("messages are sent later: the database does not answer", error=str(error).strip())
            return False

    def _has_ended(self, calls: int) -> bool:
        """Whether this thread may end. Not where it was called again while it looked for the last time."""
        with self._lock:
            if calls != self._calls and not self._is_stopped:
                return False
            self._at_work -= 1
            return True
