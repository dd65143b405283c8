"""Queues as Cloudflare keeps them: at least once, leased for a time, given up after too many attempts.

https://developers.cloudflare.com/queues/configuration/pull-consumers/
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from dr_console.sandbox.clock import Clock

EVENTS_QUEUE_ID = "e" * 32
EVENTS_QUEUE_NAME = "gemini-images-events"
DEAD_QUEUE_ID = "d" * 32
DEAD_QUEUE_NAME = "gemini-images-events-dead"
# Theirs may hold 25 GB; ours is one process that stays small.
MOST_KEPT = 50_000
FOUR_DAYS = 4 * 86_400
MOST_ATTEMPTS = 100


@dataclass(slots=True)
class Message:
    """`body`: as text; a puller gets it in base64 unless it was sent as "text". Times: seconds of the world's clock."""

    id: str
    body: str
    content_type: str
    at: float
    visible_at: float
    attempts: int = 0
    lease_id: str = ""


@dataclass
class Consumer:
    """`type`: http_pull or worker. `settings`: as the API spells them."""

    id: str
    type: str
    created_at: float
    settings: dict[str, Any] = field(default_factory=dict)
    dead_letter_queue: str = ""
    script_name: str = ""

    @property
    def max_retries(self) -> int:
        return int(self.settings.get("max_retries", 3))


@dataclass
class Queue:
    """One queue. `dropped`: how many messages were lost: given up without a dead letter queue, too old, or too many."""

    id: str
    name: str
    created_at: float
    modified_at: float
    settings: dict[str, Any] = field(default_factory=dict)
    consumers: list[Consumer] = field(default_factory=list)
    messages: dict[str, Message] = field(default_factory=dict)
    leases: dict[str, str] = field(default_factory=dict)  # also past ones: a late acknowledgement counts
    dropped: int = 0
    purged_at: float | None = None

    def pull_consumer(self) -> Consumer | None:
        return next((consumer for consumer in self.consumers if consumer.type == "http_pull"), None)


class Queues:
    """All queues of the account, by id."""

    def __init__(self, clock: Clock, seed: int = 1) -> None:
        self._clock = clock
        self._random = random.Random(f"{seed}:queues")
        self.by_id: dict[str, Queue] = {}
        self._furnish()

    def _furnish(self) -> None:
        """The customer's: the events of the images' bucket, pulled over HTTP, and what was given up."""
        events = self.create(EVENTS_QUEUE_NAME, id=EVENTS_QUEUE_ID)
        self.create(DEAD_QUEUE_NAME, id=DEAD_QUEUE_ID)
        settings = {"batch_size": 10, "max_retries": 100, "retry_delay": 0, "visibility_timeout_ms": 60_000}
        consumer = Consumer(self.new_id(), "http_pull", events.created_at, settings, DEAD_QUEUE_NAME)
        events.consumers.append(consumer)

    def new_id(self) -> str:
        return f"{self._random.getrandbits(128):032x}"

    def create(self, name: str, *, id: str = "", settings: dict[str, Any] | None = None) -> Queue:
        at = self._clock.now()
        defaults = {"delivery_delay": 0, "delivery_paused": False, "message_retention_period": FOUR_DAYS}
        queue = Queue(id or self.new_id(), name, at, at, {**defaults, **(settings or {})})
        self.by_id[queue.id] = queue
        return queue

    def named(self, name: str) -> Queue | None:
        return next((queue for queue in self.by_id.values() if queue.name == name), None)

    def push(self, queue: Queue, body: str, content_type: str, *, delay: float | None = None) -> Message | None:
        """Add a message, to be seen after `delay` seconds. None if the queue is full: the message is lost."""
        if len(queue.messages) >= MOST_KEPT:
            queue.dropped += 1
            return None
        at = self._clock.now()
        delay = float(queue.settings["delivery_delay"]) if delay is None else delay
        message = Message(self.new_id(), body, content_type, at, at + delay)
        queue.messages[message.id] = message
        return message

    def pull(self, queue: Queue, *, most: int, lease_seconds: float) -> list[Message]:
        """Lease up to `most` messages, oldest first. What is not acknowledged in time can be pulled again."""
        self.settle(queue)
        if queue.settings["delivery_paused"]:
            return []
        at = self._clock.now()
        found: list[Message] = []
        for message in queue.messages.values():
            if len(found) >= most:
                break
            if message.visible_at <= at:
                found.append(message)
        for message in found:
            message.attempts += 1
            message.visible_at = at + lease_seconds
            message.lease_id = self.new_id() + self.new_id()
            queue.leases[message.lease_id] = message.id
        return found

    def waiting(self, queue: Queue, most: int) -> list[Message]:
        """The oldest messages, leased or not, without touching them."""
        self.settle(queue)
        return [message for message, _ in zip(queue.messages.values(), range(most), strict=False)]

    def acknowledge(self, queue: Queue, lease_id: str) -> bool:
        """Delete the message. False if there never was such a lease; an expired one counts, and one used before."""
        if lease_id not in queue.leases:
            return False
        queue.messages.pop(queue.leases[lease_id], None)
        return True

    def retry(self, queue: Queue, lease_id: str, delay: float | None) -> bool:
        """Make the message visible again in `delay` seconds, by default those of the consumer."""
        message = queue.messages.get(queue.leases.get(lease_id, ""))
        if message is None or message.lease_id != lease_id:
            return False
        if delay is None:
            consumer = queue.pull_consumer()
            delay = float(consumer.settings.get("retry_delay", 0)) if consumer else 0.0
        message.visible_at = self._clock.now() + delay
        self.settle(queue)
        return True

    def settle(self, queue: Queue) -> None:
        """Give up what was tried too often, and forget what is too old."""
        at = self._clock.now()
        consumer = queue.pull_consumer()
        # "When attempts reaches the value of max_retries, the message will not be re-delivered."
        most = max(1, consumer.max_retries) if consumer else MOST_ATTEMPTS
        oldest = at - float(queue.settings["message_retention_period"])
        gone = [
            message
            for message in queue.messages.values()
            if message.at < oldest or (message.attempts >= most and message.visible_at <= at)
        ]
        for message in gone:
            self._give_up(queue, message, consumer, too_old=message.at < oldest)
        if len(queue.leases) > 2 * len(queue.messages) + 10_000:
            queue.leases = {lease: id for lease, id in queue.leases.items() if id in queue.messages}

    def _give_up(self, queue: Queue, message: Message, consumer: Consumer | None, *, too_old: bool) -> None:
        del queue.messages[message.id]
        dead = self.named(consumer.dead_letter_queue) if consumer and consumer.dead_letter_queue else None
        if dead is None or too_old or self.push(dead, message.body, message.content_type) is None:
            queue.dropped += 1

    def backlog(self, queue: Queue) -> dict[str, int]:
        """As the API's metrics: what is not acknowledged, leased or not. `oldest_…` is 0 if there is nothing."""
        self.settle(queue)
        oldest = min((message.at for message in queue.messages.values()), default=0.0)
        return {
            "backlog_count": len(queue.messages),
            "backlog_bytes": sum(len(message.body) for message in queue.messages.values()),
            "oldest_message_timestamp_ms": int(oldest * 1000),
        }
