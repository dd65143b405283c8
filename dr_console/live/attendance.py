"""Tells presence.py who opens and closes streams in this process, without the streams waiting for it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable
from typing import Any

from dr_console.live import presence
from dr_console.live.viewers import Channel

KEEP_SECONDS = 5.0
# Those who have left are still there for the grace; the pages are told when it is surely over.
AFTER_GRACE_SECONDS = presence.GRACE_SECONDS + 0.2


class Attendance:
    """Of one hub, on its event loop. A person of 0 is nobody."""

    def __init__(self) -> None:
        self._process = secrets.token_hex(6)

    def came(self, topic: str, person: int) -> None:
        if person:
            _aside(presence.arrive, topic, person)(process=self._process)

    def left(self, channel: Channel, person: int) -> None:
        """Unless another page of theirs is still open here."""
        if not person or person in persons(channel):
            return
        _aside(presence.leave, channel.topic, person)(process=self._process)
        tell = _aside(presence.tell, channel.topic)
        asyncio.get_running_loop().call_later(AFTER_GRACE_SECONDS, tell)

    async def keep(self, channels: Iterable[Channel]) -> None:
        for channel in channels:
            if there := persons(channel):
                await asyncio.to_thread(presence.stay, channel.topic, there, process=self._process)


def persons(channel: Channel) -> set[int]:
    return {viewer.watch.person for viewer in channel.viewers} - {0}


def _aside(act: Callable[..., None], *args: Any) -> Callable[..., None]:
    """Do it in a thread; nobody waits for it, and the loop's end waits only as long as Redis is asked."""

    def start(**kwargs: Any) -> None:
        asyncio.get_running_loop().run_in_executor(None, lambda: act(*args, **kwargs))

    return start
