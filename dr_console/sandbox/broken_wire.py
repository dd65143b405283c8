"""What a broken connection looks like from outside: reset, silence, half an answer."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

TRANSPORT = "dr_console.sandbox.transport"
SILENT_SECONDS = 120.0


class Protocol(H11Protocol):
    """uvicorn's, which also hands the connection itself to the app, so that it can be broken."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        app: Any = self.app

        async def with_transport(scope: Any, receive: Any, send: Any) -> None:
            await app({**scope, TRANSPORT: transport}, receive, send)

        self.app = with_transport


class Lost(Exception):
    """There is no connection to break, as in a test without a server."""


def transport_of(scope: Scope) -> asyncio.Transport:
    try:
        found: asyncio.Transport = scope[TRANSPORT]
    except KeyError:
        raise Lost("the connection was broken") from None
    return found


async def reset(scope: Scope, receive: Receive) -> None:
    """End the connection by a TCP RST, so that the client sees “connection reset by peer”."""
    transport = transport_of(scope)
    connection = transport.get_extra_info("socket")
    # The client may have hung up at this very moment; then there is nothing left to break.
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await _gone(receive)


async def stay_silent(scope: Scope, receive: Receive, seconds: float = SILENT_SECONDS) -> None:
    """Answer nothing until the client gives up, or so many seconds of ours have passed."""
    try:
        await asyncio.wait_for(_gone(receive), seconds)
    except TimeoutError:
        await reset(scope, receive)


async def send_half(scope: Scope, receive: Receive, send: Send, answer: Answer) -> None:
    """Promise the whole body, send half of it, and hang up."""
    await send(
        {"type": "http.response.start", "status": answer.status, "headers": answer.with_length(len(answer.body))}
    )
    await send({"type": "http.response.body", "body": answer.body[: len(answer.body) // 2], "more_body": True})
    transport_of(scope).close()
    await _gone(receive)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class Answer:
    """An answer that was caught before it was sent. `status` is 0 until there is one."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""

    @classmethod
    async def of(cls, app: ASGIApp, scope: Scope, receive: Receive) -> Answer:
        answer = cls()
        await app(scope, receive, answer._catch)
        return answer

    async def _catch(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = [(bytes(name).lower(), bytes(value)) for name, value in message.get("headers", [])]
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")

    def with_length(self, length: int) -> list[tuple[bytes, bytes]]:
        kept = [
            pair
            for pair in self.headers
            if pair[0] not in (b"content-length", b"transfer-encoding", b"content-encoding")
        ]
        return [*kept, (b"content-length", str(length).encode())]

    async def send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.with_length(len(self.body))})
        await send({"type": "http.response.body", "body": self.body})
