"""Wake a worker up for a message. Where it fails, whoever looks every two seconds finds the message anyway."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import structlog
from celery import current_app
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)

QUEUE = "notify"
TASK = "notifications.send"
WAIT_SECONDS = 1.0
LEFT_ALONE_SECONDS = 5.0
EXPIRES_SECONDS = 60


def ring(id: int) -> None:
    """Put one message on the queue. Takes a second at most, and never raises for want of Redis."""
    _bell(os.getpid()).ring(id)


class _Bell:
    def __init__(self) -> None:
        # A thread, because the broker's own time-outs are longer than anybody may wait for a bell.
        self._ringer = ThreadPoolExecutor(1, thread_name_prefix="notify-bell")
        self._left_alone_until = 0.0

    def ring(self, id: int) -> None:
        if time.monotonic() < self._left_alone_until:
            return
        try:
            self._ringer.submit(_put, id).result(timeout=WAIT_SECONDS)
        except (OperationalError, OSError, TimeoutError) as error:
            log.warning("Redis does not answer: messages are sent up to two seconds later", error=str(error))
            self._left_alone_until = time.monotonic() + LEFT_ALONE_SECONDS


def _put(id: int) -> None:
    current_app.send_task(TASK, [id], queue=QUEUE, expires=EXPIRES_SECONDS, retry=False)


@lru_cache(maxsize=4)
def _bell(process: int) -> _Bell:
    """One for each process: a thread does not survive a fork."""
    return _Bell()
