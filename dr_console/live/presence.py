"""Who is looking at a topic's pages now. Kept in Redis alone, where it ends by itself: nothing depends on it.

A stream that opens brings its person, one that closes takes them away after a moment, so that a page that is loaded
anew does not flicker. A line that breaks without a word closes nothing: the page also gives signs of life, and whoever
gives none is gone. Each process names those that it serves, so that a person's second tab is not lost with the first.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TypeVar, cast

import redis
import structlog
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from dr_console.live.publish import CHANNEL, HERE

log = structlog.get_logger(__name__)

# Without a sign of life for so long, somebody is gone. Pages give one every eight seconds.
HERE_SECONDS = 18
# So long somebody may be between two pages of the same topic.
GRACE_SECONDS = 2
FORGET_SECONDS = 3600
WAIT_SECONDS = 0.3
LEFT_ALONE_SECONDS = 5.0

T = TypeVar("T")


def arrive(topic: str, person: int, *, process: str) -> None:
    """A page of the person has opened a stream in `process`."""
    _room().ask(lambda client: _arrive(client, topic, [_member(person, process)], only_new=False))
    _room().ask(lambda client: client.publish(f"{CHANNEL}{topic}", HERE))


def stay(topic: str, persons: Iterable[int], *, process: str) -> None:
    """These have a stream open there. Only says again what Redis may have forgotten: it is no sign of life."""
    members = [_member(person, process) for person in persons]
    if members:
        _room().ask(lambda client: _arrive(client, topic, members, only_new=True))


def leave(topic: str, person: int, *, process: str) -> None:
    """Their last page on it has closed its stream in `process`. Pages are to be told GRACE_SECONDS later."""
    until = GRACE_SECONDS
    _room().ask(lambda client: _set(client, topic, {_member(person, process): until}, only_present=True))


def tell(topic: str) -> None:
    """Let the pages look who is there."""
    _room().ask(lambda client: client.publish(f"{CHANNEL}{topic}", HERE))


def sign_of_life(topic: str, person: int) -> None:
    """A page of theirs is looking. Of somebody who has no stream open, it says nothing."""

    def renew(client: redis.Redis) -> None:
        mine = [one for one in _members(client, topic) if _person(one) == person]
        if mine:
            _set(client, topic, dict.fromkeys(mine, HERE_SECONDS), only_present=True)

    _room().ask(renew)


def here(topic: str) -> list[int] | None:
    """Ids of the persons who are there, each once; None while Redis does not answer, so that nobody can say."""
    return _room().ask(lambda client: _present(client, topic))


def _arrive(client: redis.Redis, topic: str, members: list[str], *, only_new: bool) -> None:
    _set(client, topic, dict.fromkeys(members, HERE_SECONDS), only_new=only_new)
    client.expire(_key(topic), FORGET_SECONDS)


def _set(
    client: redis.Redis, topic: str, seconds: dict[str, int], *, only_new: bool = False, only_present: bool = False
) -> None:
    """How long from now on each is taken to be there, by the clock of Redis, which is the same for all machines."""
    at = _now(client)
    until = {member: at + length for member, length in seconds.items()}
    client.zadd(_key(topic), until, nx=only_new, xx=only_present)


def _present(client: redis.Redis, topic: str) -> list[int]:
    found = cast("list[bytes]", client.zrangebyscore(_key(topic), _now(client), "+inf"))
    return list(dict.fromkeys(_person(one.decode()) for one in found))


def _members(client: redis.Redis, topic: str) -> list[str]:
    return [one.decode() for one in cast("list[bytes]", client.zrange(_key(topic), 0, -1))]


def _now(client: redis.Redis) -> float:
    seconds, micros = client.time()
    return seconds + micros / 1_000_000


def _key(topic: str) -> str:
    return f"here:{topic}"


def _member(person: int, process: str) -> str:
    return f"{person}@{process}"


def _person(member: str) -> int:
    return int(member.partition("@")[0])


class Room:
    """Redis, asked for as long as it answers. Where it does not, it is left alone for a while: pages do not wait."""

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(
            url, socket_timeout=WAIT_SECONDS, socket_connect_timeout=WAIT_SECONDS, retry=Retry(NoBackoff(), 0)
        )
        self._left_alone_until = 0.0
        self._is_broken = False

    def ask(self, question: Callable[[redis.Redis], T]) -> T | None:
        """None where it did not answer."""
        if time.monotonic() < self._left_alone_until:
            return None
        try:
            answer = question(self._redis)
        except (redis.RedisError, OSError) as error:
            if not self._is_broken:
                log.warning("Redis does not answer: nobody can say who is on a page", error=str(error))
            self._is_broken = True
            self._left_alone_until = time.monotonic() + LEFT_ALONE_SECONDS
            return None
        self._is_broken = False
        return answer


def _room() -> Room:
    return _room_of(settings.REDIS_URL, os.getpid())


@lru_cache(maxsize=4)
def _room_of(url: str, process: int) -> Room:
    """One for each process: no connection survives a fork."""
    return Room(url)
