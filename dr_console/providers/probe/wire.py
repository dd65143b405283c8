"""One connection, with TLS or without, driven by the event loop without transports: half the cost of streams."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

T = TypeVar("T")
CHUNK = 65536


class Wire:
    """Close it in any case: `finally: wire.close()`. Every wait may be cancelled."""

    def __init__(self, family: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        self._tls: ssl.SSLObject | None = None

    async def connect(self, address: tuple[Any, ...]) -> None:
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await self._loop.sock_connect(self._socket, address)

    async def secure(self, context: ssl.SSLContext, host: str) -> ssl.SSLObject:
        """Shake hands. Raises ssl.SSLError."""
        self._arrived, self._leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._arrived, self._leaving, server_hostname=host)
        await self._drive(self._tls.do_handshake)
        return self._tls

    async def send(self, data: bytes) -> None:
        if self._tls is None:
            await self._loop.sock_sendall(self._socket, data)
        else:
            tls = self._tls
            await self._drive(lambda: tls.write(data))

    async def receive(self) -> bytes:
        """Some bytes; none at the end. That an end of TLS was not announced is overlooked, as browsers do."""
        if self._tls is None:
            return await self._loop.sock_recv(self._socket, CHUNK)
        tls = self._tls
        try:
            return await self._drive(lambda: tls.read(CHUNK))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    def close(self) -> None:
        self._socket.close()

    async def _drive(self, do: Callable[[], T]) -> T:
        """Do one thing of TLS, carrying bytes to and fro until it is done."""
        while True:
            try:
                return do()
            except ssl.SSLWantReadError:
                pass
            finally:
                if self._leaving.pending:  # also what is said to the other side of an error
                    await self._loop.sock_sendall(self._socket, self._leaving.read())
            if data := await self._loop.sock_recv(self._socket, CHUNK):
                self._arrived.write(data)
            else:
                self._arrived.write_eof()


@lru_cache(maxsize=2)
def tls_context(verify: bool) -> ssl.SSLContext:
    """Reading the system's authorities takes 20 ms: once a process."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
