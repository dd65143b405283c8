"""Events of the object store: what was written or deleted, pulled from a queue and acknowledged once it is copied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from dr_console.providers.deadlines import Deadline

WRITES = ("PutObject", "CopyObject", "CompleteMultipartUpload")
DELETIONS = ("DeleteObject", "LifecycleDeletion")


@dataclass(frozen=True)
class ObjectEvent:
    """One change of one object. `size` (bytes) and `etag` are not given of a deletion.

    Events come out of order, come twice, and may be lost: what the bucket holds is the truth.
    """

    action: str
    bucket: str
    key: str
    at: datetime
    size: int | None = None
    etag: str = ""
    copied_from: tuple[str, str] | None = None

    @property
    def is_deletion(self) -> bool:
        return self.action in DELETIONS


@dataclass(frozen=True)
class Message:
    """One message. `event` is None where `body` is no event that we know, and then only a person can tell why.

    `lease`: acknowledge with it; empty of one that was only peeked at. `attempts`: how often it was handed out.
    """

    id: str
    lease: str
    sent_at: datetime
    attempts: int
    body: str
    event: ObjectEvent | None


@dataclass(frozen=True)
class Backlog:
    """What waits in the queue, handed out or not. `oldest_at`: how far the copy lags behind; None if nothing waits."""

    count: int
    bytes: int
    oldest_at: datetime | None

    def age(self, now: datetime) -> float:
        """Seconds that the oldest message has waited."""
        return max(0.0, (now - self.oldest_at).total_seconds()) if self.oldest_at else 0.0


@dataclass(frozen=True)
class Pulled:
    messages: tuple[Message, ...]
    backlog: Backlog | None


@dataclass(frozen=True)
class Again:
    """Hand this message out again, in `delay` seconds."""

    lease: str
    delay: int = 0


@dataclass(frozen=True)
class Settled:
    """How many were acknowledged and put back. `warnings`: by lease, what the vendor says of those that were not."""

    acknowledged: int
    put_back: int
    warnings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class EventRule:
    """Which changes are told: of these actions, of keys that begin and end so."""

    actions: tuple[str, ...] = WRITES + DELETIONS
    prefix: str = ""
    suffix: str = ""


@dataclass(frozen=True)
class Consumer:
    """How the queue is read. After `most_attempts` a message goes to `dead_letter_queue`, or is lost without one."""

    can_be_pulled: bool
    most_attempts: int | None = None
    lease_seconds: float | None = None
    dead_letter_queue: str = ""


class EventsProvider(Protocol):
    """One queue, named in the settings."""

    def pull(self, *, most: int = 100, lease_seconds: float = 60.0, deadline: Deadline) -> Pulled:
        """Take up to `most` messages for so long; what is not acknowledged by then is handed out again.

        Answers at once, also with nothing. Where the answer is lost (outcome unknown), messages come again after the
        lease, and have used up an attempt.
        """
        ...

    def settle(self, done: Sequence[str], again: Sequence[Again] = (), *, deadline: Deadline) -> Settled:
        """Acknowledge leases, and put others back. Harmless to repeat; an expired lease still counts."""
        ...

    def peek(self, *, most: int = 10, deadline: Deadline) -> tuple[Message, ...]:
        """The oldest messages, without taking them."""
        ...

    def backlog(self, *, deadline: Deadline) -> Backlog:
        """How much waits, and since when."""
        ...

    def consumer(self, *, deadline: Deadline) -> Consumer: ...

    def rules(self, bucket: str, *, deadline: Deadline) -> tuple[EventRule, ...]:
        """Which changes of this bucket are written to the queue."""
        ...

    def set_rules(self, bucket: str, rules: Sequence[EventRule], *, deadline: Deadline) -> tuple[EventRule, ...]:
        """Make these the rules of bucket and queue. Harmless to repeat; `rules` tells whether it was done.

        Where old rules must go first, what changes in between is told to nobody: compare the stores afterwards.
        """
        ...
