"""Mail: send a letter, in threads, and know whom the server took it for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from dr_console.providers.deadlines import Deadline


@dataclass(frozen=True)
class Letter:
    """`id`: our own Message-ID, "<…@…>"; the same for the same letter, so that a mailbox can show a repeat as one.

    `answers`: Message-IDs of the thread it belongs to, oldest first; the last is the one that it answers.
    """

    id: str
    to: Sequence[str]
    subject: str
    text: str
    html: str = ""
    answers: Sequence[str] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Refusal:
    """What the server said of one address. `permanent`: 5xx, trying again cannot help; else 4xx, later it may."""

    code: int
    said: str
    permanent: bool


@dataclass(frozen=True)
class Mailed:
    """The server took the letter for `accepted`, and not for `refused`. `said`: its words, often with its own id."""

    id: str
    accepted: tuple[str, ...]
    refused: Mapping[str, Refusal]
    said: str = ""


class MailProvider(Protocol):
    def send(self, letter: Letter, *, deadline: Deadline) -> Mailed:
        """Hand a letter to the mail server. Not repeated.

        Returns if the server took it for at least one address. Raises ProviderError: `permanent` if every refusal was a
        5xx; `outcome` UNKNOWN if the connection was lost after the letter had been sent, and then nobody can tell.
        """
        ...

    def check(self, *, deadline: Deadline) -> str:
        """Connect, secure the connection and log in as for a letter, send none. Returns the server's greeting."""
        ...
