"""Chat: write to a channel, in threads, with buttons, and find again what was written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from dr_console.providers.deadlines import Deadline


@dataclass(frozen=True)
class Button:
    """`action`: what our endpoint is told was pressed; `value`: what about. With `url` it only opens that page."""

    text: str
    action: str
    value: str = ""
    style: str = ""  # "primary", "danger", or plain
    url: str = ""


@dataclass(frozen=True)
class ChatMessage:
    """`text` alone must say everything: it is what a lock screen shows and what is read aloud.

    `heading`, `paragraphs`, `facts` (name and value) and `buttons` are laid out in that order. Paragraphs and values
    are in the vendor's own markup, so text from elsewhere must be escaped first, with `escape`.
    """

    text: str
    heading: str = ""
    paragraphs: Sequence[str] = ()
    facts: Sequence[tuple[str, str]] = ()
    buttons: Sequence[Button] = ()


@dataclass(frozen=True)
class Posted:
    """Where a message stands. `thread`: id of the message it answers, or ""."""

    channel: str
    id: str
    thread: str = ""


@dataclass(frozen=True)
class Channel:
    id: str
    name: str
    archived: bool
    member: bool  # whether we are in it
    private: bool = False


@dataclass(frozen=True)
class Identity:
    """Who the token is. `rights`: its scopes, where the vendor tells."""

    id: str
    name: str
    team: str
    rights: tuple[str, ...] = ()


@dataclass(frozen=True)
class Person:
    id: str
    name: str
    email: str
    active: bool


class ChatProvider(Protocol):
    def post(
        self,
        channel: str,
        message: ChatMessage,
        *,
        key: str,
        thread: str = "",
        broadcast: bool = False,
        deadline: Deadline,
    ) -> Posted:
        """Write to a channel (its id). `key`: our own name of this message, which is stored unseen with it.

        `thread`: id of the message that it answers; with `broadcast` it stands in the channel as well. Not repeated.
        After an answer that was lost, `find(channel, key)` tells whether it stands there.
        """
        ...

    def change(self, posted: Posted, message: ChatMessage, *, key: str, deadline: Deadline) -> Posted:
        """Make a message say something else. Harmless to repeat."""
        ...

    def find(self, channel: str, key: str, *, since: datetime, thread: str = "", deadline: Deadline) -> Posted | None:
        """The message with this key that was written after `since` (a minute of clock skew is allowed for)."""
        ...

    def whoami(self, *, deadline: Deadline) -> Identity: ...

    def channel(self, id: str, *, deadline: Deadline) -> Channel:
        """Raises NOT_FOUND."""
        ...

    def channels(self, *, deadline: Deadline) -> list[Channel]:
        """All that we may see and that are not archived."""
        ...

    def person(self, id: str, *, deadline: Deadline) -> Person:
        """Raises NOT_FOUND."""
        ...

    def person_by_email(self, email: str, *, deadline: Deadline) -> Person:
        """Raises NOT_FOUND."""
        ...
