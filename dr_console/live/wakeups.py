"""Hear from Redis that something happened on a topic. It may stay silent: nobody relies on it but for speed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple

import redis.asyncio
import structlog
from django.conf import settings
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from dr_console.live.publish import CHANNEL

log = structlog.get_logger(__name__)

CONNECT_SECONDS = 1.0
QUIET_SECONDS = 15.0
PAUSES = (0.1, 5.0)


class Wakeup(NamedTuple):
    topic: str
    name: str


async def wakeups() -> AsyncIterator[Wakeup | None]:
    """Topics on which something happened, and what, for ever.

    None when a subscription begins, and when none can be had for now: either way, what happened before is unknown.
    """
    least, most = PAUSES
    pause, is_broken = least, False
    while True:
        try:
            async for wakeup in _subscription():
                pause = least
                if is_broken:
                    log.info("Live streams hear from Redis again")
                is_broken = False
                yield wakeup
        except (redis.RedisError, OSError) as error:
            if not is_broken:
                log.warning("Live streams do not hear from Redis, and look by themselves", error=str(error))
            is_broken = True
        yield None
        await asyncio.sleep(pause)
        pause = min(pause * 2, most)


async def _subscription() -> AsyncIterator[Wakeup | None]:
    """None once the subscription is confirmed, then what happens. Raises redis.RedisError or OSError when it ends."""
    client = redis.asyncio.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=CONNECT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    async with client, client.pubsub() as pubsub:
        await pubsub.psubscribe(f"{CHANNEL}*")
        is_asked = False
        while True:
            message = await pubsub.get_message(timeout=QUIET_SECONDS)
            if message is None:
                if is_asked:
                    raise redis.ConnectionError("Redis has stopped answering")
                await pubsub.ping()
            is_asked = message is None
            if message is not None and message["type"] == "psubscribe":
                yield None
            elif message is not None and message["type"] == "pmessage":
                yield Wakeup(message["channel"].decode().removeprefix(CHANNEL), message["data"].decode())
