"""Takes a stream's connection over from Django once Django has answered.

Under ASGI, Django holds a thread, and that thread its database connection, until a response ends. A stream ends when
its page is closed. So the view only says who may watch what; its request is then over like any other, and what is
left of the stream costs a task and a few kilobytes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any

from dr_console.live.hub import Hub
from dr_console.live.viewers import Viewer, Watch

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]

DESK = "dr_console.live.desk"


class Desk:
    """Where the view leaves what is to be watched."""

    def __init__(self) -> None:
        self.watch: Watch | None = None
        self.is_open = False


def hand_over(scope: dict[str, Any], watch: Watch) -> None:
    """Let the hub go on with the connection of this scope, which is empty under WSGI."""
    if desk := scope.get(DESK):
        desk.watch = watch


class LiveStreams:
    """The ASGI application around Django's."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._hubs: dict[asyncio.AbstractEventLoop, Hub] = {}

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._application(scope, receive, send)
        desk = Desk()

        async def pass_on(message: Message) -> None:
            await send(_kept_open(message, desk) if desk.watch else message)

        await self._application({**scope, DESK: desk}, receive, pass_on)
        if desk.watch and desk.is_open:
            await self._serve(desk.watch, receive, send)

    async def _serve(self, watch: Watch, receive: Receive, send: Send) -> None:
        viewer = Viewer(watch)
        watchdog = asyncio.create_task(_close_when_gone(viewer, receive))
        try:
            async with aclosing(self.hub.stream(viewer)) as chunks:
                async for chunk in chunks:
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
        except asyncio.CancelledError:
            # The server is stopping and has waited long enough. The page will find the next one.
            pass
        finally:
            watchdog.cancel()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    @property
    def hub(self) -> Hub:
        """The hub of the running event loop. A server has one loop; tests have many, one after the other."""
        loop = asyncio.get_running_loop()
        if loop not in self._hubs:
            self._hubs = {other: hub for other, hub in self._hubs.items() if not other.is_closed()}
            self._hubs[loop] = Hub()
        return self._hubs[loop]


def _kept_open(message: Message, desk: Desk) -> Message:
    """Django's answer, made into the beginning of a stream; left as it is when it is an error's."""
    if message["type"] == "http.response.start":
        desk.is_open = message["status"] == 200
        if desk.is_open:
            headers = [(name, value) for name, value in message["headers"] if name.lower() != b"content-length"]
            return {**message, "headers": headers}
    elif desk.is_open:
        return {**message, "body": b"", "more_body": True}
    return message


async def _close_when_gone(viewer: Viewer, receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    viewer.close()
