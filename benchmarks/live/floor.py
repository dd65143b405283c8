"""The least that a stream can cost: ASGI without Django, people or database, and events straight from Redis.

It loses events and lets everybody in. No product could be this; it shows how far ours is from it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any

import redis.asyncio

queues: set[asyncio.Queue[bytes]] = set()
listening: list[asyncio.Task[None]] = []


async def listen() -> None:
    client = redis.asyncio.Redis.from_url(os.environ["REDIS_URL"])
    async with client, client.pubsub() as pubsub:
        await pubsub.psubscribe("live:*")
        seq = 0
        async for message in pubsub.listen():
            if message["type"] == "pmessage":
                seq += 1
                wire = b"id: %d\ndata: %s\n\n" % (seq, message["data"])
                for queue in queues:
                    queue.put_nowait(wire)


async def application(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    if not listening:
        listening.append(asyncio.create_task(listen()))
    if not scope["path"].startswith("/live/"):
        await send({"type": "http.response.start", "status": 404, "headers": []})
        return await send({"type": "http.response.body", "body": b""})
    queue: asyncio.Queue[bytes] = asyncio.Queue()
    queues.add(queue)
    gone = asyncio.create_task(_gone(receive))
    try:
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"id: 0\ndata: connected\n\n", "more_body": True})
        while not gone.done():
            await send({"type": "http.response.body", "body": await queue.get(), "more_body": True})
    finally:
        gone.cancel()
        queues.discard(queue)


async def _gone(receive: Callable[[], Awaitable[dict[str, Any]]]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
