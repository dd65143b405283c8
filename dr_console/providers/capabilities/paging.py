"""Paging: ring whoever is on call, and see who answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from dr_console.providers.deadlines import Deadline


class Urgency(StrEnum):
    CRITICAL = "critical"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class PageState(StrEnum):
    TRIGGERED = "triggered"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


@dataclass(frozen=True)
class Link:
    href: str
    text: str


@dataclass(frozen=True)
class Page:
    """What people are rung with. `key`: pages with the same key are one, however often they are sent.

    What is longer than the vendor takes is cut, with an ellipsis. `details`: JSON values for whoever looks.
    """

    key: str
    summary: str
    source: str
    urgency: Urgency = Urgency.CRITICAL
    at: datetime | None = None
    component: str = ""
    group: str = ""
    kind: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    links: Sequence[Link] = ()


@dataclass(frozen=True)
class Paged:
    """An incident as the vendor keeps it. `key`: the one it was rung with. `assigned`: names of people."""

    id: str
    number: int
    title: str
    state: PageState
    key: str
    url: str
    created_at: datetime
    assigned: tuple[str, ...] = ()
    acknowledged_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class OnCall:
    """Who is rung at which level of which policy; `until` is None for somebody who always is."""

    person_id: str
    name: str
    level: int
    policy: str
    schedule: str = ""
    until: datetime | None = None


@dataclass(frozen=True)
class Note:
    id: str
    text: str
    by: str
    at: datetime


@dataclass(frozen=True)
class Subscription:
    """The vendor tells `url` of `events`. `secret`: signs them; it is shown only when the subscription is made."""

    id: str
    url: str
    events: tuple[str, ...]
    active: bool
    secret: str = field(default="", repr=False)


class PagingProvider(Protocol):
    def trigger(self, page: Page, *, deadline: Deadline) -> str:
        """Ring. Returns the key as the vendor keeps it.

        Harmless to repeat: the key makes it one page. Whether it arrived: `find(key)`.
        """
        ...

    def acknowledge(self, key: str, *, deadline: Deadline) -> None:
        """Say that somebody is on it. A key that is unknown or closed is accepted and dropped. Harmless to repeat."""
        ...

    def resolve(self, key: str, *, deadline: Deadline) -> None:
        """Say that it is over. A key that is unknown or closed is accepted and dropped. Harmless to repeat."""
        ...

    def find(self, key: str, *, deadline: Deadline) -> Paged | None:
        """The newest incident with this key, if there is one: whether a page arrived, and whether it was answered."""
        ...

    def incident(self, id: str, *, deadline: Deadline) -> Paged:
        """Raises NOT_FOUND."""
        ...

    def open_incident(self, page: Page, *, service: str, deadline: Deadline) -> Paged:
        """Open an incident at a service (its id) directly. Not repeated; a second one with the same key is refused.

        Whether it happened: `find(page.key)`.
        """
        ...

    def set_state(self, id: str, state: PageState, *, deadline: Deadline) -> Paged:
        """Acknowledge or resolve by id, in the name of the console's own login. Harmless to repeat."""
        ...

    def notes(self, id: str, *, deadline: Deadline) -> list[Note]: ...

    def add_note(self, id: str, text: str, *, deadline: Deadline) -> Note:
        """Not repeated, as it would stand there twice. Whether it happened: `notes(id)`."""
        ...

    def on_call(self, *, policy: str = "", deadline: Deadline) -> list[OnCall]:
        """Who is on call now, first level first; of one escalation policy (its id) or of all."""
        ...

    def subscriptions(self, *, deadline: Deadline) -> list[Subscription]: ...

    def subscribe(self, url: str, *, service: str = "", deadline: Deadline) -> Subscription:
        """Have every change of an incident sent to `url`: of one service (its id) or of the account.

        Not repeated. The secret is shown in this answer and never again; after a lost one, remove what
        `subscriptions()` lists for this address, and subscribe again.
        """
        ...

    def unsubscribe(self, id: str, *, deadline: Deadline) -> None:
        """Harmless to repeat: one that is gone already is as good as removed."""
        ...
