"""Messages of Cloudflare Queues over HTTP: pushed, pulled, acknowledged, tried again.

https://developers.cloudflare.com/queues/configuration/pull-consumers/
Errors: https://developers.cloudflare.com/queues/reference/error-codes/
"""

from __future__ import annotations

import base64
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dr_console.sandbox.cloudflare.envelope import Refusal, ok, sent, wanted
from dr_console.sandbox.queues import Message, Queue
from dr_console.sandbox.world import World

MOST_BATCH = 100
MOST_BYTES = 128_000
TWELVE_HOURS_MS = 12 * 3_600_000


class MessagesApi:
    """What a producer and a puller use."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        messages = "/accounts/{account_id}/queues/{queue_id}/messages"
        posts = {
            "": self.push,
            "/batch": self.push_all,
            "/pull": self.pull,
            "/ack": self.ack,
            "/peek": self.peek,
            "/purge": self.purge,
        }
        return [Route(messages + path, handler, methods=["POST"]) for path, handler in posts.items()]

    def queue(self, request: Request) -> Queue:
        queue = self._world.queues.by_id.get(request.path_params["queue_id"])
        if queue is None:
            raise Refusal(404, 10104, "Queue does not exist")
        return queue

    async def push(self, request: Request) -> Response:
        queue, body = self.queue(request), await sent(request)
        self._push(queue, body, None)
        return self._pushed(queue)

    async def push_all(self, request: Request) -> Response:
        queue, body = self.queue(request), await sent(request)
        messages = body.get("messages")
        if not isinstance(messages, list) or not 0 < len(messages) <= MOST_BATCH:
            raise Refusal(400, 10206, "Batch count out of bounds")
        for message in messages:
            self._push(queue, message, wanted(body, "delay_seconds", int, None))
        return self._pushed(queue)

    def _pushed(self, queue: Queue) -> Response:
        return ok({"metadata": {"metrics": self._world.queues.backlog(queue)}})

    def _push(self, queue: Queue, message: Any, delay: int | None) -> None:
        if not isinstance(message, dict) or "body" not in message:
            raise Refusal(400, 10207, "API Gateway request JSON body does not match expected schema")
        kind = message.get("content_type", "json")
        if kind not in ("json", "text"):
            raise Refusal(400, 10203, "Invalid message metadata")
        body = str(message["body"]) if kind == "text" else json.dumps(message["body"], separators=(",", ":"))
        if len(body.encode()) > MOST_BYTES:
            raise Refusal(413, 10204, "Message size out of bounds")
        delay = wanted(message, "delay_seconds", int, delay)
        if self._world.queues.push(queue, body, kind, delay=delay) is None:
            raise Refusal(429, 10251, "Queue storage limit exceeded")

    async def pull(self, request: Request) -> Response:
        queue, body = self.queue(request), await sent(request)
        consumer = queue.pull_consumer()
        if consumer is None:
            raise Refusal(400, 0, "messages cannot be pulled unless http_pull mode is enabled")
        most = _whole(body, "batch_size", 5, 1, MOST_BATCH)
        usual = int(consumer.settings.get("visibility_timeout_ms") or 30_000)
        # The prose of the documentation says visibility_timeout, its specification visibility_timeout_ms.
        name = "visibility_timeout" if "visibility_timeout" in body else "visibility_timeout_ms"
        lease = _whole(body, name, usual, 0, TWELVE_HOURS_MS)
        messages = self._world.queues.pull(queue, most=most, lease_seconds=lease / 1000)
        metrics = self._world.queues.backlog(queue)
        result = {
            "messages": [{**_shown(message), "lease_id": message.lease_id} for message in messages],
            "message_backlog_count": metrics["backlog_count"],
            "metadata": {"metrics": metrics},
        }
        return ok(result)

    async def ack(self, request: Request) -> Response:
        queue, body = self.queue(request), await sent(request)
        acks, retries = _leases(body, "acks"), _leases(body, "retries")
        warnings: dict[str, str] = {}
        queues = self._world.queues
        there = set(queue.messages)
        acked = sum(_did(warnings, ack, queues.acknowledge(queue, ack["lease_id"])) for ack in acks)
        retried = sum(
            _did(warnings, retry, queues.retry(queue, retry["lease_id"], wanted(retry, "delay_seconds", int, None)))
            for retry in retries
        )
        if gone := sorted(there - set(queue.messages)):
            self._world.truth.effect("cloudflare", "queue.ack", queue.name, messages=len(gone), first=gone[0])
        return ok({"ackCount": acked, "retryCount": retried, "warnings": warnings})

    async def peek(self, request: Request) -> Response:
        queue, body = self.queue(request), await sent(request)
        messages = self._world.queues.waiting(queue, _whole(body, "batch_size", 5, 1, MOST_BATCH))
        return ok({"messages": [{**_shown(message), "ref": message.id} for message in messages]})

    async def purge(self, request: Request) -> Response:
        """Delete messages that were peeked at, by `ref`."""
        queue, body = self.queue(request), await sent(request)
        refs = [
            str(ref.get("ref", "")) if isinstance(ref, dict) else str(ref) for ref in wanted(body, "refs", list, [])
        ]
        unknown = {ref: "unknown ref" for ref in refs if queue.messages.pop(ref, None) is None}
        self._world.truth.effect("cloudflare", "queue.purge", queue.name, messages=len(refs) - len(unknown))
        return ok({"warnings": unknown})


def _shown(message: Message) -> dict[str, Any]:
    plain = message.content_type == "text"
    return {
        "id": message.id,
        "body": message.body if plain else base64.b64encode(message.body.encode()).decode(),
        "timestamp_ms": int(message.at * 1000),
        "attempts": message.attempts,
        "metadata": {"CF-Content-Type": message.content_type, "CF-sourceMessageSource": "r2"},
    }


def _whole(body: dict[str, Any], name: str, usual: int, least: int, most: int) -> int:
    value = body.get(name, usual)
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise Refusal(400, 10207, f"{name} must be between {least} and {most}", pointer=f"/{name}")
    return int(value)


def _leases(body: dict[str, Any], name: str) -> list[dict[str, Any]]:
    items = body.get(name) or []
    if not isinstance(items, list) or not all(
        isinstance(item, dict) and isinstance(item.get("lease_id"), str) for item in items
    ):
        raise Refusal(400, 10207, "API Gateway request JSON body does not match expected schema", pointer=f"/{name}")
    return items


def _did(warnings: dict[str, str], item: dict[str, Any], done: bool) -> bool:
    if not done:
        warnings[item["lease_id"]] = "lease id is invalid or no longer held"
    return done
