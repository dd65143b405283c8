"""Messages that arrived at people: the outbox of Slack, PagerDuty, telephone and mail."""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from dr_console.sandbox.clock import Clock

MOST_KEPT = 5_000


@dataclass
class Message:
    """`channel`: slack, pagerduty, phone, email, or the vendor of a robot. `state`: its own word for how far it got."""

    id: int
    at: float
    channel: str
    to: str
    text: str
    state: str = "delivered"
    detail: dict[str, Any] = field(default_factory=dict)


class Outbox:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._number = itertools.count(1)
        self.messages: deque[Message] = deque(maxlen=MOST_KEPT)

    def add(self, channel: str, to: str, text: str, state: str = "delivered", **detail: Any) -> Message:
        message = Message(next(self._number), self._clock.now(), channel, to, text, state, detail)
        self.messages.append(message)
        return message

    def get(self, id: int) -> Message | None:
        return next((message for message in self.messages if message.id == id), None)
