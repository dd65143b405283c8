"""One request and its answer over HTTP/1.1, kept apart by h11, which takes nothing that is not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import h11

from dr_console.providers.capabilities.probe import Failure, Phase
from dr_console.providers.probe.faults import Failed
from dr_console.providers.probe.wire import Wire

MOST_HEADER_BYTES = 64 * 1024
TOO_LARGE_STATUS = 431  # h11's hint for a head that does not end


@dataclass
class Reply:
    """An answer so far. Names of headers are in lower case."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    is_whole: bool = False


def written(method: str, path: str, headers: list[tuple[str, str]], connection: h11.Connection) -> bytes:
    """The request as bytes. Raises Failed (TARGET) for what cannot be sent as HTTP."""
    try:
        request = h11.Request(method=method, target=path, headers=headers)
        return b"".join(filter(None, (connection.send(request), connection.send(h11.EndOfMessage()))))
    except (h11.LocalProtocolError, UnicodeEncodeError) as error:
        raise Failed(Failure.TARGET, str(error)) from error


async def exchange(
    wire: Wire,
    request: bytes,
    connection: h11.Connection,
    reply: Reply,
    *,
    most_bytes: int,
    enter: Callable[[Phase], None],
) -> None:
    """Send, and read the whole answer into `reply`, which holds what has come when this raises.

    Raises Failed (RESET, GARBLED, TOO_LARGE) and OSError.
    """
    enter(Phase.REQUEST)
    await wire.send(request)
    enter(Phase.FIRST_BYTE)
    data = await wire.receive()
    enter(Phase.BODY)
    while not reply.is_whole:
        if not data and not reply.status:
            raise Failed(Failure.RESET, "it hung up without an answer")
        _take(connection, data, reply, most_bytes)
        if not reply.is_whole:
            data = await wire.receive()


def _take(connection: h11.Connection, data: bytes, reply: Reply, most_bytes: int) -> None:
    try:
        connection.receive_data(data)
        while (event := connection.next_event()) is not h11.NEED_DATA:
            _note(event, reply, most_bytes)
            if reply.is_whole:
                return
    except h11.RemoteProtocolError as error:
        raise Failed(_meaning(error, data), str(error)) from error


def _note(event: object, reply: Reply, most_bytes: int) -> None:
    if isinstance(event, h11.Data):
        reply.body += event.data
        if len(reply.body) > most_bytes:
            raise Failed(Failure.TOO_LARGE, f"more than {most_bytes} bytes")
    elif isinstance(event, h11.Response):
        reply.status = event.status_code
        reply.headers = _by_name(event.headers)
    elif isinstance(event, h11.EndOfMessage):
        reply.is_whole = True
    elif event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
        raise Failed(Failure.GARBLED, "it speaks another protocol")


def _by_name(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        key, text = name.decode("ascii"), value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def _meaning(error: h11.RemoteProtocolError, data: bytes) -> Failure:
    if not data:
        return Failure.RESET
    return Failure.TOO_LARGE if error.error_status_hint == TOO_LARGE_STATUS else Failure.GARBLED
