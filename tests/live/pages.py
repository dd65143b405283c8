"""Pages that listen as a browser does, without the browser: they connect again, and say what they have seen."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Self


class Page:
    """One open page. `seen` are the events in the order in which they came, `begun` the number it began with."""

    def __init__(
        self, port: int, cookie: str = "", *, path: str = "/live/console/", retry_seconds: float = 0.5
    ) -> None:
        self.port = port
        self.cookie = cookie
        self.path = path
        self.retry_seconds = retry_seconds
        self.seen: list[tuple[int, str]] = []
        self.begun: int | None = None
        self.last_id: int | None = None
        self.connections = 0
        self.connected = 0
        self.beats = 0
        self.statuses: list[int] = []
        self.headers = b""
        self._wire: Wire | None = None
        self._life: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._life = asyncio.create_task(self._live())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._life is not None
        self._life.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._life
        self.drop()

    def drop(self) -> None:
        """Lose the connection, without a word to the server."""
        if self._wire is not None and self._wire.transport is not None:
            self._wire.transport.abort()

    async def until(self, condition: Callable[[Page], bool], seconds: float = 20) -> None:
        async with asyncio.timeout(seconds):
            while not condition(self):
                self._changed.clear()
                await self._changed.wait()

    async def _live(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            wire = self._wire = Wire(self)
            with contextlib.suppress(OSError):
                await loop.create_connection(lambda wire=wire: wire, "127.0.0.1", self.port)
                await wire.lost
            await asyncio.sleep(self.retry_seconds)

    def began(self, status: int, headers: bytes) -> None:
        self.connections += 1
        self.statuses.append(status)
        self.headers = headers
        self._changed.set()

    def told(self, block: str) -> None:
        fields = dict(line.partition(": ")[::2] for line in block.splitlines())
        if fields.get("event") == "beat":
            self.beats += 1
        elif "data" in fields:
            self.last_id = int(fields["id"])
            if fields["data"] == "connected":
                self.connected += 1
                self.begun = self.last_id if self.begun is None else self.begun
            else:
                self.seen.append((self.last_id, fields["data"]))
        self._changed.set()


class Wire(asyncio.Protocol):
    """One connection: asks for the stream, takes HTTP's chunks apart, and tells the page each whole event."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.transport: asyncio.Transport | None = None
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.raw = b""
        self.body = b""
        self.has_begun = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        lines = [f"GET {self.page.path} HTTP/1.1", "Host: localhost", f"Cookie: {self.page.cookie}"]
        if self.page.last_id is not None:
            lines.append(f"Last-Event-ID: {self.page.last_id}")
        transport.write("\r\n".join([*lines, "", ""]).encode())

    def data_received(self, data: bytes) -> None:
        self.raw += data
        if not self.has_begun:
            head, separator, rest = self.raw.partition(b"\r\n\r\n")
            if not separator:
                return
            self.has_begun, self.raw = True, rest
            self.page.began(int(head.split()[1]), head)
        self._take_chunks()
        while (end := self.body.find(b"\n\n")) >= 0:
            block, self.body = self.body[:end], self.body[end + 2 :]
            self.page.told(block.decode())

    def _take_chunks(self) -> None:
        assert self.transport is not None
        while b"\r\n" in self.raw:
            size, _, rest = self.raw.partition(b"\r\n")
            length = int(size, 16) if self.page.statuses[-1] == 200 else 0
            if len(rest) < length + 2:
                return
            self.body += rest[:length]
            self.raw = rest[length + 2 :]
            if not length:
                self.transport.close()
                return

    def connection_lost(self, error: Exception | None) -> None:
        if not self.lost.done():
            self.lost.set_result(None)


def is_whole(page: Page, upto: int) -> bool:
    """Whether the page saw every event from where it began up to `upto`, once each and in order."""
    assert page.begun is not None
    return [seq for seq, _ in page.seen] == list(range(page.begun + 1, upto + 1))
