"""What several threads would each write in a transaction of its own, in one: a commit is what writing costs most.

Whoever comes while another commits waits for its turn, and then writes for all who have come meanwhile.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar, cast

import structlog
from django.db import DatabaseError, connection, transaction

from dr_console.live.publish import hold
from dr_console.notifications.events import told_once

log = structlog.get_logger(__name__)

T = TypeVar("T")
CLAIMS, OUTCOMES = "claims", "outcomes"


def claim_together(change: Callable[[], T]) -> T:
    """Where many may write at once, rows are locked one by one, and two who hold several could wait crosswise."""
    if connection.vendor != "sqlite":
        with transaction.atomic():
            return change()
    return _writer(CLAIMS, os.getpid()).write(change)


def write_together(change: Callable[[], T]) -> T:
    """With the topic "console" held."""
    return _writer(OUTCOMES, os.getpid()).write(change)


class _Asked:
    def __init__(self, change: Callable[[], Any]) -> None:
        self.change = change
        self.result: Any = None
        self.is_written = False


class _Writer:
    def __init__(self, first: Callable[[], None]) -> None:
        self._first = first
        self._turn = threading.Lock()
        self._lock = threading.Lock()
        self._asked: list[_Asked] = []

    def write(self, change: Callable[[], T]) -> T:
        """What `change` returns, once it has been committed. Raises DatabaseError where it was not."""
        if connection.in_atomic_block:  # nobody may wait for us who holds what others wait for
            return self._alone(change)
        mine = _Asked(change)
        with self._lock:
            self._asked.append(mine)
        with self._turn:
            if not mine.is_written:
                self._write_all()
        return cast(T, mine.result) if mine.is_written else self._alone(change)

    def _write_all(self) -> None:
        with self._lock:
            asked, self._asked = self._asked, []
        if not asked:  # written with others in vain
            return
        try:
            with transaction.atomic(), told_once():
                self._first()
                results = [one.change() for one in asked]
        except DatabaseError as error:  # one of them, perhaps: each tries by itself
            log.warning("what several wrote together is written one by one", error=str(error).strip())
            return
        for one, result in zip(asked, results, strict=True):
            one.result, one.is_written = result, True

    def _alone(self, change: Callable[[], T]) -> T:
        with transaction.atomic():
            self._first()
            return change()


@lru_cache(maxsize=4)
def _writer(kind: str, process: int) -> _Writer:
    """One for each process: who waits for a lock does not survive a fork."""
    return _Writer((lambda: hold("console")) if kind == OUTCOMES else (lambda: None))
