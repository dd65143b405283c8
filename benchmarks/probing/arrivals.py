"""A server that answers every health check at once, and remembers when each target was asked. Prints its port.

GET /arrivals gives, for each target, the moments (seconds) it was asked at, and forgets them.
"""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections import defaultdict

GOOD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 15\r\nconnection: close\r\n\r\n"
    b'{"status":"ok"}'
)


class Remembering(asyncio.Protocol):
    arrivals: dict[str, list[float]] = defaultdict(list)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._at, self._arrived = transport, time.monotonic(), b""

    def data_received(self, data: bytes) -> None:
        self._arrived += data
        if not self._arrived.endswith(b"\r\n\r\n"):
            return
        path = self._arrived.split(b" ", 2)[1].decode()
        if path == "/arrivals":
            body = json.dumps(self.arrivals).encode()
            self.arrivals.clear()
            self._transport.write(
                b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%b" % (len(body), body)
            )
        else:
            self.arrivals[path].append(self._at)
            self._transport.write(GOOD)
        self._transport.close()


async def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    server = await asyncio.get_running_loop().create_server(Remembering, sock=listener)
    print(listener.getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
