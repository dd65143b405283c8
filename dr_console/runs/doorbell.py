"""Wake the workers. Best effort: a ring that is lost is made up for by the sweeper, and one too many does no harm."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

CARRY_OUT = "runs.carry_out"
RELAY = "runs.relay"
QUEUE = "failover"
WAIT_SECONDS = 1.0
LEFT_ALONE_SECONDS = 2.0

log = structlog.get_logger(__name__)


def ring(step_ids: Iterable[int]) -> bool:
    """Have a worker look at each of these steps; False if Redis did not take it. Takes a second at most."""
    return all([_bell(os.getpid()).send(CARRY_OUT, step_id) for step_id in step_ids])


def ring_for_outbox() -> bool:
    """Have a worker hand over what stands in the outbox."""
    return _bell(os.getpid()).send(RELAY)


def is_heard() -> bool:
    """Whether Redis took the last ring, as far as this process knows."""
    return not _bell(os.getpid()).is_left_alone


class Owed:
    """A ring for the outbox that can wait a moment; a sweeper makes up for one that never comes."""

    def __init__(self) -> None:
        self.is_owed = False

    def ring(self) -> None:
        if self.is_owed:
            self.is_owed = False
            transaction.on_commit(ring_for_outbox, robust=True)


class Bell:
    """Publishes through a thread, because names and connections that hang know no time-out that we could set."""

    def __init__(self) -> None:
        self._ringer = ThreadPoolExecutor(1, thread_name_prefix="doorbell")
        self._left_alone_until = 0.0

    @property
    def is_left_alone(self) -> bool:
        return time.monotonic() < self._left_alone_until

    def send(self, task: str, *arguments: Any) -> bool:
        if current_app.conf.task_always_eager:
            current_app.tasks[task].apply(arguments)
            return True
        if self.is_left_alone:
            return False
        try:
            self._ringer.submit(_publish, task, arguments).result(timeout=WAIT_SECONDS)
        except (OperationalError, OSError, TimeoutError) as error:
            log.warning("Redis does not answer: the sweeper carries runs on", error=str(error))
            self._left_alone_until = time.monotonic() + LEFT_ALONE_SECONDS
            return False
        except RuntimeError:  # Python is ending, and takes no more threads: the next one's sweeper rings again
            return False
        return True


def _publish(task: str, arguments: tuple[Any, ...]) -> None:
    # A ring that nobody took within the minute is void: the sweeper has rung again, or done it.
    current_app.send_task(task, args=arguments, queue=QUEUE, expires=60, retry=False, ignore_result=True)


@lru_cache(maxsize=2)
def _bell(process: int) -> Bell:
    """One for each process: no thread survives a fork."""
    return Bell()
