"""Tells presence.py who opens and closes streams in this process, without the streams waiting for it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
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
        # One: whoever leaves as soon as they have come must not be told of the other way round.
        self._teller = ThreadPoolExecutor(1, thread_name_prefix="attendance")

    def came(self, topic: str, person: int) -> None:
        if person:
            self._aside(presence.arrive, topic, person, process=self._process)

    def left(self, channel: Channel, person: int) -> None:
        """Unless another page of theirs is still open here."""
        if not person or person in persons(channel):
            return
        self._aside(presence.leave, channel.topic, person, process=self._process)
        asyncio.get_running_loop().call_later(AFTER_GRACE_SECONDS, self._aside, presence.tell, channel.topic)

    async def keep(self, channels: Iterable[Channel]) -> None:
        for channel in channels:
            if there := persons(channel):
                await self._aside(presence.stay, channel.topic, there, process=self._process)

    def _aside(self, act: Callable[..., None], *args: Any, **kwargs: Any) -> asyncio.Future[None]:
        """Do it in a thread, in its turn; whoever does not wait for it goes on at once."""
        return asyncio.get_running_loop().run_in_executor(self._teller, partial(act, *args, **kwargs))


def persons(channel: Channel) -> set[int]:
    return {viewer.watch.person for viewer in channel.viewers} - {0}
