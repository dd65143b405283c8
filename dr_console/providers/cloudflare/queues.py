"""Cloudflare Queues: the events of R2, pulled over HTTP.

https://developers.cloudflare.com/queues/configuration/pull-consumers/
https://developers.cloudflare.com/r2/buckets/event-notifications/
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_noop as _
from pydantic import TypeAdapter, ValidationError

from dr_console.errors import ProviderError
from dr_console.providers.capabilities.events import (
    Again,
    Backlog,
    Consumer,
    EventRule,
    Message,
    ObjectEvent,
    Pulled,
    Settled,
)
from dr_console.providers.cloudflare.shapes import (
    Acknowledged,
    Metrics,
    Notifications,
    Peeked,
    PulledMessages,
    QueueConsumer,
    QueueMessage,
    R2Event,
)
from dr_console.providers.cloudflare.wire import NOT_FOUND, account_id, at, call, result
from dr_console.providers.credentials import credential
from dr_console.providers.deadlines import Deadline
from dr_console.providers.http import Answer

PULL = _("pull the object store's events")
SETTLE = _("acknowledge events")
PEEK = _("look at the waiting events")
READ_BACKLOG = _("read how many events wait")
READ_CONSUMER = _("read how the queue is consumed")
READ_RULES = _("read which changes are told")
SET_RULES = _("set which changes are told")

MOST_AT_ONCE = 100
_CONSUMERS = TypeAdapter(list[QueueConsumer])


class CloudflareQueue:
    """The queue that the settings name."""

    def pull(self, *, most: int = 100, lease_seconds: float = 60.0, deadline: Deadline) -> Pulled:
        body = {"batch_size": min(most, MOST_AT_ONCE), "visibility_timeout_ms": int(lease_seconds * 1000)}
        pulled = result(_call("POST", "messages/pull", PULL, deadline, body), PulledMessages)
        metrics = pulled.metadata.metrics if pulled.metadata else None
        return Pulled(tuple(map(_message, pulled.messages)), _backlog(metrics) if metrics else None)

    def settle(self, done: Sequence[str], again: Sequence[Again] = (), *, deadline: Deadline) -> Settled:
        acks = [{"lease_id": lease} for lease in done]
        retries = [{"lease_id": one.lease, "delay_seconds": one.delay} for one in again]
        if not acks and not retries:
            return Settled(0, 0)
        body = {"acks": acks, "retries": retries}
        found = result(_call("POST", "messages/ack", SETTLE, deadline, body, harmless=True), Acknowledged)
        return Settled(found.ack_count, found.retry_count, found.warnings or {})

    def peek(self, *, most: int = 10, deadline: Deadline) -> tuple[Message, ...]:
        body = {"batch_size": min(most, MOST_AT_ONCE)}
        found = result(_call("POST", "messages/peek", PEEK, deadline, body, reads=True), Peeked)
        return tuple(map(_message, found.messages))

    def backlog(self, *, deadline: Deadline) -> Backlog:
        return _backlog(result(_call("GET", "metrics", READ_BACKLOG, deadline), Metrics))

    def consumer(self, *, deadline: Deadline) -> Consumer:
        found = result(_call("GET", "consumers", READ_CONSUMER, deadline), _CONSUMERS)
        pulling = next((consumer for consumer in found if consumer.type == "http_pull"), None)
        if pulling is None:
            return Consumer(can_be_pulled=False)
        lease = pulling.settings.visibility_timeout_ms if pulling.settings else None
        return Consumer(
            can_be_pulled=True,
            most_attempts=pulling.settings.max_retries if pulling.settings else None,
            lease_seconds=None if lease is None else lease / 1000,
            dead_letter_queue=pulling.dead_letter_queue or "",
        )

    def rules(self, bucket: str, *, deadline: Deadline) -> tuple[EventRule, ...]:
        try:
            answer = call("GET", _rules_path(bucket, READ_RULES), operation=READ_RULES, deadline=deadline)
        except ProviderError as error:
            # No bucket and no queue are errors; a bucket that tells this queue nothing is an answer.
            if error.code in NOT_FOUND - {"11015"} or error.status != 404:
                raise
            return ()
        rules = result(answer, Notifications).rules or []
        return tuple(EventRule(tuple(rule.actions), rule.prefix or "", rule.suffix or "") for rule in rules)

    def set_rules(self, bucket: str, rules: Sequence[EventRule], *, deadline: Deadline) -> tuple[EventRule, ...]:
        wanted, there = set(map(_sorted, rules)), set(map(_sorted, self.rules(bucket, deadline=deadline)))
        path = _rules_path(bucket, SET_RULES)
        if there - wanted:
            # PUT adds to what there is.
            call("DELETE", path, operation=SET_RULES, deadline=deadline, harmless=True)
            there = set()
        if wanted - there:
            new = [rule for rule in rules if _sorted(rule) not in there]
            body = {"rules": [{"actions": list(r.actions), "prefix": r.prefix, "suffix": r.suffix} for r in new]}
            call("PUT", path, operation=SET_RULES, deadline=deadline, json=body, harmless=True)
        return self.rules(bucket, deadline=deadline)


def _call(
    method: str,
    path: str,
    operation: str,
    deadline: Deadline,
    json: Any = None,
    *,
    harmless: bool | None = None,
    reads: bool | None = None,
) -> Answer:
    queue = credential("cloudflare", "queue_id", operation=operation)
    whole = at("accounts", account_id(operation), "queues", queue, *path.split("/"))
    return call(method, whole, operation=operation, deadline=deadline, json=json, harmless=harmless, reads=reads)


def _rules_path(bucket: str, operation: str) -> str:
    queue = credential("cloudflare", "queue_id", operation=operation)
    account = account_id(operation)
    return at("accounts", account, "event_notifications", "r2", bucket, "configuration", "queues", queue)


def _sorted(rule: EventRule) -> tuple[frozenset[str], str, str]:
    return frozenset(rule.actions), rule.prefix, rule.suffix


def _backlog(metrics: Metrics) -> Backlog:
    oldest = metrics.oldest_message_timestamp_ms
    return Backlog(metrics.backlog_count, metrics.backlog_bytes, _moment(oldest) if oldest else None)


def _moment(milliseconds: float) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _message(message: QueueMessage) -> Message:
    body = _plain(message)
    return Message(message.id, message.lease_id, _moment(message.timestamp_ms), message.attempts, body, _event(body))


def _plain(message: QueueMessage) -> str:
    """The body as it was sent: in base64 if it was sent as json or bytes, and as it is if it was sent as text."""
    kind = str((message.metadata or {}).get("CF-Content-Type", "json"))
    if kind == "text" or message.body.lstrip().startswith("{"):
        return message.body
    try:
        return base64.b64decode(message.body, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return message.body


def _event(body: str) -> ObjectEvent | None:
    """What R2 says in it; None if it is something else, which must not hold up what comes after it."""
    try:
        found = R2Event.model_validate_json(body)
    except ValidationError:
        return None
    at = parse_datetime(found.event_time)
    if at is None or at.tzinfo is None:
        return None
    source = found.copy_source
    return ObjectEvent(
        found.action,
        found.bucket,
        found.object.key,
        at,
        found.object.size,
        found.object.etag or "",
        (source.bucket, source.object) if source else None,
    )
