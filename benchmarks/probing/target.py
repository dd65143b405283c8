"""A server that does nothing but answer, so that it is never what one waits for. Prints its port."""

from __future__ import annotations

import asyncio
import socket

ANSWER = (
    b"HTTP/1.1 200 OK\r\ndate: Sun, 22 Nov 2026 15:00:00 GMT\r\nserver: cloudflare\r\ncf-ray: 8f00000000000000-NRT\r\n"
    b"content-type: application/json\r\ncontent-length: 15\r\nconnection: close\r\n\r\n"
    b'{"status":"ok"}'
)


class Answering(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._arrived = b""

    def data_received(self, data: bytes) -> None:
        self._arrived += data
        if self._arrived.endswith(b"\r\n\r\n"):
            self._transport.write(ANSWER)
            self._transport.close()


async def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    server = await asyncio.get_running_loop().create_server(Answering, sock=listener)
    print(listener.getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
