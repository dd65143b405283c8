"""A robot in a chat room: it says, and that is all. Nothing that it has said can be changed or found again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from dr_console.providers.deadlines import Deadline


@dataclass(frozen=True)
class RoomLink:
    """Something to press that opens a page. `is_main`: what most will want."""

    text: str
    url: str
    is_main: bool = False


@dataclass(frozen=True)
class RoomMessage:
    """What is said in a room, as plain text: whatever of it would mean something to the vendor is made harmless.

    `urgency`: a word of capabilities.paging.Urgency, for the colour. `facts`: names and values.
    """

    title: str
    text: str = ""
    facts: Sequence[tuple[str, str]] = ()
    links: Sequence[RoomLink] = ()
    urgency: str = ""


class RobotProvider(Protocol):
    def post(self, message: RoomMessage, *, deadline: Deadline) -> None:
        """Say it in the room that the address in the settings belongs to. Not repeated.

        Whether one whose answer was lost stands there, nobody can tell. What is too long is cut, with an ellipsis.
        """
        ...
