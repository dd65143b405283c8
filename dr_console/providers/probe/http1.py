"""The client's side of HTTP/1.1 (RFC 9112) for one request: h11 checks what we send, and we read what comes.

h11 reads as strictly, but takes twice as long as all else in a check; the tests hold this reader to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from functools import lru_cache

import h11

from dr_console.providers.capabilities.probe import Failure, Phase
from dr_console.providers.probe.faults import Failed
from dr_console.providers.probe.wire import Wire

MOST_HEAD_BYTES = 64 * 1024
MOST_LINE_BYTES = 8 * 1024

_STATUS = re.compile(rb"HTTP/1\.[01] ([1-9]\d\d)(?: [^\x00-\x08\x0a-\x1f\x7f]*)?")
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\x00\r\n]*?)[ \t]*")
_FOLD = re.compile(rb"\r?\n[ \t]+")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\x00\r\n]*)?")

Reading = Generator[None, bytes, None]


@dataclass
class Reply:
    """An answer so far. Names of headers are in lower case."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)


# Checking names and values of headers takes longer than a whole check, and the same is sent all day.
@lru_cache(maxsize=256)
def request(method: str, path: str, headers: tuple[tuple[str, str], ...]) -> bytes:
    """The request as bytes. Raises Failed (TARGET) for what cannot be sent as HTTP."""
    connection = h11.Connection(h11.CLIENT)
    try:
        head = connection.send(h11.Request(method=method, target=path, headers=list(headers)))
    except (h11.LocalProtocolError, UnicodeEncodeError) as error:
        raise Failed(Failure.TARGET, str(error)) from error
    return head or b""


async def exchange(
    wire: Wire, method: str, asked: bytes, reply: Reply, *, most_bytes: int, enter: Callable[[Phase], None]
) -> None:
    """Send, and read the whole answer into `reply`, which holds what has come when this raises.

    Raises Failed (RESET, GARBLED, TOO_LARGE) and OSError.
    """
    enter(Phase.REQUEST)
    await wire.send(asked)
    enter(Phase.FIRST_BYTE)
    reader = Reader(reply, method, most_bytes)
    data = await wire.receive()
    enter(Phase.BODY)
    while reader.wants_more_than(data):
        data = await wire.receive()


class Reader:
    """Reads an answer from pieces of any size."""

    def __init__(self, reply: Reply, method: str, most_bytes: int) -> None:
        self._reply, self._method, self._most = reply, method, most_bytes
        self._buffer = bytearray()
        self._reading = self._read()
        next(self._reading)

    def wants_more_than(self, data: bytes) -> bool:
        """Take the next piece; none at the end. False once the answer is whole. Raises Failed."""
        try:
            self._reading.send(data)
        except StopIteration:
            return False
        return True

    def _read(self) -> Reading:
        while True:
            yield from self._head()
            if self._reply.status >= 200:
                break
            if self._reply.status == 101:
                raise Failed(Failure.GARBLED, "it speaks another protocol")
        length, is_chunked = _length(self._reply.headers), _is_chunked(self._reply.headers)
        if self._method == "HEAD" or self._reply.status in (204, 304):
            return
        if is_chunked:
            yield from self._chunks()
        elif length is None:
            yield from self._to_the_end()
        else:
            self._make_room(length)
            yield from self._bytes(length)

    def _more(self) -> Reading:
        """Wait for the next piece. Raises Failed (RESET) if there is none."""
        data = yield
        if not data:
            said = "it broke off in the middle" if self._reply.status or self._buffer else "it hung up without a word"
            raise Failed(Failure.RESET, said)
        self._buffer += data

    def _head(self) -> Reading:
        seen = 0
        while not (end := _HEAD_END.search(self._buffer, max(0, seen - 3))):
            seen = len(self._buffer)
            if len(self._buffer) > MOST_HEAD_BYTES:
                raise Failed(Failure.TOO_LARGE, "its headers do not end")
            if self._buffer and not b"HTTP/1.".startswith(self._buffer[:7]):
                raise Failed(Failure.GARBLED, _shown(self._buffer))
            yield from self._more()
        if end.start() > MOST_HEAD_BYTES:
            raise Failed(Failure.TOO_LARGE, "its headers do not end")
        first, _, rest = bytes(self._buffer[: end.start()]).partition(b"\n")
        del self._buffer[: end.end()]
        self._reply.status = _status(first.removesuffix(b"\r"))
        self._reply.headers = _headers(rest) if rest else {}

    def _bytes(self, count: int) -> Reading:
        """Of the body, so many."""
        while len(self._buffer) < count:
            count -= len(self._buffer)
            self._reply.body += self._buffer
            self._buffer.clear()
            yield from self._more()
        self._reply.body += self._buffer[:count]
        del self._buffer[:count]

    def _to_the_end(self) -> Reading:
        data: bytes = bytes(self._buffer)
        while True:
            self._make_room(len(data))
            self._reply.body += data
            if not (data := (yield)):
                return

    def _chunks(self) -> Reading:
        while size := (yield from self._chunk_size()):
            self._make_room(size)
            yield from self._bytes(size)
            if (yield from self._line()):
                raise Failed(Failure.GARBLED, "a chunk is longer than it says")
        while (yield from self._line()):  # trailers
            continue

    def _chunk_size(self) -> Generator[None, bytes, int]:
        line = yield from self._line()
        if not (found := _CHUNK.fullmatch(line)):
            raise Failed(Failure.GARBLED, f"a chunk begins with {_shown(line)}")
        return int(found[1], 16)

    def _line(self) -> Generator[None, bytes, bytes]:
        while (at := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > MOST_LINE_BYTES:
                raise Failed(Failure.GARBLED, "a line does not end")
            yield from self._more()
        line = bytes(self._buffer[:at]).removesuffix(b"\r")
        del self._buffer[: at + 1]
        return line

    def _make_room(self, count: int) -> None:
        if len(self._reply.body) + count > self._most:
            raise Failed(Failure.TOO_LARGE, f"more than {self._most} bytes")


def _status(line: bytes) -> int:
    if not (found := _STATUS.fullmatch(line)):
        raise Failed(Failure.GARBLED, _shown(line))
    return int(found[1])


def _headers(lines: bytes) -> dict[str, str]:
    if b"\n " in lines or b"\n\t" in lines:
        lines = _FOLD.sub(b" ", lines)
    headers: dict[str, str] = {}
    for line in lines.replace(b"\r\n", b"\n").split(b"\n"):
        if not (found := _FIELD.fullmatch(line)):
            raise Failed(Failure.GARBLED, _shown(line))
        name, value = found[1].decode("ascii").lower(), found[2].decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _length(headers: dict[str, str]) -> int | None:
    """Bytes of the body, if it says. Said several times it must be the same (RFC 9110, 8.6)."""
    if "content-length" not in headers:
        return None
    said = {each.strip() for each in headers["content-length"].split(",")}
    length = said.pop()
    if said or not (length.isascii() and length.isdecimal() and len(length) <= 20):
        raise Failed(Failure.GARBLED, f"content-length: {headers['content-length'][:100]}")
    return int(length)


def _is_chunked(headers: dict[str, str]) -> bool:
    """Chunks count for more than a length (RFC 9112, 6.3); we have asked for no other encoding."""
    encoding = headers.get("transfer-encoding", "")
    if encoding.lower() not in ("", "chunked"):
        raise Failed(Failure.GARBLED, f"transfer-encoding: {encoding[:100]}")
    return bool(encoding)


def _shown(line: bytes | bytearray) -> str:
    return repr(bytes(line[:60]))[1:]
