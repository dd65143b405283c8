"""One reader for all viewers of a process: wakes up on Redis, reads the database once, tells everybody the same bytes.

Redis only says "look now", and may be down: what is told comes from the database, which is also looked at every
second. A viewer first gets a place where events wait for it, then reads what it missed, then takes what has waited
meanwhile, leaving out numbers that it has seen. In any other order, events are lost or doubled.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextvars import Context
from weakref import WeakSet

import django.db
import structlog

from dr_console.live import history
from dr_console.live.attendance import KEEP_SECONDS, Attendance
from dr_console.live.publish import CONNECTED, HERE
from dr_console.live.reading import Reader, ask
from dr_console.live.viewers import BEAT, Channel, Message, Viewer, message
from dr_console.live.wakeups import wakeups

log = structlog.get_logger(__name__)

_hubs: WeakSet[Hub] = WeakSet()

RETRY = b"retry: 500\n\n"
PAGE = 500
CHECKED_AT_ONCE = 50


class Hub:
    """Lives on one event loop, and works only while somebody is watching."""

    def __init__(
        self,
        *,
        sweep_seconds: float = 1.0,
        beat_seconds: float = 15.0,
        check_seconds: float = 60.0,
        keep_seconds: float = KEEP_SECONDS,
    ) -> None:
        self.sweep_seconds = sweep_seconds
        self.beat_seconds = beat_seconds
        self.check_seconds = check_seconds
        self.keep_seconds = keep_seconds
        self._viewers: set[Viewer] = set()
        self._channels: dict[str, Channel] = {}
        self._work: asyncio.Task[None] | None = None
        self._is_listening = asyncio.Event()
        self._woken = asyncio.Event()
        self._dirty: set[str] = set()
        self._attendance = Attendance()
        _hubs.add(self)

    @property
    def viewers(self) -> int:
        """How many pages it serves."""
        return len(self._viewers)

    async def stream(self, viewer: Viewer) -> AsyncGenerator[bytes, None]:
        """All that the viewer is sent, until it is closed. Whoever asks for it closes the iterator."""
        self._arrive(viewer)
        try:
            yield RETRY
            await self._is_listening.wait()
            channel = await self._enter(viewer)
            last = channel.position if viewer.watch.after is None else viewer.watch.after
            async for seq, wire in self._beginning(channel, viewer.watch.after):
                last = seq
                yield wire
            while messages := await viewer.take():
                fresh = b"".join([told.wire for told in messages if told.seq > last or not told.seq])
                last = max(last, *(told.seq for told in messages))
                if fresh:
                    yield fresh
        except django.db.Error as error:
            log.warning("A page cannot catch up: the database does not answer", error=str(error))
        finally:
            self._leave(viewer)

    async def _beginning(self, channel: Channel, after: int | None) -> AsyncIterator[Message]:
        """What the viewer missed, or `connected` where nobody can say, so that the page reads everything anew."""
        position = channel.position
        if after == position:
            return
        events = None if after is None else await ask(history.missed, channel.topic, after, PAGE)
        while events:
            after = events[-1][0]
            yield Message(after, b"".join(message(seq, name).wire for seq, name in events))
            events = await ask(history.missed, channel.topic, after, PAGE) if after < position else []
        if events is None:
            yield message(channel.position, CONNECTED)

    def _arrive(self, viewer: Viewer) -> None:
        self._viewers.add(viewer)
        if self._work is None:
            self._is_listening.clear()
            self._work = asyncio.create_task(self._run(), name="live hub", context=Context())
            self._work.add_done_callback(self._ended)

    async def _enter(self, viewer: Viewer) -> Channel:
        """Give the viewer its place: from the channel's position on, events will wait for it."""
        topic = viewer.watch.topic
        channel = self._channels.get(topic)
        if channel is None:
            position = await ask(history.head, topic)
            channel = self._channels.setdefault(topic, Channel(topic, position))
        channel.viewers.add(viewer)
        self._attendance.came(topic, viewer.watch.person)
        return channel

    def _leave(self, viewer: Viewer) -> None:
        self._viewers.discard(viewer)
        channel = self._channels.get(viewer.watch.topic)
        if channel is not None:
            channel.viewers.discard(viewer)
            self._attendance.left(channel, viewer.watch.person)
            if not channel.viewers:
                del self._channels[channel.topic]
        if not self._viewers and self._work is not None:
            self._work.cancel()
            self._work = None

    def _dismiss(self, channel: Channel) -> None:
        """Let everybody come back and start anew: what is written no longer follows from what they were told."""
        self._channels.pop(channel.topic, None)
        channel.close()

    async def _run(self) -> None:
        reader = Reader()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen())
                tasks.create_task(self._follow(reader))
                tasks.create_task(self._beat())
                tasks.create_task(self._check())
                tasks.create_task(self._attend())
        finally:
            reader.close()

    def _ended(self, work: asyncio.Task[None]) -> None:
        if work.cancelled() or (error := work.exception()) is None:
            return
        log.error("The live hub has stopped: pages connect anew", exc_info=error)
        if self._work is work:
            self._work = None
            self._is_listening.set()
            for viewer in self._viewers:
                viewer.close()

    async def _listen(self) -> None:
        async for wakeup in wakeups():
            self._is_listening.set()
            if wakeup is not None and wakeup.name == HERE:
                self._tell_of_somebody(wakeup.topic)
                continue
            self._dirty |= self._channels.keys() if wakeup is None else {wakeup.topic}
            self._woken.set()

    def _tell_of_somebody(self, topic: str) -> None:
        if channel := self._channels.get(topic):
            channel.tell_of_somebody()

    async def _follow(self, reader: Reader) -> None:
        """Read what happened, when woken and every second, and tell it."""
        clock = asyncio.get_running_loop().time
        sweep_at, is_broken = clock(), False
        while True:
            await self._woken_or(sweep_at)
            behind, self._dirty = self._dirty, set()
            try:
                if clock() >= sweep_at:
                    sweep_at = clock() + self.sweep_seconds
                    behind |= await self._lagging(reader)
                for topic in behind & self._channels.keys():
                    await self._forward(reader, topic)
            except django.db.Error as error:
                if not is_broken:
                    log.warning("Live streams stand still: the database does not answer", error=str(error))
                is_broken = True
                await asyncio.sleep(self.sweep_seconds)
            else:
                is_broken = False

    async def _woken_or(self, at: float) -> None:
        try:
            async with asyncio.timeout_at(at):
                await self._woken.wait()
        except TimeoutError:
            pass
        self._woken.clear()

    async def _lagging(self, reader: Reader) -> set[str]:
        """Watched topics that have gone on without our being told: a wake-up may get lost."""
        channels = list(self._channels.values())
        heads = await reader.ask(history.heads, [channel.topic for channel in channels])
        for channel in channels:
            if heads.get(channel.topic, 0) < channel.position:
                log.warning("A live topic has gone back: was the database restored?", topic=channel.topic)
                self._dismiss(channel)
        return {channel.topic for channel in channels if heads.get(channel.topic, 0) > channel.position}

    async def _forward(self, reader: Reader, topic: str) -> None:
        """Tell the viewers of the topic what happened since they were last told."""
        is_more = True
        while is_more and (channel := self._channels.get(topic)):
            events = await reader.ask(history.events_after, topic, channel.position, PAGE)
            if not history.follow_without_gap(channel.position, events):
                self._dismiss(channel)
                return
            for seq, name in events:
                channel.tell(seq, name)
            is_more = len(events) == PAGE

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self.beat_seconds)
            for viewer in self._viewers:
                viewer.offer(BEAT)

    async def _attend(self) -> None:
        """Redis may have forgotten who is there, or not have answered when they came."""
        while True:
            await asyncio.sleep(self.keep_seconds)
            await self._attendance.keep(list(self._channels.values()))

    async def _check(self) -> None:
        """Close the streams of people who logged out, were deactivated, or may no longer see the topic."""
        while True:
            await asyncio.sleep(self.check_seconds)
            viewers = list(self._viewers)
            for start in range(0, len(viewers), CHECKED_AT_ONCE):
                try:
                    unwelcome = await ask(_unwelcome, viewers[start : start + CHECKED_AT_ONCE])
                except django.db.Error:
                    break  # Nobody is sent away because the database is down.
                for viewer in unwelcome:
                    viewer.close()


def viewers() -> int:
    """How many pages are watching in this process."""
    return sum(hub.viewers for hub in list(_hubs))


def _unwelcome(viewers: list[Viewer]) -> list[Viewer]:
    return [viewer for viewer in viewers if not viewer.watch.may_stay()]
