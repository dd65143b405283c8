"""Wake a worker up for a message. Where it fails, whoever looks every two seconds finds the message anyway."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import structlog
from celery import current_app
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)

QUEUE = "notify"
TASK = "notifications.send"
LEFT_ALONE_SECONDS = 5.0
EXPIRES_SECONDS = 60


def ring(id: int) -> None:
    """Have a worker look for this message, and for all else that is due. Waits for nothing, and never raises."""
    _bell(os.getpid()).ring(id)


class _Bell:
    """Rings once for all that is asked for while it has not rung yet: whoever hears it looks for everything."""

    def __init__(self) -> None:
        # A thread, because the broker's own time-outs are longer than anybody may wait for a bell.
        self._ringer = ThreadPoolExecutor(1, thread_name_prefix="notify-bell")
        self._lock = threading.Lock()
        self._will_ring = False
        self._left_alone_until = 0.0

    def ring(self, id: int) -> None:
        with self._lock:
            if self._will_ring or time.monotonic() < self._left_alone_until:
                return
            self._will_ring = True
        try:
            self._ringer.submit(self._ring, id)
        except RuntimeError:  # Python is ending, and takes no more threads: whoever looks finds the message
            return

    def _ring(self, id: int) -> None:
        with self._lock:
            self._will_ring = False  # what is asked for from here on may come too late for this one
        try:
            _put(id)
        except (OperationalError, OSError) as error:
            log.warning("Redis does not answer: messages are sent up to two seconds later", error=str(error))
            self._left_alone_until = time.monotonic() + LEFT_ALONE_SECONDS


def _put(id: int) -> None:
    current_app.send_task(TASK, [id], queue=QUEUE, expires=EXPIRES_SECONDS, retry=False)


@lru_cache(maxsize=4)
def _bell(process: int) -> _Bell:
    """One for each process: a thread does not survive a fork."""
    return _Bell()
