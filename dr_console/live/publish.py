"""Say that something changed, in the transaction that changed it."""

from __future__ import annotations

import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import redis
import structlog
from django.conf import settings
from django.db import connection, transaction
from redis.backoff import NoBackoff
from redis.retry import Retry

from dr_console.live import topics
from dr_console.live.models import Event, Topic

log = structlog.get_logger(__name__)

CHANNEL = "live:"
CONNECTED = "connected"
# Told by presence.py alone, to those who are there: no event, and without a number.
HERE = "here"
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,49}")

WAIT_SECONDS = 0.8
LEFT_ALONE_SECONDS = (1.0, 8.0)


def nudge(topic: str, name: str) -> None:
    """Tell everyone who watches `topic` that the thing called `name` changed.

    Services call this last in their transaction: the topic's row is locked from here to the commit, which is what
    keeps its numbers in order. Whoever nudges several topics in one transaction does it in the order of their names,
    and takes its turn at the first of them (`hold`) before it changes what others change while they hold it.
    """
    if not topics.NAME.fullmatch(topic):
        raise ValueError(f"{topic!r} is no name of a topic.")
    if not NAME.fullmatch(name) or name in (CONNECTED, HERE):
        raise ValueError(f"{name!r} is no name of a change.")
    with transaction.atomic(savepoint=False):
        id, seq = _take_number(topic)
        Event.objects.create(topic_id=id, seq=seq, name=name)
        transaction.on_commit(lambda: _wake(topic, name), robust=True)  # a partial has no name to log


def hold(topic: str) -> None:
    """Wait for whoever has told of `topic` and has not committed; then others wait for the end of this transaction.

    Nothing is told by it. On PostgreSQL two who take the same rows in another order would wait for each other.
    """
    mine = Topic.objects.select_for_update(no_key=True).filter(name=topic)
    if mine.first() is None:
        Topic.objects.bulk_create([Topic(name=topic)], ignore_conflicts=True)
        mine.first()


def _take_number(topic: str) -> tuple[int, int]:
    """The topic's id, and its next number."""
    taken = _raised(topic)
    if taken is None:
        # Two may create it at once: the second waits for the first, and leaves its row alone.
        Topic.objects.bulk_create([Topic(name=topic)], ignore_conflicts=True)
        taken = _raised(topic)
    assert taken is not None
    return taken


def _raised(topic: str) -> tuple[int, int] | None:
    """In one statement, which Django has no words for: this is done several times for each message that is sent."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE live_topic SET seq = seq + 1 WHERE name = %s RETURNING id, seq", [topic])
        row: tuple[int, int] | None = cursor.fetchone()
    return row


def _wake(topic: str, name: str) -> None:
    _bell(settings.REDIS_URL, os.getpid()).ring(topic, name)


class Bell:
    """Wakes the web processes through Redis. Where it fails, their sweep finds the event a second later anyway."""

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(
            url, socket_timeout=0.5, socket_connect_timeout=0.5, retry=Retry(NoBackoff(), 0)
        )
        # A thread, because looking up the host's name knows no time-out, and names fail first when things go dark.
        self._ringer = ThreadPoolExecutor(1, thread_name_prefix="live-bell")
        self._left_alone_until = 0.0
        self._pause = 0.0

    def ring(self, topic: str, name: str) -> None:
        if time.monotonic() < self._left_alone_until:
            return
        try:
            self._ringer.submit(self._redis.publish, f"{CHANNEL}{topic}", name).result(timeout=WAIT_SECONDS)
        except (redis.RedisError, OSError, TimeoutError) as error:
            if not self._pause:
                log.warning("Redis does not answer: open pages hear of changes up to a second late", error=str(error))
            least, most = LEFT_ALONE_SECONDS
            self._pause = min(most, max(least, 2 * self._pause))
            self._left_alone_until = time.monotonic() + self._pause
            return
        except RuntimeError:  # Python is ending, and takes no more threads: the sweep of the pages finds the event
            return
        if self._pause:
            log.info("Redis answers again: open pages hear of changes at once")
        self._pause = 0.0


@lru_cache(maxsize=4)
def _bell(url: str, process: int) -> Bell:
    """One for each process: neither thread nor connection survives a fork."""
    return Bell(url)
