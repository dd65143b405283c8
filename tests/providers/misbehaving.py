"""A server on loopback that answers as it is told to, byte by byte, and keeps what it was asked."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Behaviour = Callable[[socket.socket], None]


class Misbehaving:
    """`asked`: every whole request that arrived, as its head and its body; each may have had its effect."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.asked: list[tuple[str, bytes]] = []
        self.connections = 0
        self.over = threading.Event()
        self._behaviours: list[Behaviour] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def does(self, *behaviours: Behaviour) -> None:
        """One for each request that comes; the last for all that follow."""
        self._behaviours = list(behaviours)

    def close(self) -> None:
        self.over.set()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                while request := _request(connection):
                    self.asked.append(request)
                    behave = self._behaviours.pop(0) if len(self._behaviours) > 1 else self._behaviours[0]
                    behave(connection)
                    if connection.fileno() < 0 or self.over.is_set():
                        return
            except OSError:
                return


def _request(connection: socket.socket) -> tuple[str, bytes] | None:
    received = b""
    while b"\r\n\r\n" not in received:
        if not (piece := connection.recv(65536)):
            return None
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    if b"expect: 100-continue" in head.lower():
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    while len(body) < length:
        body += connection.recv(65536)
    return head.decode(), body


@contextmanager
def misbehaving() -> Iterator[Misbehaving]:
    server = Misbehaving()
    try:
        yield server
    finally:
        server.close()


def head(status: int = 200, *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status} Whatever", *headers, "", ""]).encode()


def says(body: bytes = b"{}", status: int = 200, *headers: str, length: int | None = None) -> Behaviour:
    lines = [f"Content-Length: {len(body) if length is None else length}", "Content-Type: application/json", *headers]
    return lambda connection: connection.sendall(head(status, *lines) + body)


def resets(after: bytes = b"") -> Behaviour:
    def behave(connection: socket.socket) -> None:
        connection.sendall(after)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    return behave


def hangs_up(after: bytes = b"") -> Behaviour:
    def behave(connection: socket.socket) -> None:
        connection.sendall(after)
        connection.close()

    return behave


def says_nothing(server: Misbehaving) -> Behaviour:
    return lambda _connection: server.over.wait(30) and None


def drips(server: Misbehaving, first: bytes, piece: bytes, every: float = 0.05) -> Behaviour:
    """`first`, and then a piece every so often, for ever."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(first)
        while not server.over.wait(every):
            connection.sendall(piece)

    return behave
