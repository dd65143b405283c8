"""Telephone: call somebody, say something, and take a pressed key for an answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from dr_console.providers.deadlines import Deadline


def dialled(number: str) -> str:
    """A number as people write it, "+1-555-0123" or "+86 (10) 5555 0123", as it is dialled: +15550123."""
    return re.sub(r"[\s().\-/]", "", number)


class CallState(StrEnum):
    """COMPLETED says that the line was answered, by whomever: a voicemail completes a call. Only a key acknowledges."""

    QUEUED = "queued"
    RINGING = "ringing"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    FAILED = "failed"
    CANCELED = "canceled"

    @property
    def is_final(self) -> bool:
        return self not in (CallState.QUEUED, CallState.RINGING, CallState.IN_PROGRESS)


@dataclass(frozen=True)
class Announcement:
    """What is said. `language`: "en" or "zh-hans". `keys_url`: our address that a pressed key is sent to.

    `question` is said after `text`, and both are said `times` times while nobody presses a key: "Press 1 to
    acknowledge, 2 to escalate." `status_url`: our address that is told how far the call got.
    """

    text: str
    question: str = ""
    language: str = "en"
    keys_url: str = ""
    status_url: str = ""
    times: int = 3


@dataclass(frozen=True)
class PhoneCall:
    """`answered_by`: "human", "machine", or "" where nobody can tell. `seconds`: how long it lasted, once over."""

    id: str
    to: str
    state: CallState
    answered_by: str = ""
    seconds: int | None = None
    began_at: datetime | None = None


@dataclass(frozen=True)
class TextMessage:
    """`state`: the vendor's own word: queued, sent, delivered, undelivered, failed."""

    id: str
    to: str
    state: str


class PhoneProvider(Protocol):
    def call(self, to: str, announcement: Announcement, *, key: str, deadline: Deadline) -> PhoneCall:
        """Call a number (E.164: +15550123). Not repeated, as it would ring twice.

        `key`: our own name of this call. After an answer that was lost, `find` tells whether it was made.
        """
        ...

    def state(self, id: str, *, deadline: Deadline) -> PhoneCall:
        """How far a call got. Raises NOT_FOUND."""
        ...

    def find(self, to: str, *, since: datetime, deadline: Deadline) -> PhoneCall | None:
        """The newest call that we made to this number after `since`, if any."""
        ...


class TextingProvider(Protocol):
    def text(self, to: str, text: str, *, status_url: str = "", deadline: Deadline) -> TextMessage:
        """Send a text message to a number. Not repeated. `text_state` of a lost one cannot be asked: `find_text`."""
        ...

    def text_state(self, id: str, *, deadline: Deadline) -> TextMessage:
        """Raises NOT_FOUND."""
        ...

    def find_text(self, to: str, text: str, *, since: datetime, deadline: Deadline) -> TextMessage | None:
        """The newest message with these words to this number after `since`, if any."""
        ...
