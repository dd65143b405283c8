"""The threads that send. Each channel has its own: one that hangs holds up no other.

Whoever is free takes what matters most among all that is due at that moment: nothing waits in a line that it could not
overtake.
"""

from __future__ import annotations

import random
import threading
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError, connection

from dr_console.notifications import claims, delivery
from dr_console.notifications.channels import ONE_LIMIT
from dr_console.notifications.models import Delivery
from dr_console.operations.clock import shared_now

log = structlog.get_logger(__name__)

# Side by side by one channel, in one process. Each has a connection to the database for as long as it has work.
AT_ONCE = 6
# Ids are read for all threads of a channel together.
READ_AT_ONCE = 60
# For longer no message waits together with others: such limits are counted by the minute.
LONGEST_WAIT = timedelta(seconds=60)


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


class Lane:
    """The threads that send by one channel. They end, and let go of the database, when nothing is due any more."""

    def __init__(self, channel: str) -> None:
        self._channel = channel
        self._lock = threading.Lock()
        self._next: list[int] = []
        self._at_work = 0
        self._waits_until: datetime | None = None
        self._is_stopped = False

    def wake(self, due: int) -> None:
        """So many messages are due, and one of them may matter more than those that have been read."""
        with self._lock:
            self._next = []
            if self._has_to_wait():
                return
            missing = max(0, min(due, AT_ONCE) - self._at_work)
            self._at_work += missing
        for _number in range(missing):
            threading.Thread(target=self._work, name=f"notifications {self._channel}", daemon=True).start()

    def stop(self) -> None:
        """What is being sent is sent to its end."""
        self._is_stopped = True

    def _work(self) -> None:
        has_left = False
        try:
            while not has_left:
                id = self._take()
                has_left = id is None
                if id is not None and delivery.send(id) == Delivery.State.QUEUED:
                    self._may_have_to_wait(id)
        except DatabaseError as error:
            log.warning("messages are sent later: the database does not answer", error=str(error).strip())
        finally:
            connection.close()
            if not has_left:
                with self._lock:
                    self._at_work -= 1

    def _may_have_to_wait(self, id: int) -> None:
        """What every other message would hear as well is not asked a thousand times.

        But each is asked where it takes long: only then does it go on by its person's next channel.
        """
        if self._channel in ONE_LIMIT:
            until = claims.told_to_wait_until(id)
            self._waits_until = until if until is None or until <= shared_now() + LONGEST_WAIT else None

    def _has_to_wait(self) -> bool:
        return self._waits_until is not None and self._waits_until > shared_now()

    def _take(self) -> int | None:
        """None where nothing is due: the thread has left then. In one breath, so that nobody counts on it still."""
        with self._lock:
            if self._has_to_wait():
                self._next = []
            elif not self._next and not self._is_stopped:
                # Other processes read the same: in an order of each one's own, they seldom reach for the same message.
                first = claims.first_of(self._channel, most=READ_AT_ONCE)
                self._next = [id for id, _priority in sorted(first, key=lambda one: (one[1], random.random()))]
            if self._next and not self._is_stopped:
                return self._next.pop(0)
            self._at_work -= 1
            return None
