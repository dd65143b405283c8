"""Does Redis answer?"""

from __future__ import annotations

import redis
from django.conf import settings


def ping(*, timeout: float = 1.0) -> bool:
    """True when Redis answers within `timeout` seconds. A connection of its own, so that no other's trouble counts."""
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=timeout, socket_connect_timeout=timeout) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
