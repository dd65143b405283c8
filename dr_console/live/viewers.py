"""The pages that watch a topic, and what waits to be sent to each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from dr_console.live.publish import HERE

ROOM = 256


@dataclass(frozen=True)
class Watch:
    """What somebody may watch: from which event on, and for how long. `may_stay` reads the database.

    `person`: whose page it is, 0 for nobody’s.
    """

    topic: str
    after: int | None
    may_stay: Callable[[], bool]
    person: int = 0


class Message(NamedTuple):
    seq: int
    wire: bytes


# An event of its own rather than a comment: scripts do not see comments, and want to know that the server is there.
BEAT = Message(0, b"event: beat\ndata: beat\n\n")
# Without a number, since nobody can have missed it: who asks is told who is there now.
SOMEBODY = Message(0, f"data: {HERE}\n\n".encode())


def message(seq: int, name: str) -> Message:
    return Message(seq, f"id: {seq}\ndata: {name}\n\n".encode())


class Viewer:
    """One open page."""

    __slots__ = ("_waiting", "_wanted", "is_closed", "watch")

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.is_closed = False
        self._waiting: list[Message] = []
        self._wanted: asyncio.Future[None] | None = None

    def offer(self, message: Message) -> None:
        """Never waits: a page that does not take what it is given is let go, and resumes where it stopped."""
        if len(self._waiting) >= ROOM:
            self.close()
        elif not self.is_closed:
            self._waiting.append(message)
            self._wake()

    def close(self) -> None:
        self.is_closed = True
        self._waiting = []
        self._wake()

    async def take(self) -> list[Message]:
        """All that waits, as soon as something does; nothing once the viewer is closed."""
        if not self._waiting and not self.is_closed:
            self._wanted = asyncio.get_running_loop().create_future()
            await self._wanted
        taken, self._waiting = self._waiting, []
        return taken

    def _wake(self) -> None:
        if self._wanted is not None and not self._wanted.done():
            self._wanted.set_result(None)


@dataclass(eq=False)
class Channel:
    """A topic that somebody watches, and the number up to which its viewers have been told."""

    topic: str
    position: int
    viewers: set[Viewer] = field(default_factory=set)

    def tell(self, seq: int, name: str) -> None:
        told = message(seq, name)
        self.position = seq
        for viewer in self.viewers:
            viewer.offer(told)

    def tell_of_somebody(self) -> None:
        for viewer in self.viewers:
            viewer.offer(SOMEBODY)

    def close(self) -> None:
        for viewer in self.viewers:
            viewer.close()
