"""Cloudflare Queues over HTTP: queues and their consumers.

https://developers.cloudflare.com/api/resources/queues/
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dr_console.sandbox.cloudflare.envelope import Refusal, moment, ok, paged, sent, wanted
from dr_console.sandbox.queues import Consumer, Queue
from dr_console.sandbox.world import World


class QueuesApi:
    """What an administrator uses. `producers`: what writes to the queue of this id."""

    def __init__(self, world: World, producers: Callable[[str], list[dict[str, Any]]]) -> None:
        self._world, self._producers = world, producers

    def routes(self) -> list[Route]:
        queues = "/accounts/{account_id}/queues"
        consumers = f"{queues}/{{queue_id}}/consumers"
        return [
            Route(queues, self.index, methods=["GET"]),
            Route(queues, self.create, methods=["POST"]),
            Route(f"{queues}/{{queue_id}}", self.get, methods=["GET"]),
            Route(f"{queues}/{{queue_id}}", self.change, methods=["PUT", "PATCH"]),
            Route(f"{queues}/{{queue_id}}", self.delete, methods=["DELETE"]),
            Route(f"{queues}/{{queue_id}}/metrics", self.metrics, methods=["GET"]),
            Route(f"{queues}/{{queue_id}}/purge", self.empty, methods=["POST"]),
            Route(f"{queues}/{{queue_id}}/purge", self.emptied, methods=["GET"]),
            Route(consumers, self.list_consumers, methods=["GET"]),
            Route(consumers, self.add_consumer, methods=["POST"]),
            Route(f"{consumers}/{{consumer_id}}", self.get_consumer, methods=["GET"]),
            Route(f"{consumers}/{{consumer_id}}", self.change_consumer, methods=["PUT"]),
            Route(f"{consumers}/{{consumer_id}}", self.remove_consumer, methods=["DELETE"]),
        ]

    def queue(self, request: Request) -> Queue:
        queue = self._world.queues.by_id.get(request.path_params["queue_id"])
        if queue is None:
            raise Refusal(404, 11000, "Queue not found")
        return queue

    async def index(self, request: Request) -> Response:
        name = request.query_params.get("name", "")
        found = [self._shown(queue) for queue in self._world.queues.by_id.values() if name in ("", queue.name)]
        return paged(request, found, usual=100, most=100)

    async def get(self, request: Request) -> Response:
        return ok(self._shown(self.queue(request)))

    async def create(self, request: Request) -> Response:
        body = await sent(request)
        name = body.get("queue_name")
        if not isinstance(name, str) or not 0 < len(name) <= 63:
            raise Refusal(400, 11003, "Invalid queue name", pointer="/queue_name")
        if self._world.queues.named(name):
            message = f"Queue name '{name}' is already taken. Please use a different name and try again."
            raise Refusal(409, 11009, message)
        queue = self._world.queues.create(name, settings=_settings(body))
        self._world.truth.effect("cloudflare", "queue.create", name)
        return ok(self._shown(queue))

    async def change(self, request: Request) -> Response:
        queue, body = self.queue(request), await sent(request)
        queue.name = wanted(body, "queue_name", str, "") or queue.name
        queue.settings |= _settings(body)
        queue.modified_at = self._world.clock.now()
        self._world.truth.effect("cloudflare", "queue.change", queue.name, settings=dict(queue.settings))
        return ok(self._shown(queue))

    async def delete(self, request: Request) -> Response:
        queue = self.queue(request)
        del self._world.queues.by_id[queue.id]
        self._world.truth.effect("cloudflare", "queue.delete", queue.name)
        return ok(None)

    async def metrics(self, request: Request) -> Response:
        return ok(self._world.queues.backlog(self.queue(request)))

    async def empty(self, request: Request) -> Response:
        queue, body = self.queue(request), await sent(request)
        if body.get("delete_messages_permanently") is not True:
            raise Refusal(400, 11021, "delete_messages_permanently must be true to confirm")
        queue.messages.clear()
        queue.purged_at = self._world.clock.now()
        self._world.truth.effect("cloudflare", "queue.purge", queue.name)
        return ok(self._shown(queue))

    async def emptied(self, request: Request) -> Response:
        at = self.queue(request).purged_at
        return ok({"completed": str(at is not None).lower(), "started_at": moment(at) if at else ""})

    async def list_consumers(self, request: Request) -> Response:
        queue = self.queue(request)
        return ok([_consumer(queue, consumer) for consumer in queue.consumers])

    async def get_consumer(self, request: Request) -> Response:
        queue = self.queue(request)
        return ok(_consumer(queue, self._consumer(queue, request)))

    async def add_consumer(self, request: Request) -> Response:
        queue, body = self.queue(request), await sent(request)
        if queue.consumers:
            raise Refusal(400, 11004, "Queue already has a consumer")
        type = body.get("type", "worker")
        if type not in ("worker", "http_pull"):
            raise Refusal(400, 11007, "Invalid consumer type", pointer="/type")
        consumer = Consumer(self._world.queues.new_id(), type, self._world.clock.now())
        answer = self._set(queue, consumer, body)
        queue.consumers.append(consumer)
        return answer

    async def change_consumer(self, request: Request) -> Response:
        queue, body = self.queue(request), await sent(request)
        return self._set(queue, self._consumer(queue, request), body)

    async def remove_consumer(self, request: Request) -> Response:
        queue = self.queue(request)
        queue.consumers.remove(self._consumer(queue, request))
        self._world.truth.effect("cloudflare", "queue.consumer", queue.name, removed=True)
        return ok(None)

    def _set(self, queue: Queue, consumer: Consumer, body: dict[str, Any]) -> Response:
        usual = {"batch_size": 10, "max_retries": 3, "retry_delay": 0}
        more = {"visibility_timeout_ms": 30_000} if consumer.type == "http_pull" else {"max_wait_time_ms": 5_000}
        consumer.settings = usual | more | _numbers(wanted(body, "settings", dict, {}))
        consumer.dead_letter_queue = wanted(body, "dead_letter_queue", str, "")
        consumer.script_name = wanted(body, "script_name", str, "")
        self._world.truth.effect("cloudflare", "queue.consumer", queue.name, type=consumer.type)
        return ok(_consumer(queue, consumer))

    def _consumer(self, queue: Queue, request: Request) -> Consumer:
        id = request.path_params["consumer_id"]
        found = next((consumer for consumer in queue.consumers if consumer.id == id), None)
        if found is None:
            raise Refusal(404, 11005, "Consumer not found")
        return found

    def _shown(self, queue: Queue) -> dict[str, Any]:
        producers = self._producers(queue.id)
        return {
            "queue_id": queue.id,
            "queue_name": queue.name,
            "created_on": moment(queue.created_at),
            "modified_on": moment(queue.modified_at),
            "settings": queue.settings,
            "producers": producers,
            "producers_total_count": len(producers),
            "consumers": [_consumer(queue, consumer) for consumer in queue.consumers],
            "consumers_total_count": len(queue.consumers),
        }


def _settings(body: dict[str, Any]) -> dict[str, Any]:
    given = wanted(body, "settings", dict, {})
    paused = {"delivery_paused": wanted(given, "delivery_paused", bool, False)} if "delivery_paused" in given else {}
    return _numbers({key: value for key, value in given.items() if key != "delivery_paused"}) | paused


def _numbers(given: dict[str, Any]) -> dict[str, int]:
    return {str(key): wanted(given, key, int, 0) for key, value in given.items() if value is not None}


def _consumer(queue: Queue, consumer: Consumer) -> dict[str, Any]:
    shown = {
        "consumer_id": consumer.id,
        "queue_name": queue.name,
        "type": consumer.type,
        "created_on": moment(consumer.created_at),
        "dead_letter_queue": consumer.dead_letter_queue,
        "settings": consumer.settings,
    }
    return shown | ({"script_name": consumer.script_name} if consumer.type == "worker" else {})
