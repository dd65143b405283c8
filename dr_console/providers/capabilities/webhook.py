"""Tell an address that somebody gave us that something happened, signed so that it can believe it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from dr_console.providers.deadlines import Deadline


@dataclass(frozen=True)
class Message:
    """What is told. `id` stays the same however often it is sent, and by it the receiver knows a repeat.

    `type`: words with dots between, "incident.declared". `at`: when it happened, ISO 8601. `data`: what JSON can hold.
    """

    id: str
    type: str
    at: str
    data: Mapping[str, Any]


class WebhookProvider(Protocol):
    def send(self, url: str, message: Message, *, secrets: Sequence[str], deadline: Deadline) -> int:
        """Send it, signed with each of `secrets` (two while they are being changed). Returns the status, 2xx.

        Harmless to repeat, as the id stays the same. Raises NOT_FOUND and status 410 where the receiver wants no more;
        SETTINGS where the address must not be asked or a secret is none.
        """
        ...
