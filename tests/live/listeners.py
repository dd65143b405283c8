"""Pages without a network: what a hub tells them, in the event loop of the test."""

from __future__ import annotations

import asyncio
import contextlib

from django.db.backends.signals import connection_created

from dr_console.live.hub import Hub
from dr_console.live.viewers import Viewer, Watch

NEVER = 3600


def yes():
    return True


class Listener:
    """Takes what the hub sends to one viewer, in a task of its own."""

    def __init__(self, hub, after=None, topic="console", may_stay=yes, person=0):
        self.viewer = Viewer(Watch(topic, after, may_stay, person))
        self.chunks = []
        self.task = asyncio.create_task(self._listen(hub))

    async def _listen(self, hub):
        async with contextlib.aclosing(hub.stream(self.viewer)) as chunks:
            async for chunk in chunks:
                self.chunks.append(chunk)

    @property
    def events(self):
        blocks = b"".join(self.chunks).decode().removeprefix("retry: 500\n\n").removesuffix("\n\n").split("\n\n")
        return [(int(block.split("\n")[0][4:]), block.split("data: ")[1]) for block in blocks if "id: " in block]

    async def until(self, condition):
        async with asyncio.timeout(20):
            while not condition(self):
                assert not self.task.done() or condition(self), "the stream has ended"
                await asyncio.sleep(0.005)

    async def has(self, *events):
        await self.until(lambda me: len(me.events) >= len(events))
        assert self.events == list(events)

    async def close(self):
        self.viewer.close()
        await self.task


def run(story, **intervals):
    """Tell a story on an event loop of its own, with a hub that does nothing by itself unless told how often."""

    async def with_hub():
        hub = Hub(
            **(
                {"sweep_seconds": NEVER, "beat_seconds": NEVER, "check_seconds": NEVER, "keep_seconds": NEVER}
                | intervals
            )
        )
        await story(hub)

    asyncio.run(with_hub(), debug=False)


@contextlib.contextmanager
def between_us_and_the_database(wrapper):
    """Put the wrapper around every query of the connections that are made from here on."""

    def wrap(connection, **_):
        connection.execute_wrappers[:] = [wrapper]

    connection_created.connect(wrap)
    yield
    connection_created.disconnect(wrap)
