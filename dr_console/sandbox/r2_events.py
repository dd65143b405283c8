"""R2's event notifications: which changes of which bucket are written to which queue.

https://developers.cloudflare.com/r2/buckets/event-notifications/
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from dr_console.sandbox.clock import Clock
from dr_console.sandbox.queues import EVENTS_QUEUE_ID, Queue, Queues
from dr_console.sandbox.stores import R2_BUCKET

ACCOUNT_ID = "a" * 32
ACTIONS = ("PutObject", "CopyObject", "DeleteObject", "CompleteMultipartUpload", "LifecycleDeletion")
DELETIONS = ("DeleteObject", "LifecycleDeletion")


@dataclass(frozen=True)
class Rule:
    id: str
    actions: tuple[str, ...]
    created_at: float
    prefix: str = ""
    suffix: str = ""
    description: str = ""

    def is_about(self, action: str, key: str) -> bool:
        return action in self.actions and key.startswith(self.prefix) and key.endswith(self.suffix)

    def says_the_same(self, other: Rule) -> bool:
        return (set(self.actions), self.prefix, self.suffix) == (set(other.actions), other.prefix, other.suffix)

    def overlaps(self, other: Rule) -> bool:
        """Whether one change could be told by both."""
        prefixes = self.prefix.startswith(other.prefix) or other.prefix.startswith(self.prefix)
        suffixes = self.suffix.endswith(other.suffix) or other.suffix.endswith(self.suffix)
        return prefixes and suffixes and bool(set(self.actions) & set(other.actions))


@dataclass
class R2Events:
    """The rules, by bucket and id of the queue. `drop_next`: so many events are lost, as theirs may be under load.

    `buckets`: those that exist, and when they were made. R2 over S3 and Cloudflare's own API both make and delete them.
    """

    clock: Clock
    queues: Queues
    rules: dict[tuple[str, str], list[Rule]] = field(default_factory=dict)
    drop_next: int = 0
    buckets: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.buckets[R2_BUCKET] = self.clock.now()
        self.set_rules(R2_BUCKET, EVENTS_QUEUE_ID, [{"actions": list(ACTIONS), "description": "Copied to S3"}])

    def set_rules(self, bucket: str, queue_id: str, rules: Sequence[dict[str, Any]]) -> list[Rule]:
        """Add these, as the API writes them, to the rules of bucket and queue, in place of those they overlap."""
        new = [
            Rule(
                self.queues.new_id(),
                tuple(rule["actions"]),
                self.clock.now(),
                rule.get("prefix") or "",
                rule.get("suffix") or "",
                rule.get("description") or "",
            )
            for rule in rules
        ]
        there = self.rules.get((bucket, queue_id), [])
        if all(any(rule.says_the_same(other) for other in there) for rule in new):
            return there
        kept = [rule for rule in there if not any(rule.overlaps(other) for other in new)]
        self.rules[bucket, queue_id] = kept + new
        return self.rules[bucket, queue_id]

    def happened(
        self,
        action: str,
        bucket: str,
        key: str,
        *,
        size: int | None = None,
        etag: str | None = None,
        copied_from: tuple[str, str] | None = None,
    ) -> None:
        """An object of R2 changed: write an event to each queue whose rules want it.

        `action`: one of ACTIONS. `size` (bytes) and `etag` are left out of deletions. `copied_from`: bucket and key.
        """
        event = self._event(action, bucket, key, size, etag)
        if copied_from:
            event["copySource"] = {"bucket": copied_from[0], "object": copied_from[1]}
        for (of, queue_id), rules in list(self.rules.items()):
            queue = self.queues.by_id.get(queue_id)
            if queue is None or of != bucket or not any(rule.is_about(action, key) for rule in rules):
                continue
            if self.drop_next > 0:
                self.drop_next -= 1
            else:
                self._push(queue, event)

    def tell(self, queue: Queue, action: str, bucket: str, key: str, *, size: int | None, etag: str | None) -> None:
        """Write an event to this queue, whether it happened and whatever the rules say."""
        self._push(queue, self._event(action, bucket, key, size, etag))

    def _event(self, action: str, bucket: str, key: str, size: int | None, etag: str | None) -> dict[str, Any]:
        thing: dict[str, Any] = {"key": key}
        if action not in DELETIONS:
            thing |= {"size": size or 0, "eTag": (etag or "").strip('"')}
        at = self.clock.moment().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {"account": ACCOUNT_ID, "action": action, "bucket": bucket, "object": thing, "eventTime": at}

    def _push(self, queue: Queue, event: dict[str, Any]) -> None:
        self.queues.push(queue, json.dumps(event, separators=(",", ":")), "json")
