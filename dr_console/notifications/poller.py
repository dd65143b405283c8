"""Looks every two seconds for messages that are due: retries, what no bell was rung for, what the dead left."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor

import structlog
from django.db import DatabaseError, connection
from django.utils.timezone import now

from dr_console.notifications import delivery

log = structlog.get_logger(__name__)

EVERY_SECONDS = 2.0
AT_ONCE = 4


class Poller(threading.Thread):
    """Any number of them may run, in any process: a message is sent by whoever claims it first."""

    def __init__(self, *, every: float = EVERY_SECONDS) -> None:
        super().__init__(name="notifications poller", daemon=True)
        self._every = every
        self._stopped = threading.Event()
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="notifications")
        self._at_work: dict[int, Future[None]] = {}

    def run(self) -> None:
        while not self._stopped.wait(self._every):
            self._look()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def stop(self) -> None:
        self._stopped.set()

    def _look(self) -> None:
        self._at_work = {id: future for id, future in self._at_work.items() if not future.done()}
        try:
            for id in delivery.due(now()):
                if id not in self._at_work:
                    self._at_work[id] = self._pool.submit(_send, id)
        except DatabaseError as error:
            log.warning("cannot look for messages that are due", error=str(error).strip())
        finally:
            # Not kept: one that has broken would never mend.
            connection.close()


def _send(id: int) -> None:
    try:
        delivery.send(id)
    except DatabaseError as error:
        log.warning("a message is sent later: the database does not answer", id=id, error=str(error).strip())
    finally:
        connection.close()


def look_once(*, here: bool = False) -> int:
    """Have what is due sent by threads of this process, and return how many messages were due.

    For a process that takes over from workers that are gone; call it every second or two. It does not wait for what
    it has begun. `here`: send in this thread instead, one after another, and wait.
    """
    ids = delivery.due(now())
    for id in ids:
        delivery.send(id)
    return len(ids)
